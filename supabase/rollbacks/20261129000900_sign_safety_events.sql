-- Takes trigger, policy and functions away. What was signed stays signed.

drop function public.resolve_safety_events(bigint[], text, text);
drop function public.acknowledge_safety_events(bigint[], text);
drop function public.signed_safety_events(bigint[], bigint[]);
drop function public.lock_safety_events(bigint[]);
revoke update (is_acknowledged, is_resolved, resolution) on table public.safety_events from authenticated;
drop policy operators_and_managers_sign on public.safety_events;
drop trigger sign_safety_event on public.safety_events;
drop function public.sign_safety_event();
