-- Snapshots know their windows alone again: nothing of a shift can be added up but the output.

set lock_timeout = '2s';

drop function public.snapshot_rows(jsonb);

create function public.snapshot_rows(p_snapshots jsonb)
returns table (
  asset_id bigint, output_actual numeric, slot_output numeric, output_target numeric,
  variance_percent numeric, status text, oee_current numeric, oee_source text, downtime_minutes numeric,
  good_count numeric, reject_count numeric, labor_headcount numeric,
  unplanned_output numeric, is_planned_in_part boolean
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
    good_count numeric, reject_count numeric, labor_headcount numeric,
    unplanned_output numeric, is_planned_in_part boolean
  )
  union all
  -- A list that is too short ends in nulls, and the table refuses those where they would be lies.
  select line.*
  from jsonb_to_record(
    case when jsonb_typeof(p_snapshots) = 'object' then p_snapshots else '{}' end
  ) as list (
    asset_id bigint[], output_actual numeric[], slot_output numeric[], output_target numeric[],
    variance_percent numeric[], status text[], oee_current numeric[], oee_source text[],
    downtime_minutes numeric[], good_count numeric[], reject_count numeric[], labor_headcount numeric[],
    unplanned_output numeric[], is_planned_in_part boolean[]
  )
  cross join lateral unnest(
    list.asset_id, list.output_actual, list.slot_output, list.output_target,
    list.variance_percent, list.status, list.oee_current, list.oee_source,
    list.downtime_minutes, list.good_count, list.reject_count, list.labor_headcount,
    list.unplanned_output, list.is_planned_in_part
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
      good_count, reject_count, labor_headcount, unplanned_output, is_planned_in_part, position
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
      good_count, reject_count, labor_headcount, unplanned_output, is_planned_in_part,
      is_catch_up, is_time_ambiguous, run_id
    )
    select
      -- An asset of another plant becomes null here, which the table refuses.
      case when k.is_ours then k.asset_id end,
      k.snapshot_timestamp, k.window_start, k.output_actual, k.slot_output, k.output_target,
      k.variance_percent, k.status, k.oee_current, k.oee_source, k.downtime_minutes,
      k.good_count, k.reject_count, k.labor_headcount,
      -- Code from before knows neither.
      k.unplanned_output, coalesce(k.is_planned_in_part, false),
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
      unplanned_output = excluded.unplanned_output,
      is_planned_in_part = excluded.is_planned_in_part,
      is_catch_up = snapshot.is_catch_up and excluded.is_catch_up,
      is_time_ambiguous = excluded.is_time_ambiguous,
      run_id = excluded.run_id
    where (
      snapshot.window_start, snapshot.output_actual, snapshot.slot_output, snapshot.output_target,
      snapshot.variance_percent, snapshot.status, snapshot.downtime_minutes, snapshot.is_time_ambiguous,
      snapshot.unplanned_output, snapshot.is_planned_in_part
    ) is distinct from (
      excluded.window_start, excluded.output_actual, coalesce(excluded.slot_output, snapshot.slot_output),
      excluded.output_target, excluded.variance_percent, excluded.status,
      coalesce(excluded.downtime_minutes, snapshot.downtime_minutes), excluded.is_time_ambiguous,
      excluded.unplanned_output, excluded.is_planned_in_part
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

alter table public.live_snapshots
drop constraint live_snapshots_shift_check,
drop column slot_target,
drop column slot_downtime_minutes,
drop column shift_name,
drop column shift_starts_at,
drop column shift_ends_at,
drop column shift_target,
drop column stopped_since,
drop column stops;
