-- Texts of an MES have no bounds: a megabyte of details went over the wire, once for each incident and wake-up. They are cut where they are shown, and
-- say so. And how old reason codes are is asked by more pages than this one: the rule becomes a function.
-- board_safety changes in its texts alone: the old code keeps working.

create function public.shown(p_text text, p_longest integer)
returns text
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select case when length(p_text) > p_longest then left(p_text, p_longest) || ' […]' else p_text end;
$$;

comment on function public.shown(text, integer) is 'A text as pages show it: with more characters than this it is cut, and " […]" says so.';

revoke all on function public.shown(text, integer) from public, anon, authenticated, service_role;
grant execute on function public.shown(text, integer) to authenticated, service_role;

create function public.safety_read(p_plant text, p_poll jsonb)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'as_of', read.until,
    -- Reason codes can stay behind snapshots, so they have an age of their own; they may be as old as those.
    'stale_after', case when read.until is not null then least(
      (p_poll ->> 'stale_after')::timestamptz,
      read.until + ((p_poll ->> 'stale_after')::timestamptz - (p_poll ->> 'as_of')::timestamptz)
    ) end
  )
  from (
    select max(run.safety_until) as until
    from public.pipeline_runs as run
    where run.pipeline = 'live_pulse' and run.plant = p_plant and run.safety_until is not null
  ) as read;
$$;

comment on function public.safety_read(text, jsonb) is
  'Up to when a plant''s reason codes were read without a gap, and after when that is old; the poll as board_poll tells of it.';

revoke all on function public.safety_read(text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.safety_read(text, jsonb) to authenticated, service_role;

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
    with shown as materialized (
      select
        event.is_resolved,
        event.is_acknowledged,
        event.resolved_at,
        event.event_timestamp,
        event.id,
        array_position(array['critical', 'high', 'medium', 'low'], event.severity) as rank,
        jsonb_build_object(
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
        ) as content
      from public.safety_events as event
      join public.assets as asset on asset.id = event.asset_id
      where event.plant = p_plant
      and (not event.is_resolved or event.resolved_at > v_now - make_interval(days => p_days))
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
        filter (where not shown.is_resolved),
        '[]'
      ),
      'resolved', coalesce(
        jsonb_agg(shown.content order by shown.resolved_at desc, shown.id desc) filter (where shown.is_resolved),
        '[]'
      )
    )
    from shown
  );
end;
$$;
