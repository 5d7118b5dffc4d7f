-- Takes the table away, and everything in it.

drop table public.pipeline_runs;
