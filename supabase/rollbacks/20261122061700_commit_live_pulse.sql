-- Takes the functions away; no data is lost.

drop function public.commit_live_pulse(uuid, jsonb, timestamptz);
drop function public.write_live_pulse(public.pipeline_runs, jsonb, timestamptz);
drop function public.keep_rejected_records(public.pipeline_runs, jsonb, timestamptz);
drop function public.upsert_snapshots(public.pipeline_runs, jsonb);
