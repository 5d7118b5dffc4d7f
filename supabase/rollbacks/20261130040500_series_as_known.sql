-- Removes the answers about series.

set lock_timeout = '2s';

drop function public.series_status(timestamptz);

drop function public.series_as_known(text, timestamptz, timestamptz, timestamptz, integer, timestamptz);
