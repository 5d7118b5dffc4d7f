-- No incident may be overwritten by another, and none may leave its asset. A source that begins its ids anew, or
-- a query over two tables, gives one id to two incidents: the day and the asset now belong to the identity, so
-- that at worst an incident stands twice. To old code nothing changes.

alter table public.safety_events
  drop constraint safety_events_identity_key,
  drop column identity,
  add column identity text not null generated always as (
    case
      when source_id is not null then 'id:' || left(source_id, 400)
        || '|' || extract(epoch from date_trunc('day', source_timestamp))::text
        || '|' || left(lower(btrim(regexp_replace(source_asset, '\s+', ' ', 'g'))), 200)
      else 'at:' || extract(epoch from source_timestamp)::text
        || '|' || left(lower(btrim(regexp_replace(source_asset, '\s+', ' ', 'g'))), 200)
        || '|' || left(lower(btrim(regexp_replace(reason_code, '\s+', ' ', 'g'))), 200)
    end
  ) stored,
  add constraint safety_events_identity_key unique (plant, identity);

comment on column public.safety_events.identity is
  'What makes two source rows one incident, unique in the plant: asset and day beside the source_id, else asset, '
  'source timestamp and reason code.';

alter table public.safety_events
  add constraint safety_events_resolution_check check (length(resolution) <= 4000);

alter table public.pipeline_runs
  add constraint pipeline_runs_finite_check check (
    isfinite(slot) and isfinite(window_start) and isfinite(window_until)
    and isfinite(lease_expires_at) and isfinite(snapshots_until) and isfinite(safety_until)
    and isfinite(catch_up_from) and isfinite(catch_up_until)
  );

create function public.asset_of_event(p_present bigint, p_read bigint)
returns bigint
language sql
stable
security invoker
set search_path = ''
as $$
  select case
    when exists (select 1 from public.assets as a where a.id = p_present and a.is_mapped) then p_present
    else p_read
  end;
$$;

comment on function public.asset_of_event(bigint, bigint) is
  'The asset that a recorded event belongs to when it is read again: a mapped one keeps it, whatever its name is by now.';

create or replace function public.safety_identity(
  p_source_id text, p_source_asset text, p_source_timestamp timestamp, p_reason_code text
)
returns text
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select case
    when p_source_id is not null then 'id:' || left(p_source_id, 400)
      || '|' || extract(epoch from date_trunc('day', p_source_timestamp))::text
      || '|' || left(public.normalise_key(p_source_asset), 200)
    else 'at:' || extract(epoch from p_source_timestamp)::text
      || '|' || left(public.normalise_key(p_source_asset), 200)
      || '|' || left(public.normalise_key(p_reason_code), 200)
  end;
$$;

create or replace function public.upsert_safety_events(p_run public.pipeline_runs, p_events jsonb, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_overflow_id bigint;
  v_answer jsonb;
begin
  select public.overflow_asset(p_run.plant) into v_overflow_id
  where exists (
    select 1
    from jsonb_array_elements(p_events) as event (value)
    where not exists (
      select 1
      from public.assets as a
      where a.plant = p_run.plant
      and a.source_key = public.normalise_key(event.value ->> 'source_asset')
    )
  );

  with incoming as (
    -- One row an incident: ON CONFLICT cannot touch a row twice. The last one of the list counts.
    select distinct on (identity) *
    from (
      select
        nullif(btrim(source.source_id), '') as source_id,
        coalesce(source.source_asset, '') as source_asset,
        source.event_timestamp,
        source.source_timestamp,
        coalesce(nullif(btrim(source.reason_code), ''), '(unknown)') as reason_code,
        coalesce(source.severity, 'critical') as severity,
        -- A minus sign in the source is no reason to lose an incident.
        case
          when source.downtime_minutes >= 0 and source.downtime_minutes < 'infinity' then source.downtime_minutes
        end as downtime_minutes,
        source.details,
        source.position,
        public.safety_identity(
          nullif(btrim(source.source_id), ''), coalesce(source.source_asset, ''),
          source.source_timestamp, coalesce(nullif(btrim(source.reason_code), ''), '(unknown)')
        ) as identity
      from rows from (jsonb_to_recordset(p_events) as (
        source_id text, source_asset text, event_timestamp timestamptz, source_timestamp timestamp,
        reason_code text, severity text, downtime_minutes numeric, details text
      )) with ordinality as source (
        source_id, source_asset, event_timestamp, source_timestamp,
        reason_code, severity, downtime_minutes, details, position
      )
    ) as identified
    order by identity, position desc
  ),
  kept as (
    insert into public.safety_events as event (
      plant, asset_id, source_asset, source_id, event_timestamp, source_timestamp, reason_code,
      severity, downtime_minutes, details, run_id, recorded_at, updated_at
    )
    select
      p_run.plant, coalesce(a.id, v_overflow_id), i.source_asset, i.source_id, i.event_timestamp,
      i.source_timestamp, i.reason_code, i.severity, i.downtime_minutes, i.details, p_run.id, p_now, p_now
    from incoming as i
    left join public.assets as a
      on a.plant = p_run.plant and a.source_key = public.normalise_key(i.source_asset)
    order by i.identity
    on conflict (plant, identity) do update
    set
      asset_id = public.asset_of_event(event.asset_id, excluded.asset_id),
      source_asset = excluded.source_asset,
      event_timestamp = excluded.event_timestamp,
      source_timestamp = excluded.source_timestamp,
      reason_code = excluded.reason_code,
      severity = excluded.severity,
      downtime_minutes = excluded.downtime_minutes,
      details = excluded.details,
      updated_at = excluded.updated_at
    where (
      event.asset_id, event.source_asset, event.event_timestamp, event.source_timestamp,
      event.reason_code, event.severity, event.downtime_minutes, event.details
    ) is distinct from (
      public.asset_of_event(event.asset_id, excluded.asset_id), excluded.source_asset, excluded.event_timestamp, excluded.source_timestamp,
      excluded.reason_code, excluded.severity, excluded.downtime_minutes, excluded.details
    )
    -- A row this statement inserted has no xmax; one it updated carries the lock it took.
    returning event.*, (event.xmax = 0) as is_new
  ),
  news as (
    select kept.id, kept.asset_id, kept.source_asset, kept.event_timestamp, kept.reason_code, kept.severity
    from kept
    where kept.is_new
    union
    -- Recorded by this very run before: the reply to that call was lost, or this is its repetition.
    select event.id, event.asset_id, event.source_asset, event.event_timestamp, event.reason_code, event.severity
    from public.safety_events as event
    join incoming as i on i.identity = event.identity
    where event.plant = p_run.plant and event.run_id = p_run.id
  )
  select jsonb_build_object(
    'recorded', count(*) filter (where kept.is_new),
    'updated', count(*) filter (where not kept.is_new),
    'unchanged', (select count(*) from incoming) - count(*),
    'new_events', coalesce((
      select jsonb_agg(jsonb_build_object(
        'safety_event_id', news.id,
        'asset_id', news.asset_id,
        'source_asset', news.source_asset,
        'event_timestamp', news.event_timestamp,
        'reason_code', news.reason_code,
        'severity', news.severity
      ) order by news.event_timestamp, news.id)
      from news
    ), '[]')
  )
  into v_answer
  from kept;
  return v_answer;
end;
$$;

create or replace function public.lock_run(p_fence uuid)
returns public.pipeline_runs
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_run public.pipeline_runs;
begin
  select run.* into v_run
  from public.pipeline_runs as run
  where run.fence = p_fence
  -- Not `for update`: a safety event that is being recorded refers to the run and must not wait for it.
  for no key update;
  if not found then
    raise exception 'unknown fence';
  end if;
  return v_run;
end;
$$;

create or replace function public.register_assets(p_plant text, p_names jsonb)
returns integer
language sql
security invoker
set search_path = ''
as $$
  -- One at a time for each plant, or two could fill the same seats.
  select pg_catalog.pg_advisory_xact_lock(hashtextextended('register_assets ' || p_plant, 0));

  with room as (
    select greatest(200 - count(*), 0) as seats
    from public.assets as a
    where a.plant = p_plant
    and not a.is_mapped
    and a.source_key <> '(unknown assets)'
  ),
  named as (
    select public.normalise_key(n.name) as key, min(btrim(n.name)) as name
    from jsonb_array_elements_text(p_names) as n (name)
    where length(btrim(n.name)) <= 200
    group by 1
  ),
  registered as (
    insert into public.assets (plant, name, source_name, is_mapped)
    select p_plant, named.name, named.name, false
    from named
    where named.key not in ('', '(unknown assets)')
    and not exists (select 1 from public.assets as a where a.plant = p_plant and a.source_key = named.key)
    -- The same order everywhere: two sessions registering the same names wait, but never for each other.
    order by named.key
    limit (select room.seats from room)
    on conflict (plant, source_key) do nothing
    returning 1
  )
  select count(*)::integer from registered;
$$;

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
      -- An asset of another plant becomes null here, which the table refuses.
      a.id, i.snapshot_timestamp, i.window_start, i.output_actual, i.slot_output, i.output_target,
      i.variance_percent, i.status, i.oee_current, i.oee_source, coalesce(i.downtime_minutes, 0),
      i.good_count, i.reject_count, i.labor_headcount,
      coalesce(i.is_catch_up, false), coalesce(i.is_time_ambiguous, false), p_run.id
    from incoming as i
    left join public.assets as a on a.id = i.asset_id and a.plant = p_run.plant
    -- An asset that was deleted while the poll ran is left out: it must not take the others with it.
    where i.asset_id is null or exists (select 1 from public.assets as existing where existing.id = i.asset_id)
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
    'unchanged', (
      select count(*)
      from incoming as i
      where exists (select 1 from public.assets as existing where existing.id = i.asset_id)
    ) - count(*)
  )
  from kept;
$$;

revoke all on function public.asset_of_event(bigint, bigint) from public, anon, authenticated, service_role;
grant execute on function public.asset_of_event(bigint, bigint) to service_role;
