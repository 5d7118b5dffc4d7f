-- Takes the table away, and every incident in it: export it first.

drop table public.safety_events;
drop function public.sign_safety_event();
