-- Removes the answers about collections.

set lock_timeout = '2s';

drop function public.collection_history(jsonb, timestamptz, integer, timestamptz);

drop function public.collection_rates(timestamptz, timestamptz, text[], text, timestamptz);
