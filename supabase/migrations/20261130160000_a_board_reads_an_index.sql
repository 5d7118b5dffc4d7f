-- A board of 1,000 machines read 32,000 snapshots from the table to add them up, which was two thirds of its 60 ms. The unique index of machine and
-- slot now has what is added up, so the index is read alone. Stops have an index of their own, what needs somebody becomes a document only if it is
-- told, and names are cut only if they are long. Machines come without what no page reads: downtime, the reason of a stop, the number of their shift
-- and its four figures. A slot is of the newest one's shift if that begins at the same time, whatever its name was: names have no bound, so they are not
-- in an index. Everything else of a board is as it was.
-- The old code keeps working: its commits find the constraint of the same columns, and its pages read nothing of what is gone. While the index is built
-- nobody reads or writes snapshots: half a second for 200,000, about half a minute for the ten million of 1,000 plants. Polls of that time fail, and
-- the next ones catch up.

set lock_timeout = '2s';

alter table public.live_snapshots
drop constraint live_snapshots_asset_slot_key,
add constraint live_snapshots_asset_slot_key unique (asset_id, snapshot_timestamp) include (
  slot_output, slot_target, slot_downtime_minutes, oee_current, output_target, status, stopped_since, shift_starts_at
);

create index live_snapshots_stops_idx on public.live_snapshots (asset_id, snapshot_timestamp)
where stops is not null;

drop function public.board_machines(jsonb, bigint, timestamptz, timestamptz, integer);

create function public.board_machines(
  p_plant jsonb, p_asset_id bigint, p_as_of timestamptz, p_now timestamptz, p_slots integer
)
returns table (
  asset_id bigint, name text, area text, as_of timestamptz, ends_at timestamptz, status text, units numeric, target numeric,
  oee numeric, downtime_minutes numeric, stopped_since timestamptz, stops jsonb,
  shift_name text, shift_starts_at timestamptz, shift_ends_at timestamptz, shift_target numeric,
  shift_units numeric, shift_target_so_far numeric, shift_downtime_minutes numeric, shift_oee numeric, shift_slots integer,
  strip text, positions integer[], oees numeric[]
)
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set jit = off
as $$
#variable_conflict use_column
declare
  v_plant constant text := p_plant ->> 'plant';
  v_every_s constant integer := (p_plant ->> 'slot_minutes')::integer * 60;
  v_window constant interval := make_interval(mins => (p_plant ->> 'window_minutes')::integer);
  -- A user may call this: no number makes it write gigabytes of dots.
  v_slots constant integer := least(p_slots, 1440);
  v_before constant timestamptz := p_as_of - make_interval(secs => v_every_s * v_slots);
  v_base constant bigint := extract(epoch from v_before)::bigint;
begin
  return query
  select
    asset.id,
    -- A call for each name costs more than to look at its length.
    case when length(asset.name) > 200 then public.shown(asset.name, 200) else asset.name end,
    case when length(asset.area) > 200 then public.shown(asset.area, 200) else asset.area end,
    newest.as_of, newest.ends_at, newest.status, newest.units, newest.target,
    newest.oee, newest.downtime_minutes, newest.stopped_since, newest.stops,
    newest.shift_name, newest.shift_starts_at, newest.shift_ends_at, newest.shift_target,
    slots.units, slots.target, slots.downtime_minutes, slots.oee, slots.number::integer,
    case
      when slots.marked = v_slots then slots.strip
      else coalesce(gapped.strip || repeat('.', v_slots - gapped.last), repeat('.', v_slots))
    end,
    gapped.positions, case when slots.marked = v_slots then slots.oees else gapped.oees end
  from public.assets as asset
  left join lateral (
    select
      s.snapshot_timestamp as as_of,
      s.window_start + v_window as ends_at,
      case
        when s.snapshot_timestamp < p_as_of then 'no_data'
        when s.output_target = 0 then 'not_planned'
        when s.stopped_since is not null then 'stopped'
        else s.status
      end as status,
      s.output_actual as units, s.output_target as target, s.oee_current as oee, s.downtime_minutes, s.stopped_since, s.stops,
      -- A machine without a newest snapshot is in its shift while that lasts.
      case when shift.is_running then s.shift_name end as shift_name,
      case when shift.is_running then s.shift_starts_at end as shift_starts_at,
      case when shift.is_running then s.shift_ends_at end as shift_ends_at,
      case when shift.is_running then s.shift_target end as shift_target
    from public.live_snapshots as s
    cross join lateral (
      select s.snapshot_timestamp >= p_as_of or s.shift_ends_at > p_as_of as is_running
    ) as shift
    where s.asset_id = asset.id
    and s.snapshot_timestamp <= p_now
    order by s.snapshot_timestamp desc
    limit 1
  ) as newest on true
  left join lateral (
    select
      sum(slot.slot_output) filter (where slot.is_of_shift) as units,
      sum(slot.slot_target) filter (where slot.is_of_shift) as target,
      sum(slot.slot_downtime_minutes) filter (where slot.is_of_shift) as downtime_minutes,
      avg(slot.oee_current) filter (where slot.is_of_shift) as oee,
      count(*) filter (where slot.is_of_shift) as number,
      string_agg(slot.mark, '') filter (where slot.is_in_strip) as strip,
      count(*) filter (where slot.is_in_strip) as marked,
      array_agg(slot.snapshot_timestamp) filter (where slot.is_in_strip) as ats,
      array_agg(case when slot.mark <> '-' then slot.oee_current end) filter (where slot.is_in_strip) as oees
    from (
      select
        -- All that is read here is in the index: a column more would be looked up in the table, for each slot.
        s.snapshot_timestamp, s.slot_output, s.slot_target, s.slot_downtime_minutes, s.oee_current,
        -- A poll off the grid has neither, and no place in the strip.
        s.snapshot_timestamp > v_before and (s.slot_output is not null or s.slot_target is not null) as is_in_strip,
        -- Where the output is not known, its target is not added either: a gap says nothing of their difference.
        s.slot_output is not null and s.shift_starts_at = newest.shift_starts_at as is_of_shift,
        case
          when s.output_target = 0 then '-'
          when s.stopped_since is not null then '!'
          when s.status = 'below_target' then '<'
          when s.status = 'above_target' then '>'
          else '='
        end as mark
      from public.live_snapshots as s
      where s.asset_id = asset.id
      and s.snapshot_timestamp > least(v_before, newest.shift_starts_at)
      and s.snapshot_timestamp <= p_as_of
      -- The aggregates take the rows as they come: with an order of their own each would copy them once more.
      order by s.snapshot_timestamp
    ) as slot
  ) as slots on true
  -- A slot is missing, or the grid was another one: then each mark looks for its place.
  left join lateral (
    select
      string_agg(repeat('.', mark.position - mark.last - 1) || mark.mark, '' order by mark.position) as strip,
      max(mark.position) as last,
      array_agg(mark.position order by mark.position) as positions,
      array_agg(mark.oee order by mark.position) as oees
    from (
      select found.*, lag(found.position, 1, 0) over (order by found.position) as last
      from (
        select
          substr(slots.strip, one.number::integer, 1) as mark,
          slots.oees[one.number] as oee,
          ((date_part('epoch', one.at)::bigint - v_base) / v_every_s)::integer as position
        from unnest(slots.ats) with ordinality as one (at, number)
        where slots.marked <> v_slots
        and date_part('epoch', one.at)::bigint % v_every_s = 0
      ) as found
    ) as mark
  ) as gapped on true
  where asset.plant = v_plant
  and asset.is_active
  and asset.is_mapped
  and (p_asset_id is null or asset.id = p_asset_id);
end;
$$;

comment on function public.board_machines(jsonb, bigint, timestamptz, timestamptz, integer) is
  'The active, mapped assets of a plant (board_plant), or one of them: newest snapshot, shift so far, and the marks of the slots '
  'up to p_as_of: - not planned, ! stopped at its end, < below, > above, = on target, a dot without a snapshot.';

revoke all on function public.board_machines(jsonb, bigint, timestamptz, timestamptz, integer)
from public, anon, authenticated, service_role;
grant execute on function public.board_machines(jsonb, bigint, timestamptz, timestamptz, integer) to authenticated, service_role;

create or replace function public.board_told(p_plant text, p_asset_id bigint, p_now timestamptz)
returns json
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set jit = off
as $$
declare
  v_plant constant jsonb := public.board_plant(p_plant);
  v_poll constant jsonb := public.board_poll(v_plant, p_now);
  v_as_of constant timestamptz := v_poll ->> 'as_of';
  v_read constant jsonb := public.safety_read(p_plant, v_poll);
  v_every constant interval := make_interval(mins => (v_plant ->> 'slot_minutes')::integer);
  -- Eight hours, as many as a shift has; at most as many marks as a day of quarters.
  v_slots constant integer := least(96, 480 / (v_plant ->> 'slot_minutes')::integer);
  v_before constant timestamptz := v_as_of - v_every * v_slots;
  v_window constant interval := make_interval(mins => (v_plant ->> 'window_minutes')::integer);
begin
  if v_plant is null then
    return json_build_object('now', p_now, 'plant', null);
  end if;
  return (
    with machine as materialized (
      select
        one.*,
        coalesce(one.status, 'no_data') as state,
        round(one.shift_units - one.shift_target_so_far, 4) as difference,
        -- How many of the newest slots are like the last one.
        length(one.strip) - length(rtrim(one.strip, right(one.strip, 1))) as alike
      from public.board_machines(v_plant, p_asset_id, v_as_of, p_now, v_slots) as one
    ),
    shift as materialized (
      select
        m.shift_name, m.shift_starts_at, m.shift_ends_at,
        row_number() over (order by count(*) desc, m.shift_starts_at, m.shift_name, m.shift_ends_at) - 1 as number,
        count(*) as assets,
        greatest(0, round(
          extract(epoch from v_as_of - m.shift_starts_at) / extract(epoch from v_every)
        )::integer - coalesce(max(m.shift_slots), 0)) as slots_missing
      from machine as m
      where m.shift_starts_at is not null
      group by m.shift_name, m.shift_starts_at, m.shift_ends_at
    ),
    -- What several people booked for the same time counts once, as in the downtime itself.
    stop as materialized (
      select
        booked.asset_id, booked.reason,
        sum(round(extract(epoch from upper(span.lasted) - lower(span.lasted)) / 60, 1)) as minutes,
        count(*) as stops
      from (
        select
          m.asset_id, once.reason,
          range_agg(tstzrange(
            greatest(once.since, m.shift_starts_at), least(once.lasts_until, m.shift_ends_at, m.ends_at)
          )) as spans
        from public.stops_once((
          select jsonb_agg(jsonb_build_object(
            'asset_id', s.asset_id, 'at', s.snapshot_timestamp, 'until', s.window_start + v_window, 'stops', s.stops
          ))
          from public.live_snapshots as s
          join machine as m on m.asset_id = s.asset_id and m.shift_starts_at = s.shift_starts_at
          -- Few snapshots have stops, and an index of their own.
          where s.stops is not null
          and s.asset_id = any (array(select one.asset_id from machine as one where one.shift_starts_at is not null))
          and s.snapshot_timestamp > (select least(v_before, min(one.shift_starts_at)) from machine as one)
          and s.snapshot_timestamp <= v_as_of
        )) as once
        join machine as m on m.asset_id = once.asset_id
        where least(once.lasts_until, m.shift_ends_at, m.ends_at) > greatest(once.since, m.shift_starts_at)
        group by m.asset_id, once.reason
      ) as booked
      cross join lateral unnest(booked.spans) as span (lasted)
      group by booked.asset_id, booked.reason
    ),
    stopped as materialized (
      select distinct on (m.asset_id) m.asset_id, one.reason
      from machine as m
      cross join lateral jsonb_to_recordset(m.stops) as one (reason text, since timestamptz, until timestamptz)
      where m.stopped_since is not null and m.stops is not null
      and (one.until is null or one.until >= m.ends_at)
      order by m.asset_id, one.since desc
    ),
    -- The worst first: by kind, then within a kind.
    trouble as materialized (
      select
        1 as rank,
        event.is_acknowledged::integer as first_by,
        array_position(array['critical', 'high', 'medium', 'low'], event.severity)::numeric as then_by,
        extract(epoch from event.event_timestamp) as last_by,
        event.id as key
      from public.safety_events as event
      where event.plant = p_plant and not event.is_resolved
      union all
      select 2, 0, 0, 0, 0
      where (v_poll ->> 'is_stale')::boolean
      union all
      select
        case m.state when 'stopped' then 3 when 'below_target' then 4 else 5 end, 0,
        case when m.state <> 'no_data' then coalesce(m.difference, m.units - m.target) else 0 end, 0, m.asset_id
      from machine as m
      where m.state in ('stopped', 'below_target') or (m.state = 'no_data' and v_as_of is not null)
    ),
    -- Only what is told becomes a document.
    worst as materialized (
      (
        select trouble.* from trouble
        where trouble.rank = 1
        order by trouble.first_by, trouble.then_by, trouble.last_by, trouble.key
        limit 1
      )
      union all
      (
        select trouble.* from trouble
        where trouble.rank > 1
        order by trouble.rank, trouble.first_by, trouble.then_by, trouble.last_by, trouble.key
        limit 50
      )
    ),
    need as (
      select worst.*, json_build_object(
        'kind', 'safety', 'asset_id', event.asset_id, 'asset', public.shown(coalesce(asset.name, event.source_asset), 200), 'area', public.shown(asset.area, 200),
        'since', event.event_timestamp, 'safety_event_id', event.id, 'severity', event.severity,
        'reason', public.shown(event.reason_code, 400), 'is_acknowledged', event.is_acknowledged
      ) as told
      from worst
      join public.safety_events as event on event.id = worst.key
      left join public.assets as asset on asset.id = event.asset_id
      where worst.rank = 1
      union all
      select worst.*, json_build_object(
        'kind', 'poll', 'asset_id', null, 'asset', null, 'area', null, 'since', v_as_of,
        'status', v_poll #> '{ended,status}', 'error_code', v_poll #> '{ended,error_code}'
      )
      from worst
      where worst.rank = 2
      union all
      select worst.*, case worst.rank
        when 3 then json_build_object(
          'kind', 'stopped', 'asset_id', m.asset_id, 'asset', m.name, 'area', m.area, 'since', m.stopped_since,
          'minutes', round(extract(epoch from m.ends_at - m.stopped_since) / 60, 1), 'reason', stopped.reason,
          'slots', m.alike, 'units', m.shift_units, 'target', m.shift_target_so_far, 'difference', m.difference
        )
        when 4 then json_build_object(
          'kind', 'below', 'asset_id', m.asset_id, 'asset', m.name, 'area', m.area,
          'since', v_as_of - v_every * (m.alike - 1), 'slots', m.alike, 'reason', longest.reason,
          'reason_minutes', longest.minutes, 'units', m.shift_units, 'target', m.shift_target_so_far,
          'difference', m.difference
        )
        else json_build_object(
          'kind', 'no_data', 'asset_id', m.asset_id, 'asset', m.name, 'area', m.area, 'since', m.as_of,
          'slots', case when m.strip like '%.' and m.alike < v_slots then m.alike end
        )
      end
      from worst
      join machine as m on m.asset_id = worst.key
      left join (
        select distinct on (stop.asset_id) stop.asset_id, stop.reason, stop.minutes
        from stop
        order by stop.asset_id, stop.minutes desc, stop.reason
      ) as longest on longest.asset_id = m.asset_id and worst.rank = 4
      left join stopped on stopped.asset_id = m.asset_id and worst.rank = 3
      where worst.rank > 2
    )
    select json_build_object(
      'now', p_now,
      'plant', v_plant - 'offset_s',
      'as_of', v_as_of,
      'next_at', v_poll -> 'next_at',
      'stale_after', v_poll -> 'stale_after',
      'is_stale', v_poll -> 'is_stale',
      'poll', v_poll -> 'poll',
      'shift', shifts.told -> 0,
      'shifts', shifts.told,
      'shift_so_far', total.told,
      'counts', counted.told,
      'oee', json_build_object(
        'window', counted.oee, 'assets', counted.oee_assets, 'shift', counted.shift_oee,
        'slots', case when v_as_of is not null then (
          select json_agg(found.oee order by place.number)
          from generate_series(1, v_slots) as place (number)
          left join (
            select coalesce(line.positions[line.number], line.number) as place, round(avg(line.oee) / 100, 4) as oee
            from (
              select m.positions, unnest(m.oees) as oee, generate_subscripts(m.oees, 1) as number from machine as m
            ) as line
            where line.oee is not null
            group by 1
          ) as found on found.place = place.number
        ) end
      ),
      'safety', (
        select json_build_object(
          'open', count(*),
          'unacknowledged', count(*) filter (where not event.is_acknowledged),
          'as_of', v_read -> 'as_of',
          'stale_after', v_read -> 'stale_after'
        )
        from public.safety_events as event
        where event.plant = p_plant and not event.is_resolved
      ),
      'strip_from', v_as_of - v_every * (v_slots - 1),
      'strip_slots', v_slots,
      'needs_you_total', (select count(*) from trouble),
      'needs_you', (
        select coalesce(json_agg(need.told order by need.rank, need.first_by, need.then_by, need.last_by, need.key), '[]')
        from need
      ),
      'machines', (
        select coalesce(json_agg(line), '[]')
        from (
          select
            m.asset_id,
            m.name,
            m.area,
            m.as_of,
            m.state as status,
            m.units,
            m.target,
            round((m.units - m.target) / nullif(m.target, 0), 4) as variance,
            round(m.oee / 100, 4) as oee,
            m.stopped_since,
            m.strip
          from machine as m
          order by lower(m.area) nulls last, lower(m.name), m.asset_id
        ) as line
      )
    )
    from (
      select coalesce(json_agg(json_build_object(
        'name', shift.shift_name, 'starts_at', shift.shift_starts_at, 'ends_at', shift.shift_ends_at,
        'elapsed', round(least(1, greatest(0,
          extract(epoch from v_as_of - shift.shift_starts_at)
          / extract(epoch from shift.shift_ends_at - shift.shift_starts_at)
        )), 4),
        'assets', shift.assets
      ) order by shift.number), '[]') as told
      from shift
    ) as shifts
    cross join (
      select
        json_build_object(
          'assets', count(*),
          'planned', count(*) filter (where m.state not in ('not_planned', 'no_data')),
          'on_target', count(*) filter (where m.state = 'on_target'),
          'above_target', count(*) filter (where m.state = 'above_target'),
          'below_target', count(*) filter (where m.state = 'below_target'),
          'stopped', count(*) filter (where m.state = 'stopped'),
          'not_planned', count(*) filter (where m.state = 'not_planned'),
          'no_data', count(*) filter (where m.state = 'no_data'),
          'off_target', count(*) filter (where m.state in ('below_target', 'stopped'))
        ) as told,
        round(avg(m.oee) filter (where m.state not in ('not_planned', 'no_data')) / 100, 4) as oee,
        count(m.oee) filter (where m.state not in ('not_planned', 'no_data')) as oee_assets,
        round(avg(m.shift_oee) / 100, 4) as shift_oee
      from machine as m
    ) as counted
    cross join (
      select case when count(*) > 0 then json_build_object(
        'units', sum(m.shift_units),
        'target', sum(m.shift_target_so_far),
        'difference', sum(m.difference),
        -- As little as 2 % of a whole plant below its target is no reason to look up.
        'is_below', public.is_below_target(sum(m.shift_units), sum(m.shift_target_so_far), 0.02),
        'shift_target', sum(m.shift_target),
        'projected', round(sum(m.shift_units) / nullif(sum(m.shift_target_so_far), 0) * sum(m.shift_target), 1),
        'downtime_minutes', sum(m.shift_downtime_minutes),
        'assets', count(*),
        'slots_missing', (select shift.slots_missing from shift where shift.number = 0),
        'reasons', (
          select coalesce(json_agg(json_build_object(
            'reason', most.reason, 'minutes', most.minutes, 'stops', most.stops
          ) order by most.minutes desc, most.reason), '[]')
          from (
            select stop.reason, sum(stop.minutes) as minutes, sum(stop.stops) as stops
            from stop
            group by stop.reason
            order by sum(stop.minutes) desc, stop.reason
            limit 10
          ) as most
        )
      ) end as told
      from machine as m
      where m.shift_starts_at is not null
    ) as total
  );
end;
$$;
