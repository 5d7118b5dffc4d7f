-- The report said what stops and scrap cost, and nothing of the time that no record explains; its figures had no shifts.
-- Each row now has planned minutes that neither stops nor output explain, their price, the parts of the loss, what of
-- the stops was planned, and a line for each shift (docs/decisions/0081). Nothing changes for old code: what it does not
-- send is null.

set lock_timeout = '2s';

alter table public.daily_summaries
add column good_count numeric check (good_count >= 0 and good_count < 'infinity'),
add column planned_stop_minutes numeric check (planned_stop_minutes >= 0 and planned_stop_minutes < 'infinity'),
add column unexplained_minutes numeric check (unexplained_minutes >= 0 and unexplained_minutes < 'infinity'),
add column downtime_loss numeric check (downtime_loss >= 0 and downtime_loss < 'infinity'),
add column scrap_loss numeric check (scrap_loss >= 0 and scrap_loss < 'infinity'),
add column speed_loss numeric check (speed_loss >= 0 and speed_loss < 'infinity'),
add column shifts jsonb not null default '[]'
  constraint daily_summaries_shifts_check check (jsonb_typeof(shifts) = 'array');

comment on column public.daily_summaries.good_count is
  'Inspected units that were good; null when nobody inspected the asset, or no data came.';
comment on column public.daily_summaries.planned_stop_minutes is
  'What of downtime_minutes was for reasons of planned stops, by planned_reason_codes (minutes); null when '
  'no data came.';
comment on column public.daily_summaries.unexplained_minutes is
  'Planned minutes without stops and without what the output takes at the ideal rate, at least 0; null when '
  'one of them is not known.';
comment on column public.daily_summaries.downtime_loss is
  'Cost of downtime_minutes (US dollars), a part of financial_loss; null when the asset has no cost center, '
  'or no data came.';
comment on column public.daily_summaries.scrap_loss is
  'Cost of scrap (US dollars), the other part of financial_loss; null when that is not known.';
comment on column public.daily_summaries.speed_loss is
  'Cost of unexplained_minutes (US dollars), which is not in financial_loss; null when they or their price '
  'are not known.';
comment on column public.daily_summaries.shifts is
  'A line for each shift: a list of {"shift", "planned_minutes", "target_output", "output", '
  '"downtime_minutes", "planned_stop_minutes", "unexplained_minutes"}, in minutes and units.';
comment on column public.daily_summaries.downtime_reasons is
  'The reasons with the most downtime, most first: a list of {"reason": text or null, "minutes": number}, at most '
  'five; null = no reason was given. Those of planned stops have "is_planned": true.';

create or replace function public.upsert_summaries(p_run public.pipeline_runs, p_days jsonb, p_now timestamptz)
returns jsonb
language sql
security invoker
set search_path = ''
as $$
  with incoming as (
    -- One row an asset and day: ON CONFLICT cannot touch a row twice. The last one of the list counts.
    select distinct on (summary.asset_id, day.report_date) day.report_date, summary.*
    from rows from (jsonb_to_recordset(p_days) as (
      report_date date, summaries jsonb
    )) with ordinality as day (report_date, summaries, day_position)
    cross join lateral rows from (jsonb_to_recordset(day.summaries) as (
      asset_id bigint, oee_percentage numeric, availability_percentage numeric, performance_percentage numeric,
      quality_percentage numeric, actual_output numeric, target_output numeric, planned_minutes numeric,
      downtime_minutes numeric, downtime_reasons jsonb, top_downtime_reason text, waste_count numeric,
      financial_loss numeric, unplanned_output numeric, is_planned_in_part boolean, summary_text text,
      good_count numeric, planned_stop_minutes numeric, unexplained_minutes numeric, downtime_loss numeric,
      scrap_loss numeric, speed_loss numeric, shifts jsonb
    )) with ordinality as summary (
      asset_id, oee_percentage, availability_percentage, performance_percentage,
      quality_percentage, actual_output, target_output, planned_minutes,
      downtime_minutes, downtime_reasons, top_downtime_reason, waste_count,
      financial_loss, unplanned_output, is_planned_in_part, summary_text, good_count, planned_stop_minutes,
      unexplained_minutes, downtime_loss, scrap_loss, speed_loss, shifts, position
    )
    order by summary.asset_id, day.report_date, day.day_position desc, summary.position desc
  ),
  known as (
    -- An asset that was deleted while the report ran is left out: it must not take the others with it.
    select i.*, a.plant = p_run.plant as is_ours
    from incoming as i
    left join public.assets as a on a.id = i.asset_id
    where a.id is not null or i.asset_id is null
  ),
  kept as (
    insert into public.daily_summaries as summary (
      asset_id, report_date, oee_percentage, availability_percentage, performance_percentage, quality_percentage,
      actual_output, target_output, planned_minutes, downtime_minutes, downtime_reasons, top_downtime_reason,
      waste_count, financial_loss, unplanned_output, is_planned_in_part, summary_text, good_count,
      planned_stop_minutes, unexplained_minutes, downtime_loss, scrap_loss, speed_loss, shifts,
      run_id, created_at, updated_at
    )
    select
      -- An asset of another plant becomes null here, which the table refuses.
      case when k.is_ours then k.asset_id end,
      k.report_date, k.oee_percentage, k.availability_percentage, k.performance_percentage, k.quality_percentage,
      k.actual_output, k.target_output, k.planned_minutes, k.downtime_minutes, coalesce(k.downtime_reasons, '[]'),
      k.top_downtime_reason, k.waste_count, k.financial_loss,
      -- Code from before knows none of the later columns.
      k.unplanned_output, coalesce(k.is_planned_in_part, false),
      k.summary_text, k.good_count, k.planned_stop_minutes, k.unexplained_minutes, k.downtime_loss, k.scrap_loss,
      k.speed_loss, coalesce(k.shifts, '[]'), p_run.id, p_now, p_now
    from known as k
    order by k.asset_id, k.report_date
    on conflict (asset_id, report_date) do update
    set
      oee_percentage = excluded.oee_percentage,
      availability_percentage = excluded.availability_percentage,
      performance_percentage = excluded.performance_percentage,
      quality_percentage = excluded.quality_percentage,
      actual_output = excluded.actual_output,
      target_output = excluded.target_output,
      planned_minutes = excluded.planned_minutes,
      downtime_minutes = excluded.downtime_minutes,
      downtime_reasons = excluded.downtime_reasons,
      top_downtime_reason = excluded.top_downtime_reason,
      waste_count = excluded.waste_count,
      financial_loss = excluded.financial_loss,
      unplanned_output = excluded.unplanned_output,
      is_planned_in_part = excluded.is_planned_in_part,
      summary_text = excluded.summary_text,
      good_count = excluded.good_count,
      planned_stop_minutes = excluded.planned_stop_minutes,
      unexplained_minutes = excluded.unexplained_minutes,
      downtime_loss = excluded.downtime_loss,
      scrap_loss = excluded.scrap_loss,
      speed_loss = excluded.speed_loss,
      shifts = excluded.shifts,
      run_id = excluded.run_id,
      updated_at = excluded.updated_at
    where (
      summary.oee_percentage, summary.availability_percentage, summary.performance_percentage,
      summary.quality_percentage, summary.actual_output, summary.target_output, summary.planned_minutes,
      summary.downtime_minutes, summary.downtime_reasons, summary.top_downtime_reason, summary.waste_count,
      summary.financial_loss, summary.unplanned_output, summary.is_planned_in_part, summary.summary_text,
      summary.good_count, summary.planned_stop_minutes, summary.unexplained_minutes, summary.downtime_loss,
      summary.scrap_loss, summary.speed_loss, summary.shifts
    ) is distinct from (
      excluded.oee_percentage, excluded.availability_percentage, excluded.performance_percentage,
      excluded.quality_percentage, excluded.actual_output, excluded.target_output, excluded.planned_minutes,
      excluded.downtime_minutes, excluded.downtime_reasons, excluded.top_downtime_reason, excluded.waste_count,
      excluded.financial_loss, excluded.unplanned_output, excluded.is_planned_in_part, excluded.summary_text,
      excluded.good_count, excluded.planned_stop_minutes, excluded.unexplained_minutes, excluded.downtime_loss,
      excluded.scrap_loss, excluded.speed_loss, excluded.shifts
    )
    -- What is not known any more, because the source has let go of it, does not replace what was.
    and (excluded.actual_output is not null or summary.actual_output is null)
    and (excluded.waste_count is not null or summary.waste_count is null)
    -- A row this statement inserted has no xmax; one it updated carries the lock it took.
    returning (summary.xmax = 0) as is_new
  )
  select jsonb_build_object(
    'written', count(*) filter (where kept.is_new),
    'updated', count(*) filter (where not kept.is_new),
    'unchanged', (select count(*) from known) - count(*)
  )
  from kept;
$$;
