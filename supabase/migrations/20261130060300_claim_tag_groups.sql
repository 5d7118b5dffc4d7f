-- Groups of tags could not be shared out among bursts. A burst claims a turn: it becomes the holder of a group that nobody
-- reads, or the successor of the one that does. New functions: old code is not touched.

set lock_timeout = '2s';

create function public.is_polled(p_group public.tag_groups)
returns boolean
language sql
stable
security invoker
set search_path = ''
as $$
  select p_group.removed_at is null and coalesce(
    (
      select bool_or(tag.role = 'value') and (p_group.mode = 'fixed' or bool_or(tag.role = 'trigger'))
      from public.tags as tag
      where tag.group_id = p_group.id and tag.removed_at is null
    ),
    false
  );
$$;

comment on function public.is_polled(public.tag_groups) is
  'Whether bursts read a group while it is active: a fixed one, or one with a trigger tag. Others wait for a call.';

create function public.next_slot(p_interval_ms integer, p_at timestamptz)
returns timestamptz
language sql
immutable
security invoker
set search_path = ''
as $$
  select to_timestamp(
    ceil(extract(epoch from p_at) * 1000 / p_interval_ms) * p_interval_ms / 1000
  );
$$;

comment on function public.next_slot(integer, timestamptz) is
  'The first slot that does not begin before an instant; slots are whole multiples of the interval since 1970.';

create function public.lock_tag_groups(p_group_ids integer[])
returns void
language plpgsql
security invoker
set search_path = ''
as $$
begin
  insert into public.tag_states (group_id)
  select g.id
  from unnest(p_group_ids) as g (id)
  where not exists (select 1 from public.tag_states as s where s.group_id = g.id)
  order by g.id
  on conflict do nothing;

  -- Always in one order, so that two never wait for each other.
  perform from public.tag_states as s
  where s.group_id = any (p_group_ids)
  order by s.group_id
  for no key update;
end;
$$;

comment on function public.lock_tag_groups(integer[]) is
  'Locks groups, so that changes of their turns, samples and minutes come one after the other.';

create function public.tag_as_json(p_tag public.tags)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'name', p_tag.name,
    'address', p_tag.address,
    'data_type', p_tag.data_type,
    'position', p_tag.position,
    'length', p_tag.length,
    'order', p_tag.byte_order,
    'scale', p_tag.scale,
    'offset', p_tag.shift_by,
    'unit', p_tag.unit,
    'role', p_tag.role
  );
$$;

comment on function public.tag_as_json(public.tags) is 'A tag with the names that files and functions give to its parts.';

create function public.tag_group_as_json(p_group public.tag_groups)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'id', p_group.id,
    'plant', p_group.plant,
    'name', p_group.name,
    'mode', p_group.mode,
    'interval_ms', p_group.interval_ms,
    'address', p_group.address,
    'driver', p_group.driver,
    'credentials', p_group.credentials,
    'active', p_group.active,
    'updated_at', p_group.updated_at,
    'tags', coalesce(
      jsonb_agg(public.tag_as_json(tag) order by tag.position) filter (where tag.role = 'value'), '[]'
    ),
    'trigger_tag', (jsonb_agg(public.tag_as_json(tag)) filter (where tag.role = 'trigger')) -> 0,
    -- Without a trigger there is nothing to acknowledge.
    'acknowledge_tag', case when bool_or(tag.role = 'trigger')
      then (jsonb_agg(public.tag_as_json(tag)) filter (where tag.role = 'acknowledge')) -> 0
    end
  )
  from (select 1) as always
  left join public.tags as tag on tag.group_id = p_group.id and tag.removed_at is null;
$$;

comment on function public.tag_group_as_json(public.tag_groups) is 'A group with its tags, as whoever reads it wants it.';

create function public.live_tag_leases(p_group_id integer, p_now timestamptz)
returns setof public.tag_leases
language sql
stable
security invoker
set search_path = ''
as $$
  select lease.*
  from public.tag_leases as lease
  where lease.group_id = p_group_id
  and lease.ended_at is null
  and lease.expires_at > p_now
  and (lease.until_slot is null or lease.until_slot > p_now)
  order by lease.first_slot;
$$;

comment on function public.live_tag_leases(integer, timestamptz) is
  'The turns of a group that are not over: the holder''s, then its successor''s if one is named.';

create function public.claim_tag_group(p_claim jsonb, p_group public.tag_groups, p_now timestamptz)
returns text
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_holder constant uuid := (p_claim ->> 'holder')::uuid;
  v_leads_at constant timestamptz := p_now + make_interval(secs => coalesce((p_claim ->> 'lead_s')::double precision, 5));
  v_lease constant interval := make_interval(secs => (p_claim ->> 'lease_s')::double precision);
  v_live public.tag_leases[];
  v_reads public.tag_leases;
  v_first timestamptz;
begin
  select array_agg(lease order by lease.first_slot) into v_live
  from public.live_tag_leases(p_group.id, p_now) as lease;

  -- A call that is repeated because its answer was lost.
  if exists (select 1 from unnest(v_live) as lease where lease.holder = v_holder) then
    return null;
  end if;
  if (v_live[1]).runner <> p_claim ->> 'runner' then
    return 'held_by_' || (v_live[1]).runner;
  end if;
  if cardinality(v_live) > 1 then
    return 'relieved_already';
  end if;

  v_reads := v_live[1];
  v_first := case
    when v_reads is null then public.next_slot(p_group.interval_ms, p_now)
    -- A successor was named and is gone: the holder stops there all the same.
    when v_reads.until_slot is not null then v_reads.until_slot
    else greatest(public.next_slot(p_group.interval_ms, v_leads_at), v_reads.first_slot)
  end;

  update public.tag_leases as lease
  set until_slot = v_first
  where lease.group_id = p_group.id
  and lease.holder <> v_holder
  and (lease.until_slot is null or lease.until_slot > v_first);

  insert into public.tag_leases as lease (group_id, holder, runner, first_slot, claimed_at, expires_at)
  values (
    p_group.id, v_holder, p_claim ->> 'runner', v_first, p_now,
    v_lease + case when v_reads is null then p_now else v_leads_at end
  )
  -- Somebody who had stopped, and goes on now that it is started again.
  on conflict (group_id, holder) do update set
    runner = excluded.runner,
    first_slot = excluded.first_slot,
    until_slot = null,
    claimed_at = excluded.claimed_at,
    expires_at = excluded.expires_at,
    began_at = null,
    ended_at = null;
  return null;
end;
$$;

comment on function public.claim_tag_group(jsonb, public.tag_groups, timestamptz) is
  'Gives a caller the next turn of a group; returns null, or why it gets none.';

create function public.claim_tag_groups(p_claim jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_holder constant uuid := (p_claim ->> 'holder')::uuid;
  v_most constant integer := coalesce((p_claim ->> 'most')::integer, 10);
  v_names constant text[] := case when jsonb_typeof(p_claim -> 'groups') = 'array'
    then array(select jsonb_array_elements_text(p_claim -> 'groups'))
  end;
  v_wanted public.tag_groups[];
  v_group public.tag_groups;
  v_held integer[];
  v_reason text;
  v_claimed integer[] := '{}';
  v_refused jsonb := '[]';
begin
  if v_holder is null or (p_claim ->> 'lease_s')::double precision > 0 is not true then
    raise exception 'a claim names its holder and how long its lease lasts' using errcode = 'P0001';
  end if;

  -- How many groups of the plant are held is counted by one claim at a time.
  perform pg_advisory_xact_lock(hashtextextended('tag groups of ' || (p_claim ->> 'plant'), 0));

  select array_agg(g order by g.id) into v_wanted
  from public.tag_groups as g
  where g.plant = p_claim ->> 'plant'
  and case when v_names is null then g.active and public.is_polled(g) else g.name = any (v_names) end;

  -- What a claim would be about; nothing is claimed.
  if (p_claim ->> 'is_preview')::boolean then
    return jsonb_build_object(
      'at', v_now,
      'groups', (select coalesce(jsonb_agg(public.tag_group_as_json(g) order by g.id), '[]') from unnest(v_wanted) as g),
      'refused', '[]'::jsonb
    );
  end if;

  perform public.lock_tag_groups(array(select g.id from unnest(v_wanted) as g));

  v_held := array(
    select distinct lease.group_id
    from public.tag_leases as lease
    join public.tag_groups as g on g.id = lease.group_id
    where g.plant = p_claim ->> 'plant'
    and lease.ended_at is null
    and lease.expires_at > v_now
    and (lease.until_slot is null or lease.until_slot > v_now)
  );

  foreach v_group in array coalesce(v_wanted, '{}') loop
    v_reason := case
      when v_group.removed_at is not null then 'unknown_group'
      when not v_group.active then 'stopped_group'
      when not public.is_polled(v_group) then case when exists (
        select 1 from public.tags as tag
        where tag.group_id = v_group.id and tag.role = 'value' and tag.removed_at is null
      ) then 'handshake_group' else 'no_tags' end
      when v_group.id <> all (v_held) and cardinality(v_held) >= v_most then 'too_many_groups'
      else public.claim_tag_group(p_claim, v_group, v_now)
    end;
    if v_reason is null then
      v_claimed := v_claimed || v_group.id;
      v_held := case when v_group.id = any (v_held) then v_held else v_held || v_group.id end;
    else
      v_refused := v_refused || jsonb_build_object('name', v_group.name, 'reason', v_reason);
    end if;
  end loop;

  return jsonb_build_object(
    'at', v_now,
    'groups', (
      select coalesce(jsonb_agg(
        public.tag_group_as_json(g) || jsonb_build_object(
          'first_slot', lease.first_slot,
          'level', seen.level,
          -- Nobody knows what the bit was before: the first look only learns it.
          'priming', seen.level is null and before.group_id is null
        )
        order by g.id
      ), '[]')
      from unnest(v_wanted) as g
      join public.tag_leases as lease on lease.group_id = g.id and lease.holder = v_holder
      left join lateral (
        select other.level
        from public.tag_leases as other
        where other.group_id = g.id and other.level_slot is not null
        order by other.level_slot desc
        limit 1
      ) as seen on true
      left join lateral (
        select live.group_id
        from public.live_tag_leases(g.id, v_now) as live
        where live.holder <> v_holder
        limit 1
      ) as before on true
      where g.id = any (v_claimed)
    ),
    'refused', v_refused || (
      select coalesce(jsonb_agg(jsonb_build_object('name', named.name, 'reason', 'unknown_group')), '[]')
      from unnest(v_names) as named (name)
      where not exists (select 1 from unnest(v_wanted) as g where g.name = named.name)
    )
  );
end;
$$;

comment on function public.claim_tag_groups(jsonb, timestamptz) is
  'Claims turns of a plant''s groups for a burst: from the next slot where nobody reads, else from lead_s on as the '
  'successor of who does. Returns the groups with their tags and first slots, and why others were refused.';

revoke all on function public.is_polled(public.tag_groups) from public, anon, authenticated, service_role;
revoke all on function public.next_slot(integer, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.lock_tag_groups(integer[]) from public, anon, authenticated, service_role;
revoke all on function public.tag_as_json(public.tags) from public, anon, authenticated, service_role;
revoke all on function public.tag_group_as_json(public.tag_groups) from public, anon, authenticated, service_role;
revoke all on function public.live_tag_leases(integer, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.claim_tag_group(jsonb, public.tag_groups, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.claim_tag_groups(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.is_polled(public.tag_groups) to service_role;
grant execute on function public.next_slot(integer, timestamptz) to service_role;
grant execute on function public.lock_tag_groups(integer[]) to service_role;
grant execute on function public.tag_as_json(public.tags) to service_role;
grant execute on function public.tag_group_as_json(public.tag_groups) to service_role;
grant execute on function public.live_tag_leases(integer, timestamptz) to service_role;
grant execute on function public.claim_tag_group(jsonb, public.tag_groups, timestamptz) to service_role;
grant execute on function public.claim_tag_groups(jsonb, timestamptz) to service_role;
