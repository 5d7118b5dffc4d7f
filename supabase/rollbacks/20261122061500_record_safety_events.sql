-- Takes the functions away; no data is lost.

drop function public.record_safety_events(uuid, jsonb, timestamptz);
drop function public.upsert_safety_events(public.pipeline_runs, jsonb, timestamptz);
drop function public.safety_identity(text, text, timestamp, text);
