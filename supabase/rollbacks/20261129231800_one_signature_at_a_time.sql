-- Lets users' updates to safety events lock them in whatever order again.

set lock_timeout = '2s';

drop trigger safety_events_queue on public.safety_events;

drop function public.queue_signature();
