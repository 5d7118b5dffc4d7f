-- Fifty open incidents took every place of what needs somebody on the board, and machines that stood were not told. It gets the worst incident, which is
-- all that pages show of them there, and fifty others. The page of incidents was sent every open one: it gets the 500 that need somebody most, and
-- how many more there are. A poll that is late came with an error message of any length, which nobody reads.
-- The old code keeps working: its board counts the incidents that it is not told with the others that are left off, and its page of incidents says nothing of them.

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
          select jsonb_agg(line.seen)
          from machine as m
          cross join lateral jsonb_array_elements(m.shift_stops) as line (seen)
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
    trouble as (
      -- The worst first: by kind, then within a kind.
      select
        1 as rank,
        event.is_acknowledged::integer as first_by,
        array_position(array['critical', 'high', 'medium', 'low'], event.severity)::numeric as then_by,
        extract(epoch from event.event_timestamp) as last_by,
        event.id as key,
        json_build_object(
          'kind', 'safety', 'asset_id', event.asset_id, 'asset', public.shown(coalesce(asset.name, event.source_asset), 200), 'area', public.shown(asset.area, 200),
          'since', event.event_timestamp, 'safety_event_id', event.id, 'severity', event.severity,
          'reason', public.shown(event.reason_code, 400), 'is_acknowledged', event.is_acknowledged
        ) as told
      from public.safety_events as event
      left join public.assets as asset on asset.id = event.asset_id
      where event.plant = p_plant and not event.is_resolved
      union all
      select 2, 0, 0, 0, 0, json_build_object(
        'kind', 'poll', 'asset_id', null, 'asset', null, 'area', null, 'since', v_as_of,
        'status', v_poll #> '{ended,status}', 'error_code', v_poll #> '{ended,error_code}'
      )
      where (v_poll ->> 'is_stale')::boolean
      union all
      select
        case m.state when 'stopped' then 3 else 4 end, 0, coalesce(m.difference, m.units - m.target), 0, m.asset_id,
        case m.state
          when 'stopped' then json_build_object(
            'kind', 'stopped', 'asset_id', m.asset_id, 'asset', m.name, 'area', m.area, 'since', m.stopped_since,
            'minutes', round(extract(epoch from m.ends_at - m.stopped_since) / 60, 1), 'reason', stopped.reason,
            'slots', m.alike, 'units', m.shift_units, 'target', m.shift_target_so_far, 'difference', m.difference
          )
          else json_build_object(
            'kind', 'below', 'asset_id', m.asset_id, 'asset', m.name, 'area', m.area,
            'since', v_as_of - v_every * (m.alike - 1), 'slots', m.alike, 'reason', longest.reason,
            'reason_minutes', longest.minutes, 'units', m.shift_units, 'target', m.shift_target_so_far,
            'difference', m.difference
          )
        end
      from machine as m
      left join (
        select distinct on (stop.asset_id) stop.asset_id, stop.reason, stop.minutes
        from stop
        order by stop.asset_id, stop.minutes desc, stop.reason
      ) as longest on longest.asset_id = m.asset_id and m.state = 'below_target'
      left join stopped on stopped.asset_id = m.asset_id
      where m.state in ('stopped', 'below_target')
      union all
      select 5, 0, 0, 0, m.asset_id, json_build_object(
        'kind', 'no_data', 'asset_id', m.asset_id, 'asset', m.name, 'area', m.area, 'since', m.as_of,
        'slots', case when m.strip like '%.' and m.alike < v_slots then m.alike end
      )
      from machine as m
      where m.state = 'no_data' and v_as_of is not null
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
        select coalesce(json_agg(worst.told order by worst.rank, worst.first_by, worst.then_by, worst.last_by, worst.key), '[]')
        from (
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
        ) as worst
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
            m.downtime_minutes,
            m.stopped_since,
            stopped.reason as stop_reason,
            shift.number as shift,
            m.shift_units,
            m.shift_target_so_far,
            m.shift_target,
            m.shift_downtime_minutes,
            m.strip
          from machine as m
          left join shift on shift.shift_name = m.shift_name
            and shift.shift_starts_at = m.shift_starts_at and shift.shift_ends_at = m.shift_ends_at
          left join stopped on stopped.asset_id = m.asset_id
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

create or replace function public.board_safety(p_plant text, p_days integer default 90, p_now timestamptz default null)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
set jit = off
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_plant constant jsonb := public.board_plant(p_plant);
  v_read constant jsonb := public.safety_read(p_plant, public.board_poll(v_plant, v_now));
begin
  if p_days is null or p_days not between 1 and 400 then
    raise exception 'p_days must be 1 to 400 days, not %', coalesce(p_days::text, 'null') using errcode = '22023';
  end if;
  if v_plant is null then
    return jsonb_build_object('now', v_now, 'plant', null);
  end if;

  return (
    with event as materialized (
      select
        one.*,
        known.rank,
        500 < case
          when one.is_resolved then row_number() over (partition by one.is_resolved order by one.resolved_at desc, one.id desc)
          -- What somebody has acknowledged gives way to what nobody has.
          else row_number() over (partition by one.is_resolved order by one.is_acknowledged, known.rank, one.event_timestamp, one.id)
        end as is_left_off
      from public.safety_events as one
      cross join lateral (select array_position(array['critical', 'high', 'medium', 'low'], one.severity) as rank) as known
      where one.plant = p_plant
      and (not one.is_resolved or one.resolved_at > v_now - make_interval(days => p_days))
    ),
    shown as materialized (
      select
        event.is_left_off,
        event.is_resolved,
        event.is_acknowledged,
        event.resolved_at,
        event.event_timestamp,
        event.id,
        event.rank,
        case when not event.is_left_off then jsonb_build_object(
          'id', event.id,
          'asset_id', event.asset_id,
          'asset', public.shown(asset.name, 200),
          'area', public.shown(asset.area, 200),
          'source_asset', public.shown(event.source_asset, 200),
          'at', event.event_timestamp,
          'reason', public.shown(event.reason_code, 400),
          'severity', event.severity,
          'downtime_minutes', event.downtime_minutes,
          'details', public.shown(event.details, 4000),
          'recorded_at', event.recorded_at,
          'is_acknowledged', event.is_acknowledged,
          'acknowledged_at', event.acknowledged_at,
          'acknowledged_by', coalesce(event.acknowledged_by_name, event.acknowledged_by::text),
          'is_resolved', event.is_resolved,
          'resolved_at', event.resolved_at,
          'resolved_by', coalesce(event.resolved_by_name, event.resolved_by::text),
          'resolution', event.resolution
        ) end as content
      from event
      join public.assets as asset on asset.id = event.asset_id
    )
    select jsonb_build_object(
      'now', v_now,
      'plant', v_plant,
      'as_of', v_read -> 'as_of',
      'stale_after', v_read -> 'stale_after',
      'may_sign', public.signs_for(p_plant),
      'counts', jsonb_build_object(
        'unacknowledged', count(*) filter (where not shown.is_acknowledged),
        'open', count(*) filter (where not shown.is_resolved),
        'resolved', count(*) filter (where shown.is_resolved)
      ),
      'open', coalesce(
        jsonb_agg(shown.content order by shown.is_acknowledged, shown.rank, shown.event_timestamp, shown.id)
        filter (where not shown.is_resolved and not shown.is_left_off),
        '[]'
      ),
      'open_left_off', count(*) filter (where not shown.is_resolved and shown.is_left_off),
      'resolved', coalesce(
        jsonb_agg(shown.content order by shown.resolved_at desc, shown.id desc)
        filter (where shown.is_resolved and not shown.is_left_off),
        '[]'
      ),
      'resolved_left_off', count(*) filter (where shown.is_resolved and shown.is_left_off)
    )
    from shown
  );
end;
$$;

comment on function public.board_safety(text, integer, timestamptz) is
  'The page of incidents of a plant: the 500 open ones that need somebody most, unseen ones first, then the worst, and how many more there are; the last 500 that were resolved in the last days (1 to 400); and who may sign.';
