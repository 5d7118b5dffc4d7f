-- Looks for no gaps any more; what was found stays.

set lock_timeout = '2s';

drop function public.open_gaps(jsonb, timestamptz);

drop function public.watch_series_gaps(uuid, jsonb, timestamptz);

drop function public.watch_group(jsonb, timestamptz);

drop function public.change_gaps(text, tstzmultirange, timestamptz);

drop function public.match_gaps(text, tstzmultirange, timestamptz);

drop function public.missing_of_look(jsonb, timestamptz);

drop function public.whole_intervals(tstzmultirange, timestamptz, integer, text);

drop function public.traded_days(jsonb, tstzrange);

drop function public.missing_of_series(integer[], tstzrange, interval);
