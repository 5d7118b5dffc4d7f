-- Takes the table away, and every incident in it.

drop function public.record_safety_events(uuid, jsonb, timestamptz);
drop function public.upsert_safety_events(public.pipeline_runs, jsonb, timestamptz);
drop function public.asset_of_event(bigint, bigint);
drop function public.safety_identity(text, text, timestamp, text);
drop table public.safety_events;
