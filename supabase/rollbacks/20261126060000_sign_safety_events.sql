-- Undoes 20261126060000_sign_safety_events.sql. What was signed stays signed.

drop function public.resolve_safety_events(bigint[], text, text);
drop function public.acknowledge_safety_events(bigint[], text);
drop function public.signed_safety_events(bigint[], bigint[]);
drop function public.lock_safety_events(bigint[]);
