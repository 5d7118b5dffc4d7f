-- Takes the functions and their indexes away; no data is lost, and nothing expires any more.

drop function public.remove_expired(jsonb, timestamptz);
drop function public.is_run_needed(public.pipeline_runs);
drop index public.rejected_records_created_idx;
drop index public.pipeline_runs_status_idx;
drop index public.pipeline_runs_started_idx;
