-- Alerts are not counted by span any more.

set lock_timeout = '2s';

drop function public.alert_report(timestamptz, timestamptz, text);
