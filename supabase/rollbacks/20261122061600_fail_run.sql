-- Takes the functions away; no data is lost.

drop function public.fail_run(uuid, jsonb, timestamptz);
drop function public.finish_run(bigint, text, jsonb, timestamptz);
drop function public.lock_run(uuid);
