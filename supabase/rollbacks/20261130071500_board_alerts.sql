-- Afterwards there is no page of alerts.

drop function public.board_alerts(text, integer, timestamptz);
drop function public.alert_as_json(public.alerts, timestamptz);
