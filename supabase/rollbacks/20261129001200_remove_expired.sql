-- Takes the functions away. What was removed does not come back.

drop function public.remove_expired(jsonb, timestamptz);
drop function public.is_run_needed(public.pipeline_runs);
