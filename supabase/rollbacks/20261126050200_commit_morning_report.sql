-- The Morning Report must be gone before; what it has written stays.

drop function public.commit_morning_report(uuid, jsonb, timestamptz);
drop function public.write_morning_report(public.pipeline_runs, jsonb, timestamptz);
drop function public.upsert_summaries(public.pipeline_runs, jsonb, timestamptz);
