-- Takes the function away; no data is lost.

drop function public.complete_run(uuid, jsonb, timestamptz);
