-- Takes the table away, and everything in it.

drop function public.commit_live_pulse(uuid, jsonb, timestamptz);
drop function public.write_live_pulse(public.pipeline_runs, jsonb, timestamptz);
drop function public.add_snapshot_counts(jsonb, jsonb);
drop function public.upsert_snapshots(public.pipeline_runs, jsonb);
drop function public.snapshot_rows(jsonb);
drop function public.slot_fingerprints(text, jsonb);
drop table public.live_snapshots;
