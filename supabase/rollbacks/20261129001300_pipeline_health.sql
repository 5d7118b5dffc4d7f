-- Takes the table away: since when pipelines were watched is forgotten.

drop function public.pipeline_status(jsonb, timestamptz);
drop function public.hours_of_a_day(text, text, timestamptz);
drop function public.pipeline_health(jsonb, timestamptz);
drop function public.pipeline_summaries(jsonb, timestamptz);
drop function public.watch_pipelines(jsonb, timestamptz);
drop table public.watched_pipelines;
