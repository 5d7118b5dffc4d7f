-- Takes the columns away, and with them what they say. Old and new code keep working: the function leaves aside what it
-- does not know.

set lock_timeout = '2s';

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
      financial_loss numeric, unplanned_output numeric, is_planned_in_part boolean, summary_text text
    )) with ordinality as summary (
      asset_id, oee_percentage, availability_percentage, performance_percentage,
      quality_percentage, actual_output, target_output, planned_minutes,
      downtime_minutes, downtime_reasons, top_downtime_reason, waste_count,
      financial_loss, unplanned_output, is_planned_in_part, summary_text, position
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
      waste_count, financial_loss, unplanned_output, is_planned_in_part, summary_text,
      run_id, created_at, updated_at
    )
    select
      -- An asset of another plant becomes null here, which the table refuses.
      case when k.is_ours then k.asset_id end,
      k.report_date, k.oee_percentage, k.availability_percentage, k.performance_percentage, k.quality_percentage,
      k.actual_output, k.target_output, k.planned_minutes, k.downtime_minutes, coalesce(k.downtime_reasons, '[]'),
      k.top_downtime_reason, k.waste_count, k.financial_loss,
      -- Code from before knows neither.
      k.unplanned_output, coalesce(k.is_planned_in_part, false),
      k.summary_text, p_run.id, p_now, p_now
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
      run_id = excluded.run_id,
      updated_at = excluded.updated_at
    where (
      summary.oee_percentage, summary.availability_percentage, summary.performance_percentage,
      summary.quality_percentage, summary.actual_output, summary.target_output, summary.planned_minutes,
      summary.downtime_minutes, summary.downtime_reasons, summary.top_downtime_reason, summary.waste_count,
      summary.financial_loss, summary.unplanned_output, summary.is_planned_in_part, summary.summary_text
    ) is distinct from (
      excluded.oee_percentage, excluded.availability_percentage, excluded.performance_percentage,
      excluded.quality_percentage, excluded.actual_output, excluded.target_output, excluded.planned_minutes,
      excluded.downtime_minutes, excluded.downtime_reasons, excluded.top_downtime_reason, excluded.waste_count,
      excluded.financial_loss, excluded.unplanned_output, excluded.is_planned_in_part, excluded.summary_text
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

alter table public.daily_summaries
drop column good_count,
drop column planned_stop_minutes,
drop column unexplained_minutes,
drop column downtime_loss,
drop column scrap_loss,
drop column speed_loss,
drop column shifts;

comment on column public.daily_summaries.downtime_reasons is
  'The reasons with the most downtime, most first: a list of {"reason": text or null, "minutes": number}, at most '
  'five; null = no reason was given.';
