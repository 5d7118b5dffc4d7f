-- Live Pulse: the state of every asset, a row per asset and slot, and the end of a poll in one transaction. Snapshots,
-- rejected rows, new names and the run's own record stand together or not at all.
-- New table and functions: old code is not touched.

-- Growth is bounded by a time to live rather than by partitions: a day of 10,000 assets is about a million rows, and a
-- delete in batches by snapshot_timestamp needs nothing but the index below.
-- What is not known is null and never 0, such as the downtime of a slot whose stops were cut off at row_limit.
create table public.live_snapshots (
  id bigint generated always as identity primary key,
  asset_id bigint not null references public.assets (id) on delete cascade,
  snapshot_timestamp timestamptz not null,
  window_start timestamptz not null,
  output_actual numeric not null check (output_actual >= 0 and output_actual < 'infinity'),
  slot_output numeric check (slot_output >= 0 and slot_output < 'infinity'),
  output_target numeric not null check (output_target >= 0 and output_target < 'infinity'),
  output_variance numeric generated always as (output_actual - output_target) stored,
  variance_percent numeric check (variance_percent >= -100 and variance_percent < 'infinity'),
  status text not null check (status in ('on_target', 'below_target', 'above_target')),
  oee_current numeric check (oee_current >= 0 and oee_current < 'infinity'),
  oee_source text check (oee_source in ('reported', 'computed')),
  downtime_minutes numeric check (downtime_minutes >= 0 and downtime_minutes < 'infinity'),
  good_count numeric check (good_count >= 0 and good_count < 'infinity'),
  reject_count numeric check (reject_count >= 0 and reject_count < 'infinity'),
  labor_headcount numeric check (labor_headcount >= 0 and labor_headcount < 'infinity'),
  is_catch_up boolean not null default false,
  is_time_ambiguous boolean not null default false,
  run_id bigint references public.pipeline_runs (id) on delete set null,
  constraint live_snapshots_asset_slot_key unique (asset_id, snapshot_timestamp),
  constraint live_snapshots_window_check check (window_start < snapshot_timestamp),
  constraint live_snapshots_oee_check check ((oee_current is null) = (oee_source is null))
);

-- Date ranges, the status filter within them, and the clean-up.
create index live_snapshots_timestamp_status_idx on public.live_snapshots (snapshot_timestamp, status);

create index live_snapshots_run_idx on public.live_snapshots (run_id);

comment on table public.live_snapshots is
  'Output, target, OEE and downtime of each asset over the window that ends at a slot. '
  'Time to live: rows older than the retention (24 h) are deleted in batches by snapshot_timestamp.';
comment on column public.live_snapshots.id is 'Key.';
comment on column public.live_snapshots.asset_id is 'The asset.';
comment on column public.live_snapshots.snapshot_timestamp is
  'The slot, or the moment of a manual poll (UTC); unique per asset.';
comment on column public.live_snapshots.window_start is 'Start of the rolling window, inclusive (UTC).';
comment on column public.live_snapshots.output_actual is
  'Units made in the rolling window; windows overlap, so never sum it over time.';
comment on column public.live_snapshots.slot_output is
  'Units made in the last interval alone: what may be summed over time; null for a manual poll.';
comment on column public.live_snapshots.output_target is
  'Units that the shift targets ask for in the window; 0 outside any shift.';
comment on column public.live_snapshots.output_variance is
  'output_actual - output_target (units), generated.';
comment on column public.live_snapshots.variance_percent is
  'Deviation from the target (percent of the target); null when the target is 0.';
comment on column public.live_snapshots.status is
  'on_target within the tolerance (5 percent), else below_target or above_target.';
comment on column public.live_snapshots.oee_current is
  'Overall equipment effectiveness (percent); null when unknown.';
comment on column public.live_snapshots.oee_source is
  'reported by the plant, or computed (ISO 22400); null when OEE is unknown.';
comment on column public.live_snapshots.downtime_minutes is
  'Downtime inside the window, overlaps counted once (minutes); null when not all stops could be read.';
comment on column public.live_snapshots.good_count is
  'Good units in the window; null when quality was not read.';
comment on column public.live_snapshots.reject_count is
  'Rejected units in the window; null when quality was not read.';
comment on column public.live_snapshots.labor_headcount is
  'People at the asset, the latest figure of the window; null when not read.';
comment on column public.live_snapshots.is_catch_up is
  'Whether the row was written for a missed slot by a later poll.';
comment on column public.live_snapshots.is_time_ambiguous is
  'Whether the window touches the repeated hour of the autumn clock change.';
comment on column public.live_snapshots.run_id is
  'The run that last changed the row; null once that run''s record is gone.';

alter table public.live_snapshots enable row level security;

-- assets is itself under row level security: whoever sees the asset sees its snapshots.
create policy members_read on public.live_snapshots
for select to authenticated
using (asset_id in (select a.id from public.assets as a));

revoke all on table public.live_snapshots from public, anon, authenticated, service_role;
revoke all on sequence public.live_snapshots_id_seq from public, anon, authenticated, service_role;
grant select on table public.live_snapshots to authenticated;
grant select, insert, update, delete on table public.live_snapshots to service_role;

-- Late rows correct what was written: a claim tells the next run a fingerprint of the newest slots, so that only slots
-- with late rows are sent again. At a million rows, which is a day of 10,000 assets, a look for each slot takes 0.03 s
-- and reading the whole table 0.4 s.
create function public.slot_fingerprints(p_plant text, p_slots jsonb)
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
            coalesce(round(s.downtime_minutes * 10000)::text, '-')
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

comment on function public.slot_fingerprints(text, jsonb) is
  'A fingerprint of each of the given slots (a JSON list) of a plant: SHA-256 over asset, output, target and downtime '
  'in ten-thousandths. Equal to what the poll computes of the same snapshots.';

revoke all on function public.slot_fingerprints(text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.slot_fingerprints(text, jsonb) to service_role;

-- A slot's snapshots come as one list for each column. Objects name every column again for every snapshot: 2.5 MB for
-- 10,000 assets, three quarters of it names, which the poll writes, the wire carries and Postgres parses.
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

-- A slot may be read again: by a catch-up, which does not ask for OEE, quality and headcount, or by a person who asks
-- for a span, which does. What is not known then never takes the place of what is known.
create function public.upsert_snapshots(p_run public.pipeline_runs, p_slots jsonb)
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

comment on function public.upsert_snapshots(public.pipeline_runs, jsonb) is
  'Writes the snapshots of a run: new rows inserted, changed rows updated, equal rows left alone; returns the counts.';

revoke all on function public.upsert_snapshots(public.pipeline_runs, jsonb)
from public, anon, authenticated, service_role;
grant execute on function public.upsert_snapshots(public.pipeline_runs, jsonb) to service_role;

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

revoke all on function public.add_snapshot_counts(jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.add_snapshot_counts(jsonb, jsonb) to service_role;

create function public.write_live_pulse(p_run public.pipeline_runs, p_commit jsonb, p_now timestamptz)
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

revoke all on function public.write_live_pulse(public.pipeline_runs, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.write_live_pulse(public.pipeline_runs, jsonb, timestamptz) to service_role;

create function public.commit_live_pulse(p_fence uuid, p_commit jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_nothing constant jsonb := '{"snapshots": {"written": 0, "updated": 0, "unchanged": 0}, "assets_registered": 0}';
  v_run public.pipeline_runs := public.lock_run(p_fence);
begin
  if p_commit ->> 'status' is null or p_commit ->> 'status' not in ('succeeded', 'partial') then
    raise exception 'a commit is succeeded or partial, not %', p_commit -> 'status' using errcode = '22023';
  end if;

  if v_run.status in ('succeeded', 'partial') then
    return jsonb_build_object('answer', 'repeated', 'report', v_run.report) || v_nothing;
  end if;

  if v_run.status <> 'running' then
    return jsonb_build_object('answer', 'fenced', 'report', null) || v_nothing;
  end if;

  return public.write_live_pulse(v_run, p_commit, coalesce(p_now, clock_timestamp()));
end;
$$;

comment on function public.commit_live_pulse(uuid, jsonb, timestamptz) is
  'Commits a poll, or with is_final false a part of one, in one transaction: committed, repeated (it had ended) '
  'or fenced (it lost its lease or failed).';

revoke all on function public.commit_live_pulse(uuid, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.commit_live_pulse(uuid, jsonb, timestamptz) to service_role;
