-- Two users who each update many incidents lock them in an order of their plans' own, and may meet in a deadlock, which one
-- of them hears as an error 500. Now such updates queue, plant by plant, before they lock any row. The functions lock by id
-- and give way by themselves, so they do not queue. To old code nothing changes: the answers are the same.

set lock_timeout = '2s';

create function public.queue_signature()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_plant text;
begin
  -- The service is under no row level security: it signs and records by functions.
  if not row_security_active('public.safety_events') then
    return null;
  end if;
  if exists (
    select 1
    from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.plant = '*' and m.role in ('operator', 'manager')
  ) then
    perform pg_catalog.pg_advisory_xact_lock(hashtextextended('sign safety events', 0));
    return null;
  end if;
  -- Shared by members of plants, so that they wait for members of all plants and not for one another.
  perform pg_catalog.pg_advisory_xact_lock_shared(hashtextextended('sign safety events', 0));
  for v_plant in
    select m.plant
    from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager')
    -- The same order for everybody: two users of the same plants wait, but never for each other.
    order by m.plant
  loop
    perform pg_catalog.pg_advisory_xact_lock(hashtextextended('sign safety events ' || v_plant, 0));
  end loop;
  return null;
end;
$$;

comment on function public.queue_signature() is
  'Lets the updates of users to safety events of the same plant run one after the other, so that they meet in no deadlock.';

revoke all on function public.queue_signature() from public, anon, authenticated, service_role;
create trigger safety_events_queue
before update on public.safety_events
for each statement execute function public.queue_signature();
