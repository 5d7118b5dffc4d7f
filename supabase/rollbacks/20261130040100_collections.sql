-- Removes what is known of collections, gaps and quality.

set lock_timeout = '2s';

drop table public.series_quality;

drop table public.series_flags;

drop table public.gaps;

drop table public.failed_batches;

drop table public.collections;
