-- Takes the columns away, and with them what they say. Old and new code keep working: the functions leave aside what
-- they do not know.

set lock_timeout = '2s';

drop function public.snapshot_rows(jsonb);

create function public.snapshot_rows(p_snapshots jsonb)
returns table (
  asset_id bigint, output_actual numeric, slot_output numeric, output_target numeric,
  variance_percent numeric, status text, oee_current numeric, oee_source text, downtime_minutes numeric,
  good_count numeric, reject_count numeric, labor_headcount numeric
)
language sql
stable
security invoker
set search_path = ''
rows 10000
as $$
  select named.*
  from jsonb_to_recordset(
    case when jsonb_typeof(p_snapshots) = 'object' then '[]' else p_snapshots end
  ) as named (
    asset_id bigint, output_actual numeric, slot_output numeric, output_target numeric,
    variance_percent numeric, status text, oee_current numeric, oee_source text, downtime_minutes numeric,
    good_count numeric, reject_count numeric, labor_headcount numeric
  )
  union all
  -- A list that is too short ends in nulls, and the table refuses those where they would be lies.
  select line.*
  from jsonb_to_record(
    case when jsonb_typeof(p_snapshots) = 'object' then p_snapshots else '{}' end
  ) as list (
    asset_id bigint[], output_actual numeric[], slot_output numeric[], output_target numeric[],
    variance_percent numeric[], status text[], oee_current numeric[], oee_source text[],
    downtime_minutes numeric[], good_count numeric[], reject_count numeric[], labor_headcount numeric[]
  )
  cross join lateral unnest(
    list.asset_id, list.output_actual, list.slot_output, list.output_target,
    list.variance_percent, list.status, list.oee_current, list.oee_source,
    list.downtime_minutes, list.good_count, list.reject_count, list.labor_headcount
  ) as line;
$$;

comment on function public.snapshot_rows(jsonb) is
  'The snapshots of one slot of a commit as rows: from an object of one list for each column, or a list of objects.';

revoke all on function public.snapshot_rows(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.snapshot_rows(jsonb) to service_role;

create or replace function public.upsert_snapshots(p_run public.pipeline_runs, p_slots jsonb)
returns jsonb
language sql
security invoker
set search_path = ''
as $$
  with incoming as (
    -- One row an asset and slot: ON CONFLICT cannot touch a row twice. The last one of the list counts.
    select distinct on (snapshot.asset_id, slot.snapshot_timestamp)
      slot.snapshot_timestamp, slot.window_start, slot.is_catch_up, slot.is_time_ambiguous, snapshot.*
    from rows from (jsonb_to_recordset(p_slots) as (
      snapshot_timestamp timestamptz, window_start timestamptz,
      is_catch_up boolean, is_time_ambiguous boolean, snapshots jsonb
    )) with ordinality as slot (
      snapshot_timestamp, window_start, is_catch_up, is_time_ambiguous, snapshots, slot_position
    )
    cross join lateral public.snapshot_rows(slot.snapshots) with ordinality as snapshot (
      asset_id, output_actual, slot_output, output_target,
      variance_percent, status, oee_current, oee_source, downtime_minutes,
      good_count, reject_count, labor_headcount, position
    )
    order by snapshot.asset_id, slot.snapshot_timestamp, slot.slot_position desc, snapshot.position desc
  ),
  known as (
    -- An asset that was deleted while the poll ran is left out: it must not take the others with it.
    select i.*, a.plant = p_run.plant as is_ours
    from incoming as i
    left join public.assets as a on a.id = i.asset_id
    where a.id is not null or i.asset_id is null
  ),
  kept as (
    insert into public.live_snapshots as snapshot (
      asset_id, snapshot_timestamp, window_start, output_actual, slot_output, output_target,
      variance_percent, status, oee_current, oee_source, downtime_minutes,
      good_count, reject_count, labor_headcount, is_catch_up, is_time_ambiguous, run_id
    )
    select
      -- An asset of another plant becomes null here, which the table refuses.
      case when k.is_ours then k.asset_id end,
      k.snapshot_timestamp, k.window_start, k.output_actual, k.slot_output, k.output_target,
      k.variance_percent, k.status, k.oee_current, k.oee_source, k.downtime_minutes,
      k.good_count, k.reject_count, k.labor_headcount,
      coalesce(k.is_catch_up, false), coalesce(k.is_time_ambiguous, false), p_run.id
    from known as k
    order by k.asset_id, k.snapshot_timestamp
    -- What is read afterwards may not know the OEE, quality and headcount of that time: what it knows corrects
    -- what is there, what it does not know leaves it, and a slot polled in time stays one.
    on conflict (asset_id, snapshot_timestamp) do update
    set
      window_start = excluded.window_start,
      output_actual = excluded.output_actual,
      slot_output = coalesce(excluded.slot_output, snapshot.slot_output),
      output_target = excluded.output_target,
      variance_percent = excluded.variance_percent,
      status = excluded.status,
      oee_current = case when excluded.is_catch_up then coalesce(excluded.oee_current, snapshot.oee_current) else excluded.oee_current end,
      oee_source = case when excluded.is_catch_up then coalesce(excluded.oee_source, snapshot.oee_source) else excluded.oee_source end,
      downtime_minutes = coalesce(excluded.downtime_minutes, snapshot.downtime_minutes),
      good_count = case when excluded.is_catch_up then coalesce(excluded.good_count, snapshot.good_count) else excluded.good_count end,
      reject_count = case when excluded.is_catch_up then coalesce(excluded.reject_count, snapshot.reject_count) else excluded.reject_count end,
      labor_headcount = case when excluded.is_catch_up then coalesce(excluded.labor_headcount, snapshot.labor_headcount) else excluded.labor_headcount end,
      is_catch_up = snapshot.is_catch_up and excluded.is_catch_up,
      is_time_ambiguous = excluded.is_time_ambiguous,
      run_id = excluded.run_id
    where (
      snapshot.window_start, snapshot.output_actual, snapshot.slot_output, snapshot.output_target,
      snapshot.variance_percent, snapshot.status, snapshot.downtime_minutes, snapshot.is_time_ambiguous
    ) is distinct from (
      excluded.window_start, excluded.output_actual, coalesce(excluded.slot_output, snapshot.slot_output),
      excluded.output_target, excluded.variance_percent, excluded.status,
      coalesce(excluded.downtime_minutes, snapshot.downtime_minutes), excluded.is_time_ambiguous
    )
    or excluded.is_catch_up and (
      snapshot.oee_current, snapshot.oee_source, snapshot.good_count, snapshot.reject_count,
      snapshot.labor_headcount
    ) is distinct from (
      coalesce(excluded.oee_current, snapshot.oee_current), coalesce(excluded.oee_source, snapshot.oee_source),
      coalesce(excluded.good_count, snapshot.good_count), coalesce(excluded.reject_count, snapshot.reject_count),
      coalesce(excluded.labor_headcount, snapshot.labor_headcount)
    )
    or not excluded.is_catch_up and (
      snapshot.oee_current, snapshot.oee_source, snapshot.good_count, snapshot.reject_count,
      snapshot.labor_headcount, snapshot.is_catch_up
    ) is distinct from (
      excluded.oee_current, excluded.oee_source, excluded.good_count, excluded.reject_count,
      excluded.labor_headcount, excluded.is_catch_up
    )
    -- A row this statement inserted has no xmax; one it updated carries the lock it took.
    returning (snapshot.xmax = 0) as is_new
  )
  select jsonb_build_object(
    'written', count(*) filter (where kept.is_new),
    'updated', count(*) filter (where not kept.is_new),
    'unchanged', (select count(*) from known) - count(*)
  )
  from kept;
$$;

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
      financial_loss numeric, summary_text text
    )) with ordinality as summary (
      asset_id, oee_percentage, availability_percentage, performance_percentage,
      quality_percentage, actual_output, target_output, planned_minutes,
      downtime_minutes, downtime_reasons, top_downtime_reason, waste_count,
      financial_loss, summary_text, position
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
      waste_count, financial_loss, summary_text, run_id, created_at, updated_at
    )
    select
      -- An asset of another plant becomes null here, which the table refuses.
      case when k.is_ours then k.asset_id end,
      k.report_date, k.oee_percentage, k.availability_percentage, k.performance_percentage, k.quality_percentage,
      k.actual_output, k.target_output, k.planned_minutes, k.downtime_minutes, coalesce(k.downtime_reasons, '[]'),
      k.top_downtime_reason, k.waste_count, k.financial_loss, k.summary_text, p_run.id, p_now, p_now
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
      summary_text = excluded.summary_text,
      run_id = excluded.run_id,
      updated_at = excluded.updated_at
    where (
      summary.oee_percentage, summary.availability_percentage, summary.performance_percentage,
      summary.quality_percentage, summary.actual_output, summary.target_output, summary.planned_minutes,
      summary.downtime_minutes, summary.downtime_reasons, summary.top_downtime_reason, summary.waste_count,
      summary.financial_loss, summary.summary_text
    ) is distinct from (
      excluded.oee_percentage, excluded.availability_percentage, excluded.performance_percentage,
      excluded.quality_percentage, excluded.actual_output, excluded.target_output, excluded.planned_minutes,
      excluded.downtime_minutes, excluded.downtime_reasons, excluded.top_downtime_reason, excluded.waste_count,
      excluded.financial_loss, excluded.summary_text
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

alter table public.live_snapshots
drop column unplanned_output,
drop column is_planned_in_part;

alter table public.daily_summaries
drop column unplanned_output,
drop column is_planned_in_part;
