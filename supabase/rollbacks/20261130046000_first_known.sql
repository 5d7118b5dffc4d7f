-- Removes the look at when values were known first; timeliness can no longer be worked out.

set lock_timeout = '2s';

drop function public.series_first_known(text, timestamptz, timestamptz, timestamptz);
