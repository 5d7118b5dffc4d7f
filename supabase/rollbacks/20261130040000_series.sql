-- Removes all series with every value.

set lock_timeout = '2s';

drop table public.series_readings;

drop table public.series_revisions;

drop table public.series_points;

drop table public.series;
