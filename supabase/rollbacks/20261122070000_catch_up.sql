-- Brings back the functions that know no catch-up. What runs left for later is forgotten: the slots stay missing.

drop function public.add_snapshot_counts(jsonb, jsonb);

create or replace function public.write_live_pulse(p_run public.pipeline_runs, p_commit jsonb, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_registered constant integer := public.register_assets(p_run.plant, p_commit -> 'unknown_assets');
  v_snapshots constant jsonb := public.upsert_snapshots(p_run, p_commit -> 'slots');
  v_counts constant jsonb := coalesce(p_commit -> 'report' -> 'counts', '{}') || jsonb_build_object(
    'snapshots_written', v_snapshots -> 'written',
    'snapshots_updated', v_snapshots -> 'updated',
    'snapshots_unchanged', v_snapshots -> 'unchanged'
  );
begin
  perform public.keep_rejected_records(p_run, p_commit -> 'rejected_records', p_now);

  update public.pipeline_runs as run
  set
    snapshots_until = (p_commit ->> 'snapshots_until')::timestamptz,
    safety_until = (p_commit ->> 'safety_until')::timestamptz
  where run.id = p_run.id;

  return jsonb_build_object(
    'answer', 'committed',
    'report', public.finish_run(
      p_run.id,
      p_commit ->> 'status',
      coalesce(p_commit -> 'report', '{}') || jsonb_build_object('counts', v_counts),
      p_now
    ),
    'snapshots', v_snapshots,
    'assets_registered', v_registered
  );
end;
$$;

comment on function public.write_live_pulse(public.pipeline_runs, jsonb, timestamptz) is
  'Writes everything a poll commits and ends its run; only commit_live_pulse calls it, holding the run''s lock.';

comment on function public.commit_live_pulse(uuid, jsonb, timestamptz) is
  'Commits a poll in one transaction: committed, repeated (it had committed) or fenced (it lost its lease or failed).';

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
    cross join lateral rows from (jsonb_to_recordset(slot.snapshots) as (
      asset_id bigint, output_actual numeric, slot_output numeric, output_target numeric,
      variance_percent numeric, status text, oee_current numeric, oee_source text, downtime_minutes numeric,
      good_count numeric, reject_count numeric, labor_headcount numeric
    )) with ordinality as snapshot (
      asset_id, output_actual, slot_output, output_target,
      variance_percent, status, oee_current, oee_source, downtime_minutes,
      good_count, reject_count, labor_headcount, position
    )
    order by snapshot.asset_id, slot.snapshot_timestamp, slot.slot_position desc, snapshot.position desc
  ),
  kept as (
    insert into public.live_snapshots as snapshot (
      asset_id, snapshot_timestamp, window_start, output_actual, slot_output, output_target,
      variance_percent, status, oee_current, oee_source, downtime_minutes,
      good_count, reject_count, labor_headcount, is_catch_up, is_time_ambiguous, run_id
    )
    select
      -- An asset of another plant, or none at all, becomes null here, which the table refuses.
      a.id, i.snapshot_timestamp, i.window_start, i.output_actual, i.slot_output, i.output_target,
      i.variance_percent, i.status, i.oee_current, i.oee_source, coalesce(i.downtime_minutes, 0),
      i.good_count, i.reject_count, i.labor_headcount,
      coalesce(i.is_catch_up, false), coalesce(i.is_time_ambiguous, false), p_run.id
    from incoming as i
    left join public.assets as a on a.id = i.asset_id and a.plant = p_run.plant
    order by i.asset_id, i.snapshot_timestamp
    on conflict (asset_id, snapshot_timestamp) do update
    set
      window_start = excluded.window_start,
      output_actual = excluded.output_actual,
      slot_output = coalesce(excluded.slot_output, snapshot.slot_output),
      output_target = excluded.output_target,
      variance_percent = excluded.variance_percent,
      status = excluded.status,
      oee_current = excluded.oee_current,
      oee_source = excluded.oee_source,
      downtime_minutes = excluded.downtime_minutes,
      good_count = excluded.good_count,
      reject_count = excluded.reject_count,
      labor_headcount = excluded.labor_headcount,
      is_catch_up = excluded.is_catch_up,
      is_time_ambiguous = excluded.is_time_ambiguous,
      run_id = excluded.run_id
    where (
      snapshot.window_start, snapshot.output_actual, snapshot.slot_output, snapshot.output_target,
      snapshot.variance_percent, snapshot.status, snapshot.oee_current, snapshot.oee_source,
      snapshot.downtime_minutes, snapshot.good_count, snapshot.reject_count, snapshot.labor_headcount,
      snapshot.is_catch_up, snapshot.is_time_ambiguous
    ) is distinct from (
      excluded.window_start, excluded.output_actual, coalesce(excluded.slot_output, snapshot.slot_output),
      excluded.output_target, excluded.variance_percent, excluded.status, excluded.oee_current,
      excluded.oee_source, excluded.downtime_minutes, excluded.good_count, excluded.reject_count,
      excluded.labor_headcount, excluded.is_catch_up, excluded.is_time_ambiguous
    )
    -- A row this statement inserted has no xmax; one it updated carries the lock it took.
    returning (snapshot.xmax = 0) as is_new
  )
  select jsonb_build_object(
    'written', count(*) filter (where kept.is_new),
    'updated', count(*) filter (where not kept.is_new),
    'unchanged', (select count(*) from incoming) - count(*)
  )
  from kept;
$$;

create function public.covered_until(
  p_pipeline text, p_plant text, out snapshots_until timestamptz, out safety_until timestamptz
)
language sql
stable
security invoker
set search_path = ''
as $$
  select
    (
      select max(run.snapshots_until)
      from public.pipeline_runs as run
      where run.pipeline = p_pipeline and run.plant = p_plant and run.snapshots_until is not null
    ),
    (
      select max(run.safety_until)
      from public.pipeline_runs as run
      where run.pipeline = p_pipeline and run.plant = p_plant and run.safety_until is not null
    );
$$;

comment on function public.covered_until(text, text) is
  'How far the finished runs of a pipeline and plant have covered: snapshots_until and safety_until (UTC or null).';

revoke all on function public.covered_until(text, text) from public, anon, authenticated, service_role;
grant execute on function public.covered_until(text, text) to service_role;

create or replace function public.claimed_answer(p_claim jsonb, p_run jsonb)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select json_object_agg(part.name, part.value)
  from (
    select 'answer' as name, to_json('claimed'::text) as value
    union all
    select 'run', p_run::json
    union all
    select 'assets', public.plant_assets(p_claim ->> 'plant')
    where p_claim -> 'wants' ? 'assets'
    union all
    select
      'shift_targets',
      public.plant_shift_targets(p_claim ->> 'plant', (p_claim ->> 'window_start')::timestamptz)
    where p_claim -> 'wants' ? 'shift_targets'
    union all
    select covered.key, covered.value
    from public.covered_until(p_claim ->> 'pipeline', p_claim ->> 'plant') as until
    cross join json_each(row_to_json(until)) as covered
  ) as part;
$$;

drop function public.slot_fingerprints(text, jsonb);
drop function public.coverage(text, text);

alter table public.pipeline_runs
  drop constraint pipeline_runs_catch_up_check,
  drop column catch_up_until,
  drop column catch_up_from;
