-- Health has no figures of alerts any more.

set lock_timeout = '2s';

drop function public.alert_figures(timestamptz);
