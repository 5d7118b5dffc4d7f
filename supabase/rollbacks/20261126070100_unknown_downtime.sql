-- Downtime that is not known is 0 again.

update public.live_snapshots set downtime_minutes = 0 where downtime_minutes is null;

alter table public.live_snapshots
  alter column downtime_minutes set default 0,
  alter column downtime_minutes set not null;

comment on column public.live_snapshots.downtime_minutes is
  'Downtime inside the window, overlaps counted once (minutes).';

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
      k.variance_percent, k.status, k.oee_current, k.oee_source, coalesce(k.downtime_minutes, 0),
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
      downtime_minutes = excluded.downtime_minutes,
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
      excluded.output_target, excluded.variance_percent, excluded.status, excluded.downtime_minutes,
      excluded.is_time_ambiguous
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

revoke all on function public.upsert_snapshots(public.pipeline_runs, jsonb)
from public, anon, authenticated, service_role;
grant execute on function public.upsert_snapshots(public.pipeline_runs, jsonb) to service_role;

create or replace function public.slot_fingerprints(p_plant text, p_slots jsonb)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_object_agg(slot.snapshot_timestamp, slot.fingerprint), '{}')
  from (
    select wanted.snapshot_timestamp, found.fingerprint
    from (
      select distinct listed.value::timestamptz as snapshot_timestamp
      from jsonb_array_elements_text(p_slots) as listed
    ) as wanted
    -- Slot by slot: how many are wanted cannot be told beforehand, and a plan for many reads the whole table.
    cross join lateral (
      select
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
      where s.snapshot_timestamp = wanted.snapshot_timestamp
      and a.plant = p_plant
    ) as found
    where found.fingerprint is not null
  ) as slot;
$$;
