-- Takes the functions away. Runs stay as they ended.

drop function public.complete_run(uuid, jsonb, timestamptz);
drop function public.fail_run(uuid, jsonb, timestamptz);
drop function public.finish_run(bigint, text, jsonb, timestamptz);
drop function public.lock_run(uuid);
drop function public.run_report(public.pipeline_runs);
