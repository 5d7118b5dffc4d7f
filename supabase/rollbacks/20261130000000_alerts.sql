-- Takes the alerts away, and with them all that was told.

set lock_timeout = '2s';

drop table public.notifications;
drop table public.alert_channels;
drop table public.silences;
drop table public.alert_history;
drop table public.alerts;
drop type public.alert_severity;
