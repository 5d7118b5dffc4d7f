-- Takes the index away; lists of all plants are sorted again.

set lock_timeout = '2s';

drop index public.safety_events_timestamp_idx;
