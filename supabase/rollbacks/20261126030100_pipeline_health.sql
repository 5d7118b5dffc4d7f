-- Takes back 20261126030100_pipeline_health: no row changes.

drop function public.pipeline_health(jsonb, timestamptz);
drop function public.pipeline_summary(text, text, timestamptz);
drop function public.last_error(text, text, timestamptz);
drop function public.failures_since(text, text, timestamptz);
drop function public.runs_of_a_day(text, text, timestamptz);

create index pipeline_runs_last_idx on public.pipeline_runs (pipeline, plant, started_at desc);

drop index public.pipeline_runs_last_slot_idx;
drop index public.pipeline_runs_last_success_idx;
drop index public.pipeline_runs_history_idx;
