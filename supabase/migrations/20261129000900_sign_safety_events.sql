-- Acknowledging and resolving safety events. What a person signed stays signed: a trigger writes who and when, so that
-- nobody can sign for another. A user signs by an update under row level security; without a user account, from the
-- command line, several events are signed at once, all or none.
-- New trigger, policy and functions: old code is not touched.

create function public.sign_safety_event()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_user constant uuid := auth.uid();
begin
  if v_user is not null
    and (old.is_acknowledged and not new.is_acknowledged or old.is_resolved and not new.is_resolved) then
    raise exception 'an acknowledgement or resolution cannot be withdrawn' using errcode = '42501';
  end if;
  if v_user is not null and old.is_resolved and new.resolution is distinct from old.resolution then
    raise exception 'the resolution of a resolved event cannot be changed' using errcode = '42501';
  end if;

  if new.is_acknowledged and not old.is_acknowledged then
    new.acknowledged_at := clock_timestamp();
    new.acknowledged_by := coalesce(v_user, new.acknowledged_by);
  elsif not new.is_acknowledged then
    new.acknowledged_at := null;
    new.acknowledged_by := null;
    new.acknowledged_by_name := null;
  end if;

  if new.is_resolved and not old.is_resolved then
    new.resolved_at := clock_timestamp();
    new.resolved_by := coalesce(v_user, new.resolved_by);
  elsif not new.is_resolved then
    new.resolved_at := null;
    new.resolved_by := null;
    new.resolved_by_name := null;
  end if;
  return new;
end;
$$;

comment on function public.sign_safety_event() is
  'Trigger: writes who acknowledged or resolved an event and when; refuses a user who would take either back.';

revoke all on function public.sign_safety_event() from public, anon, authenticated, service_role;

create trigger sign_safety_event
before update of is_acknowledged, is_resolved, resolution on public.safety_events
for each row execute function public.sign_safety_event();

create policy operators_and_managers_sign on public.safety_events
for update to authenticated
using (
  plant in (
    select m.plant
    from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager')
  )
  or exists (
    select 1
    from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager') and m.plant = '*'
  )
)
with check (
  plant in (
    select m.plant
    from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager')
  )
  or exists (
    select 1
    from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager') and m.plant = '*'
  )
);

grant update (is_acknowledged, is_resolved, resolution) on table public.safety_events to authenticated;

create function public.lock_safety_events(p_event_ids bigint[])
returns bigint[]
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_found bigint[];
begin
  -- In one order, so that two calls for the same events wait for one another instead of for each other.
  select array_agg(locked.id)
  into v_found
  from (
    select event.id
    from public.safety_events as event
    where event.id = any (p_event_ids)
    order by event.id
    for update
  ) as locked;
  return array(
    select distinct asked.id
    from unnest(p_event_ids) as asked (id)
    where asked.id <> all (coalesce(v_found, '{}'))
    order by asked.id
  );
end;
$$;

comment on function public.lock_safety_events(bigint[]) is
  'Locks safety events until the transaction ends; returns the ids of which there is no event.';

revoke all on function public.lock_safety_events(bigint[]) from public, anon, authenticated, service_role;
grant execute on function public.lock_safety_events(bigint[]) to service_role;

create function public.signed_safety_events(p_event_ids bigint[], p_changed bigint[])
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', event.id,
    'is_changed', event.id = any (p_changed),
    'plant', event.plant,
    'asset', asset.name,
    'reason_code', event.reason_code,
    'event_timestamp', event.event_timestamp,
    'acknowledged_at', event.acknowledged_at,
    'acknowledged_by', event.acknowledged_by,
    'acknowledged_by_name', event.acknowledged_by_name,
    'resolved_at', event.resolved_at,
    'resolved_by', event.resolved_by,
    'resolved_by_name', event.resolved_by_name,
    'resolution', event.resolution
  ) order by event.id), '[]')
  from public.safety_events as event
  join public.assets as asset on asset.id = event.asset_id
  where event.id = any (p_event_ids);
$$;

comment on function public.signed_safety_events(bigint[], bigint[]) is
  'Safety events as they are signed now, as a JSON list; is_changed says which of them p_changed names.';

revoke all on function public.signed_safety_events(bigint[], bigint[])
from public, anon, authenticated, service_role;
grant execute on function public.signed_safety_events(bigint[], bigint[]) to service_role;

create function public.acknowledge_safety_events(p_event_ids bigint[], p_by text)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_unknown constant bigint[] := public.lock_safety_events(p_event_ids);
  v_changed bigint[];
begin
  if cardinality(v_unknown) > 0 then
    return jsonb_build_object('answer', 'unknown', 'event_ids', to_jsonb(v_unknown));
  end if;
  with signed as (
    update public.safety_events as event
    set is_acknowledged = true, acknowledged_by_name = p_by
    where event.id = any (p_event_ids) and not event.is_acknowledged
    returning event.id
  )
  select coalesce(array_agg(signed.id), '{}') into v_changed from signed;
  return jsonb_build_object(
    'answer', 'signed', 'events', public.signed_safety_events(p_event_ids, v_changed)
  );
end;
$$;

comment on function public.acknowledge_safety_events(bigint[], text) is
  'Acknowledges safety events by name, all or none (answer unknown); whoever has acknowledged one before stays its signer.';

revoke all on function public.acknowledge_safety_events(bigint[], text)
from public, anon, authenticated, service_role;
grant execute on function public.acknowledge_safety_events(bigint[], text) to service_role;

create function public.resolve_safety_events(p_event_ids bigint[], p_by text, p_resolution text)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_unknown constant bigint[] := public.lock_safety_events(p_event_ids);
  v_changed bigint[];
begin
  if p_resolution is null or btrim(p_resolution) = '' then
    raise exception 'what was done must be said' using errcode = '22023';
  end if;
  if cardinality(v_unknown) > 0 then
    return jsonb_build_object('answer', 'unknown', 'event_ids', to_jsonb(v_unknown));
  end if;
  with signed as (
    update public.safety_events as event
    set
      is_resolved = true,
      resolved_by_name = p_by,
      resolution = p_resolution,
      -- Nobody resolves what nobody has seen.
      is_acknowledged = true,
      acknowledged_by_name = case
        when event.is_acknowledged then event.acknowledged_by_name
        else p_by
      end
    where event.id = any (p_event_ids) and not event.is_resolved
    returning event.id
  )
  select coalesce(array_agg(signed.id), '{}') into v_changed from signed;
  return jsonb_build_object(
    'answer', 'signed', 'events', public.signed_safety_events(p_event_ids, v_changed)
  );
end;
$$;

comment on function public.resolve_safety_events(bigint[], text, text) is
  'Resolves safety events by name, all or none (answer unknown), acknowledging those that nobody had; '
  'who resolved one before, and with which words, stays.';

revoke all on function public.resolve_safety_events(bigint[], text, text)
from public, anon, authenticated, service_role;
grant execute on function public.resolve_safety_events(bigint[], text, text) to service_role;
