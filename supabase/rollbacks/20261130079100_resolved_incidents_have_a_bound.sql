-- The page of incidents as it was before: every incident that was resolved.

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
