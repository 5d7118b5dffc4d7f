-- Nobody is told of alerts any more.

set lock_timeout = '2s';

drop function public.failing_channels(jsonb, timestamptz);
drop function public.mark_notifications(uuid, text, bigint[], jsonb, timestamptz);
drop function public.claim_notifications(jsonb, integer, timestamptz);
drop function public.due_notifications(jsonb, timestamptz);
drop function public.is_silenced(text, text, text, timestamptz, timestamptz);
drop function public.wanted_alerts(jsonb, timestamptz, timestamptz);
drop function public.unsettled_notifications(text, timestamptz);
