-- Takes the table away, and everything in it.

drop function public.keep_rejected_records(public.pipeline_runs, jsonb, timestamptz);
drop table public.rejected_records;
