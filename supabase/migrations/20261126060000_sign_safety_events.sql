-- Acknowledging and resolving without a user account, from the command line: several events at once, all or
-- none, and what somebody has signed stays that person's. New functions: old code is not touched.

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

revoke all on function public.lock_safety_events(bigint[]) from public, anon, authenticated, service_role;
revoke all on function public.signed_safety_events(bigint[], bigint[])
from public, anon, authenticated, service_role;
revoke all on function public.acknowledge_safety_events(bigint[], text)
from public, anon, authenticated, service_role;
revoke all on function public.resolve_safety_events(bigint[], text, text)
from public, anon, authenticated, service_role;
grant execute on function public.lock_safety_events(bigint[]) to service_role;
grant execute on function public.signed_safety_events(bigint[], bigint[]) to service_role;
grant execute on function public.acknowledge_safety_events(bigint[], text) to service_role;
grant execute on function public.resolve_safety_events(bigint[], text, text) to service_role;
