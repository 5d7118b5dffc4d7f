-- A burst hears with the answer to its samples which groups it polls as they were before somebody changed them. Nothing changes for
-- old code: it sends no version. New code without this migration hears of no change.

set lock_timeout = '2s';

create or replace function public.put_tag_samples(p_put jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_holder constant uuid := (p_put ->> 'holder')::uuid;
  v_plant text := p_put ->> 'plant';
  v_mine integer[];
  v_stored jsonb;
  v_most constant integer := coalesce((p_put ->> 'most')::integer, 10);
begin
  v_mine := array(select lease.group_id from public.tag_leases as lease where lease.holder = v_holder);
  -- Those that it has lost as well: what it read of them is counted.
  perform public.lock_tag_groups(v_mine || array(
    select g.id
    from public.tag_groups as g
    where g.id <> all (v_mine)
    and g.id in (select (one ->> 'g')::integer from jsonb_array_elements(coalesce(p_put -> 'rows', '[]')) as one)
  ));

  -- Whoever was relieved twice and is not heard of any more writes nothing: what it has now may have been read at any time.
  delete from public.tag_leases as old
  where old.group_id = any (v_mine)
  and (old.ended_at is not null or old.expires_at <= v_now)
  and (
    select count(*)
    from public.tag_leases as later
    where later.group_id = old.group_id and later.first_slot > old.first_slot and later.began_at is not null
  ) >= 2;

  v_stored := public.store_tag_samples(v_holder, coalesce(p_put -> 'rows', '[]'), v_now);
  perform public.note_tag_states(
    v_holder, (p_put ->> 'sequence')::bigint, coalesce(p_put -> 'states', '[]'), v_stored -> 'groups', v_now
  );
  if (p_put ->> 'is_final')::boolean then
    perform public.count_lost_tag_samples(v_stored -> 'gone', v_now);
  end if;
  perform public.renew_tag_leases(v_holder, p_put, v_stored -> 'groups', v_now);
  perform public.roll_due_tag_minutes(v_mine, v_stored -> 'groups', v_now);

  if v_plant is null then
    select g.plant into v_plant from public.tag_groups as g where g.id = any (v_mine) limit 1;
  end if;
  if exists (select 1 from public.tag_commands as c where c.plant = v_plant and c.done_at is null) then
    perform public.hear_tag_commands(v_plant, v_now);
  end if;

  return v_stored - 'groups' - 'gone' || jsonb_build_object(
    'at', v_now,
    'stops', (
      select coalesce(jsonb_object_agg(lease.group_id, lease.until_slot), '{}')
      from public.tag_leases as lease
      where lease.holder = v_holder and lease.ended_at is null and lease.until_slot is not null
    ),
    'changed', public.changed_tag_groups(v_holder, coalesce(p_put -> 'states', '[]')),
    'inactive', (
      select coalesce(jsonb_agg(g.id order by g.id), '[]')
      from public.tag_leases as lease
      join public.tag_groups as g on g.id = lease.group_id
      where lease.holder = v_holder and lease.ended_at is null and not g.active
    ),
    -- Whoever had these before has ended, or is not heard of any more: it acknowledges nothing.
    'alone', (
      select coalesce(jsonb_agg(lease.group_id order by lease.group_id), '[]')
      from public.tag_leases as lease
      where lease.holder = v_holder
      and lease.ended_at is null
      and not exists (
        select 1
        from public.tag_leases as before
        where before.group_id = lease.group_id
        and before.first_slot < lease.first_slot
        and before.ended_at is null
        and before.expires_at > v_now
      )
    ),
    'lost', (
      select coalesce(jsonb_agg(distinct named.g), '[]')
      from (
        select (one -> 'g')::integer as g
        from jsonb_array_elements(coalesce(p_put -> 'states', '[]') || coalesce(p_put -> 'rows', '[]')) as one
      ) as named
      where not exists (
        select 1 from public.tag_leases as lease where lease.holder = v_holder and lease.group_id = named.g
      )
    ),
    'unclaimed', (
      select coalesce(jsonb_agg(free.id order by free.id), '[]')
      from (
        select g.id, count(held.group_id) over () as held
        from public.tag_groups as g
        left join lateral (
          select lease.group_id from public.live_tag_leases(g.id, v_now) as lease limit 1
        ) as held on true
        where g.plant = v_plant and (held.group_id is not null or (g.active and public.is_polled(g)))
      ) as free
      where free.held < v_most
      and not exists (select 1 from public.live_tag_leases(free.id, v_now))
    ),
    -- The last call of a run: what it read and its end are one transaction.
    'run', case when coalesce(p_put -> 'completion', 'null') <> 'null'
      then public.complete_run(v_holder, p_put -> 'completion', v_now)
    end
  );
end;
$$;

comment on function public.put_tag_samples(jsonb, timestamptz) is
  'What a burst sends every two seconds: samples and states of its groups, which it has ended, and the end of its run. '
  'Returns what was stored, where it has to stop, which groups are changed, stopped or lost, which are its alone, and which nobody reads.';
