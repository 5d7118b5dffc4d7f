-- Slots that were missed are made up for, and late rows correct what was written. A run notes which older
-- slots it has not got round to, in the transaction of the rows that it did write; a claim says so to the
-- next run, together with a fingerprint of the newest slots, so that only slots with late rows are sent
-- again. To old code nothing changes: it neither asks for a fingerprint nor leaves slots for later.

alter table public.pipeline_runs
  add column catch_up_from timestamptz,
  add column catch_up_until timestamptz,
  add constraint pipeline_runs_catch_up_check check (
    (catch_up_from is null) = (catch_up_until is null) and catch_up_from <= catch_up_until
  );

comment on column public.pipeline_runs.catch_up_from is
  'Oldest slot that was missed and is still to be written (UTC); null when none is.';
comment on column public.pipeline_runs.catch_up_until is
  'Newest slot that was missed and is still to be written (UTC); null when none is.';

create function public.coverage(p_pipeline text, p_plant text)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select json_build_object(
    'snapshots_until', newest.snapshots_until,
    'catch_up_from', newest.catch_up_from,
    'catch_up_until', newest.catch_up_until,
    'safety_until', (
      select max(run.safety_until)
      from public.pipeline_runs as run
      where run.pipeline = p_pipeline and run.plant = p_plant and run.safety_until is not null
    )
  )
  from (select 1) as always
  left join lateral (
    select run.snapshots_until, run.catch_up_from, run.catch_up_until
    from public.pipeline_runs as run
    where run.pipeline = p_pipeline and run.plant = p_plant and run.snapshots_until is not null
    order by run.snapshots_until desc, run.id desc
    limit 1
  ) as newest on true;
$$;

comment on function public.coverage(text, text) is
  'How far the runs of a pipeline and plant have covered: snapshots_until, safety_until, and the slots left to catch up.';

create function public.slot_fingerprints(p_plant text, p_slots jsonb)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_object_agg(slot.snapshot_timestamp, slot.fingerprint), '{}')
  from (
    select
      s.snapshot_timestamp,
      encode(sha256(convert_to(string_agg(
        concat_ws(
          ':',
          s.asset_id,
          round(s.output_actual * 10000)::text,
          coalesce(round(s.slot_output * 10000)::text, '-'),
          round(s.output_target * 10000)::text,
          round(s.downtime_minutes * 10000)::text
        ),
        ',' order by s.asset_id
      ), 'UTF8')), 'hex') as fingerprint
    from public.live_snapshots as s
    join public.assets as a on a.id = s.asset_id
    where a.plant = p_plant
    and s.snapshot_timestamp in (select wanted.value::timestamptz from jsonb_array_elements_text(p_slots) as wanted)
    group by s.snapshot_timestamp
  ) as slot;
$$;

comment on function public.slot_fingerprints(text, jsonb) is
  'A fingerprint of each of the given slots (a JSON list) of a plant: SHA-256 over asset, output, target and downtime '
  'in ten-thousandths. Equal to what the poll computes of the same snapshots.';

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
    select 'fingerprints', public.slot_fingerprints(p_claim ->> 'plant', p_claim -> 'recent_slots')
    where jsonb_typeof(p_claim -> 'recent_slots') = 'array'
    union all
    select covered.key, covered.value
    from json_each(public.coverage(p_claim ->> 'pipeline', p_claim ->> 'plant')) as covered
  ) as part;
$$;

drop function public.covered_until(text, text);

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
    -- What is read afterwards knows output and downtime, but not the OEE, quality and headcount of that time:
    -- it corrects the former and leaves the latter, and a slot polled in time stays one.
    on conflict (asset_id, snapshot_timestamp) do update
    set
      window_start = excluded.window_start,
      output_actual = excluded.output_actual,
      slot_output = coalesce(excluded.slot_output, snapshot.slot_output),
      output_target = excluded.output_target,
      variance_percent = excluded.variance_percent,
      status = excluded.status,
      oee_current = case when excluded.is_catch_up then snapshot.oee_current else excluded.oee_current end,
      oee_source = case when excluded.is_catch_up then snapshot.oee_source else excluded.oee_source end,
      downtime_minutes = excluded.downtime_minutes,
      good_count = case when excluded.is_catch_up then snapshot.good_count else excluded.good_count end,
      reject_count = case when excluded.is_catch_up then snapshot.reject_count else excluded.reject_count end,
      labor_headcount = case when excluded.is_catch_up then snapshot.labor_headcount else excluded.labor_headcount end,
      is_catch_up = snapshot.is_catch_up and excluded.is_catch_up,
      is_time_ambiguous = excluded.is_time_ambiguous,
      run_id = excluded.run_id
    where (
      snapshot.window_start, snapshot.output_actual, snapshot.slot_output, snapshot.output_target,
      snapshot.variance_percent, snapshot.status, snapshot.downtime_minutes, snapshot.is_time_ambiguous
    ) is distinct from (
      excluded.window_start, excluded.output_actual, coalesce(excluded.slot_output, snapshot.slot_output),
      excluded.output_target, excluded.variance_percent, excluded.status, excluded.downtime_minutes,
      excluded.is_time_ambiguous
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
    'unchanged', (select count(*) from incoming) - count(*)
  )
  from kept;
$$;

create function public.add_snapshot_counts(p_counts jsonb, p_snapshots jsonb)
returns jsonb
language sql
immutable
security invoker
set search_path = ''
as $$
  select coalesce(p_counts, '{}') || jsonb_object_agg(
    'snapshots_' || part.key,
    part.value::bigint + coalesce((p_counts ->> ('snapshots_' || part.key))::bigint, 0)
  )
  from jsonb_each_text(p_snapshots) as part;
$$;

comment on function public.add_snapshot_counts(jsonb, jsonb) is
  'The counts of a report with what one more commit wrote, updated and left unchanged added (snapshots).';

create or replace function public.write_live_pulse(p_run public.pipeline_runs, p_commit jsonb, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_is_final constant boolean := coalesce((p_commit ->> 'is_final')::boolean, true);
  v_registered constant integer := public.register_assets(p_run.plant, p_commit -> 'unknown_assets');
  v_snapshots constant jsonb := public.upsert_snapshots(p_run, p_commit -> 'slots');
  v_report jsonb;
begin
  perform public.keep_rejected_records(p_run, p_commit -> 'rejected_records', p_now);

  update public.pipeline_runs as run
  set
    snapshots_until = (p_commit ->> 'snapshots_until')::timestamptz,
    safety_until = (p_commit ->> 'safety_until')::timestamptz,
    catch_up_from = (p_commit ->> 'catch_up_from')::timestamptz,
    catch_up_until = (p_commit ->> 'catch_up_until')::timestamptz
  where run.id = p_run.id;

  if v_is_final then
    v_report := public.finish_run(
      p_run.id,
      p_commit ->> 'status',
      coalesce(p_commit -> 'report', '{}') || jsonb_build_object(
        'counts', public.add_snapshot_counts(p_commit -> 'report' -> 'counts', v_snapshots)
      ),
      p_now
    );
  end if;

  return jsonb_build_object(
    'answer', 'committed',
    'report', v_report,
    'snapshots', v_snapshots,
    'assets_registered', v_registered
  );
end;
$$;

comment on function public.write_live_pulse(public.pipeline_runs, jsonb, timestamptz) is
  'Writes one commit of a poll and, unless is_final is false, ends its run; only commit_live_pulse calls it.';

comment on function public.commit_live_pulse(uuid, jsonb, timestamptz) is
  'Commits a poll, or with is_final false a part of one, in one transaction: committed, repeated (it had ended) '
  'or fenced (it lost its lease or failed).';

revoke all on function public.coverage(text, text) from public, anon, authenticated, service_role;
revoke all on function public.slot_fingerprints(text, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.add_snapshot_counts(jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coverage(text, text) to service_role;
grant execute on function public.slot_fingerprints(text, jsonb) to service_role;
grant execute on function public.add_snapshot_counts(jsonb, jsonb) to service_role;
