-- Nothing opens or ends alerts any more.

set lock_timeout = '2s';

drop function public.apply_alerts(jsonb, timestamptz);
drop function public.well_alerts(jsonb);
drop function public.firing_alerts(jsonb);
drop function public.looks_that_count(jsonb);
drop function public.has_open_alerts(jsonb);
drop type public.firing_alert;
