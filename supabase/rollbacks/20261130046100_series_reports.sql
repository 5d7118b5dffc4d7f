-- Removes the reports of series; the scores that they were made of stay.

set lock_timeout = '2s';

drop function public.keep_series_reports(uuid, jsonb, timestamptz);

drop function public.series_report_input(date, timestamptz);

drop table public.series_reports;
