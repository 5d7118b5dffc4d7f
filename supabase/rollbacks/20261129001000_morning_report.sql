-- Takes the table away, and everything in it.

drop function public.commit_morning_report(uuid, jsonb, timestamptz);
drop function public.write_morning_report(public.pipeline_runs, jsonb, timestamptz);
drop function public.upsert_summaries(public.pipeline_runs, jsonb, timestamptz);
drop function public.plant_report_dates(text, date);
drop table public.daily_summaries;
