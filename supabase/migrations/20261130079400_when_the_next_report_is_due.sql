-- The page of the morning report never said that it is old: three days without one, and the newest stood there with its date alone.
-- board_report changes in one more field: the old code keeps working.

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
