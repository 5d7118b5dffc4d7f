-- The machine's page and the morning report as they were before: texts of any length.

create or replace function public.board_asset(p_plant text, p_asset_id bigint, p_now timestamptz default null)
returns json
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
set jit = off
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_plant constant jsonb := public.board_plant(p_plant);
  v_board constant json := public.board_told(p_plant, coalesce(p_asset_id, -1), v_now);
  v_as_of constant timestamptz := v_board ->> 'as_of';
  v_machine constant json := v_board -> 'machines' -> 0;
  v_minutes constant integer := v_plant ->> 'slot_minutes';
  v_window constant interval := make_interval(mins => (v_plant ->> 'window_minutes')::integer);
  v_slots constant integer := least(288, 1440 / v_minutes);
  v_from constant timestamptz := v_as_of - make_interval(mins => v_minutes * v_slots);
  v_asset json;
begin
  if v_plant is null then
    return v_board;
  end if;

  select json_build_object(
    'asset_id', a.id, 'name', a.name, 'source_name', a.source_name, 'area', a.area, 'is_active', a.is_active,
    'is_mapped', a.is_mapped, 'ideal_units_per_hour', a.ideal_units_per_hour
  )
  into v_asset
  from public.assets as a
  where a.id = p_asset_id and a.plant = p_plant;
  if not found then
    return json_build_object('now', v_now, 'plant', v_plant - 'offset_s', 'asset', null);
  end if;

  return (
    with slot as materialized (
      select
        place.number, place.at, s.snapshot_timestamp is not null as is_there,
        s.window_start, s.slot_output, s.slot_target, s.oee_current, s.slot_downtime_minutes, s.good_count,
        s.reject_count, s.labor_headcount, s.is_catch_up, s.is_time_ambiguous, s.output_target,
        case
          when s.snapshot_timestamp is null then 'no_data'
          when s.output_target = 0 then 'not_planned'
          when s.stopped_since is not null then 'stopped'
          else s.status
        end as status
      from (
        select number, v_from + make_interval(mins => v_minutes * number) as at
        from generate_series(1, v_slots) as number
      ) as place
      left join public.live_snapshots as s on s.asset_id = p_asset_id and s.snapshot_timestamp = place.at
    ),
    seen as (
      select
        jsonb_agg(jsonb_build_object(
          'asset_id', s.asset_id, 'at', s.snapshot_timestamp, 'until', s.window_start + v_window, 'stops', s.stops
        )) as stops
      from public.live_snapshots as s
      where s.asset_id = p_asset_id
      and s.snapshot_timestamp > v_from
      and s.snapshot_timestamp <= v_now
      and s.stops is not null
    )
    select json_build_object(
      'now', v_now,
      'plant', v_plant - 'offset_s',
      'as_of', v_as_of,
      'next_at', v_board -> 'next_at',
      'stale_after', v_board -> 'stale_after',
      'is_stale', v_board -> 'is_stale',
      'asset', v_asset,
      'shift', v_board -> 'shift',
      'machine', v_machine,
      'day', (
        select json_build_object(
          'oee', round(avg(slot.oee_current) filter (where slot.output_target <> 0) / 100, 4),
          'units', sum(slot.slot_output) filter (where slot.slot_target is not null),
          'target', sum(slot.slot_target) filter (where slot.slot_output is not null),
          'downtime_minutes', sum(slot.slot_downtime_minutes)
        )
        from slot
      ),
      'slots', (
        select coalesce(json_agg(json_build_object(
          'at', slot.at,
          'mark', (array['=', '<', '>', '!', '-', '.'])[array_position(
            array['on_target', 'below_target', 'above_target', 'stopped', 'not_planned', 'no_data'], slot.status
          )],
          'status', slot.status,
          'units', slot.slot_output,
          'target', slot.slot_target,
          'oee', round(slot.oee_current / 100, 4),
          'downtime_minutes', slot.slot_downtime_minutes,
          'good', slot.good_count,
          'rejected', slot.reject_count,
          'headcount', slot.labor_headcount,
          'is_catch_up', slot.is_catch_up,
          'is_time_ambiguous', slot.is_time_ambiguous
        ) order by slot.number), '[]')
        from slot
        where v_as_of is not null
      ),
      'stops', (
        select coalesce(json_agg(json_build_object(
          'reason', stop.reason, 'since', stop.since, 'until', stop.until, 'minutes', stop.minutes,
          'shift_minutes', stop.shift_minutes
        ) order by stop.since desc), '[]')
        from (
          select
            once.reason, once.since, once.until,
            round(extract(epoch from ended.at - greatest(once.since, v_from)) / 60, 1) as minutes,
            case when least(ended.at, shift.ends_at) > greatest(once.since, shift.starts_at) then round(
              extract(epoch from least(ended.at, shift.ends_at) - greatest(once.since, shift.starts_at)) / 60, 1
            ) end as shift_minutes
          from seen
          cross join lateral public.stops_once(seen.stops) as once
          cross join lateral (select least(once.lasts_until, v_now) as at) as ended
          cross join (
            select
              (v_board #>> '{shift,starts_at}')::timestamptz as starts_at, (v_board #>> '{shift,ends_at}')::timestamptz as ends_at
          ) as shift
          where ended.at > greatest(once.since, v_from)
          order by once.since desc
          limit 200
        ) as stop
      ),
      'safety', (
        select coalesce(json_agg(json_build_object(
          'safety_event_id', event.id, 'severity', event.severity, 'reason', event.reason_code,
          'since', event.event_timestamp, 'is_acknowledged', event.is_acknowledged
        ) order by event.event_timestamp desc, event.id desc), '[]')
        from public.safety_events as event
        where event.asset_id = p_asset_id and event.plant = p_plant and not event.is_resolved
      )
    )
  );
end;
$$;

create or replace function public.board_report(p_plant text, p_day date default null, p_now timestamptz default null)
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
  v_newest date;
  v_day date;
  v_before date;
  v_after date;
  v_totals jsonb;
begin
  if v_plant is null then
    return jsonb_build_object('now', v_now, 'plant', null);
  end if;

  -- Asset by asset: each is one look into an index.
  select max(newest.report_date) into v_newest
  from public.assets as asset
  cross join lateral (
    select d.report_date from public.daily_summaries as d where d.asset_id = asset.id order by d.report_date desc limit 1
  ) as newest
  where asset.plant = p_plant;
  v_day := coalesce(p_day, v_newest);
  select max(earlier.report_date), min(later.report_date) into v_before, v_after
  from public.assets as asset
  left join lateral (
    select d.report_date
    from public.daily_summaries as d
    where d.asset_id = asset.id and d.report_date < v_day
    order by d.report_date desc
    limit 1
  ) as earlier on true
  left join lateral (
    select d.report_date
    from public.daily_summaries as d
    where d.asset_id = asset.id and d.report_date > v_day
    order by d.report_date
    limit 1
  ) as later on true
  where asset.plant = p_plant;
  select jsonb_object_agg(total.day, total.figures) into v_totals
  from public.report_totals(p_plant, array(select v_day - n from generate_series(0, 13) as n)) as total;

  return (
    select jsonb_build_object(
      'now', v_now,
      'plant', v_plant,
      'day', v_day,
      'before', v_before,
      'after', v_after,
      'newest', v_newest,
      -- When the newest is old: health says when the next one is late. If that one is here already, nobody has judged since.
      'stale_after', (
        select known.late_at
        from public.pipeline_states as known
        where known.pipeline = 'morning_report' and known.plant = p_plant
        and not exists (
          select 1
          from public.pipeline_runs as run
          where run.pipeline = 'morning_report' and run.plant = p_plant and run.status in ('succeeded', 'partial')
          and run.started_at >= known.due_at
        )
      ),
      'made_at', machines.made_at,
      'corrected_at', case when machines.written_at > machines.made_at then machines.written_at end,
      'currency', coalesce(v_plant ->> 'currency', 'USD'),
      'total', v_totals -> v_day::text,
      'day_before', v_totals -> (v_day - 1)::text,
      'week_before', v_totals -> (v_day - 7)::text,
      'costs', public.report_losses(p_plant, v_day),
      'reasons', reasons.content,
      'days', days.content,
      'machines', machines.content,
      'unmapped', unmapped.content
    )
    from (
      select
        min(summary.created_at) as made_at,
        max(summary.updated_at) as written_at,
        coalesce(jsonb_agg(jsonb_build_object(
          'asset_id', asset.id,
          'asset', asset.name,
          'area', asset.area,
          'units', summary.actual_output,
          'target', summary.target_output,
          'is_below', public.is_below_target(
            summary.actual_output - coalesce(summary.unplanned_output, 0), summary.target_output, 0.05
          ),
          'oee', summary.oee_percentage / 100,
          'availability', summary.availability_percentage / 100,
          'performance', summary.performance_percentage / 100,
          'quality', summary.quality_percentage / 100,
          'planned_minutes', summary.planned_minutes,
          'downtime_minutes', summary.downtime_minutes,
          'planned_stop_minutes', summary.planned_stop_minutes,
          'unexplained_minutes', summary.unexplained_minutes,
          'scrap', summary.waste_count,
          'loss', loss.cost,
          'downtime_loss', summary.downtime_loss,
          'scrap_loss', summary.scrap_loss,
          'speed_loss', summary.speed_loss,
          'reason', summary.top_downtime_reason,
          'is_planned_in_part', summary.is_planned_in_part,
          'text', summary.summary_text
        ) order by loss.cost desc nulls last, asset.area, asset.name, asset.id), '[]') as content
      from public.assets as asset
      join public.daily_summaries as summary on summary.asset_id = asset.id and summary.report_date = v_day
      cross join lateral (
        select case
          when coalesce(summary.downtime_loss, summary.scrap_loss, summary.speed_loss) is not null
            then coalesce(summary.downtime_loss, 0) + coalesce(summary.scrap_loss, 0) + coalesce(summary.speed_loss, 0)
        end as cost
      ) as loss
      where asset.plant = p_plant
    ) as machines
    cross join (
      select coalesce(jsonb_agg(jsonb_build_object(
        'reason', reason.reason, 'minutes', reason.minutes, 'is_planned', reason.is_planned
      ) order by reason.minutes desc, reason.key, reason.is_planned), '[]') as content
      from (
        select
          -- One key for the spellings of a code, as for names; shown as the first asset writes it.
          (array_agg(one.content ->> 'reason' order by asset.id))[1] as reason,
          coalesce(public.fallback_key(one.content ->> 'reason'), '') as key,
          coalesce((one.content ->> 'is_planned')::boolean, false) as is_planned,
          sum((one.content ->> 'minutes')::numeric) as minutes
        from public.assets as asset
        join public.daily_summaries as summary on summary.asset_id = asset.id and summary.report_date = v_day
        cross join jsonb_array_elements(summary.downtime_reasons) as one (content)
        where asset.plant = p_plant
        group by 2, 3
        order by 4 desc, 2, 3
        limit 20
      ) as reason
    ) as reasons
    cross join (
      select coalesce(jsonb_agg(jsonb_build_object(
        'day', one.day,
        'oee', total.figures -> 'oee',
        'reached', total.figures -> 'reached',
        'units', total.figures -> 'units',
        'target', total.figures -> 'target',
        'downtime_minutes', total.figures -> 'downtime_minutes',
        'loss', total.figures -> 'loss',
        'has_report', total.figures is not null
      ) order by one.day), '[]') as content
      from (select v_day - n as day from generate_series(0, 13) as n where v_day is not null) as one
      cross join lateral (select v_totals -> one.day::text as figures) as total
    ) as days
    cross join (
      select coalesce(jsonb_agg(name.source_name order by name.source_name), '[]') as content
      from (
        select asset.source_name
        from public.assets as asset
        where asset.plant = p_plant and asset.is_active and not asset.is_mapped
        order by asset.source_name
        limit 100
      ) as name
    ) as unmapped
  );
end;
$$;

create or replace function public.report_losses(p_plant text, p_day date)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  with loss as materialized (
    select asset.id, asset.name, one.*
    from public.assets as asset
    join public.daily_summaries as summary on summary.asset_id = asset.id and summary.report_date = p_day
    cross join lateral (
      values
        ('stops', nullif(summary.downtime_minutes, 0), summary.downtime_loss, summary.downtime_reasons #>> '{0,reason}'),
        ('unexplained', case when summary.unexplained_minutes >= 1 then summary.unexplained_minutes end, summary.speed_loss, null),
        ('scrap', nullif(summary.waste_count, 0), summary.scrap_loss, null)
    ) as one (kind, amount, cost, reason)
    where asset.plant = p_plant and one.amount is not null
  ),
  -- Without any price losses are ranked by their minutes.
  price as (
    select exists (select 1 from loss where loss.cost <> 0) as is_known
  ),
  ranked as (
    select
      loss.*,
      row_number() over (
        order by case when price.is_known then loss.cost else loss.amount end desc, loss.name collate "C", loss.kind
      ) as rank
    from loss
    cross join price
    where case when price.is_known then loss.cost <> 0 else loss.kind <> 'scrap' end
  )
  select jsonb_build_object('is_by_cost', price.is_known, 'losses', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'asset_id', ranked.id,
      'asset', ranked.name,
      'kind', ranked.kind,
      'amount', ranked.amount,
      'cost', ranked.cost,
      'reason', ranked.reason
    ) order by ranked.rank), '[]')
    from ranked
    where ranked.rank <= 5
  ))
  from price;
$$;
