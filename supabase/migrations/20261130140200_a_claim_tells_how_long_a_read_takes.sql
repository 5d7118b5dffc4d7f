-- A burst tries a new connection before its first slot, which costs a device that answers one question after the other that slot, if
-- it is slow. A claim now says how long a read takes, so the burst knows. The old code leaves it unread, and goes on as before.

set lock_timeout = '2s';

create or replace function public.claim_tag_groups(p_claim jsonb, p_now timestamptz default null)
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
          -- As the burst before has measured it.
          'read_ms', (select state.read_ms from public.tag_states as state where state.group_id = g.id),
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
