-- Recording locks incidents by identity again, and the functions that it was split into go.

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

drop function public.insert_safety_events(public.pipeline_runs, jsonb, bigint, timestamptz);
drop function public.update_safety_events(text, jsonb, bigint, timestamptz);
drop function public.changed_safety_events(text, jsonb, bigint);
drop function public.incoming_safety_events(text, jsonb);

create or replace function public.lock_safety_events(p_event_ids bigint[])
returns bigint[]
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_found bigint[];
begin
  -- In one order, so that two calls for the same events wait for one another instead of for each other.
  select array_agg(locked.id)
  into v_found
  from (
    select event.id
    from public.safety_events as event
    where event.id = any (p_event_ids)
    order by event.id
    for update
  ) as locked;
  return array(
    select distinct asked.id
    from unnest(p_event_ids) as asked (id)
    where asked.id <> all (coalesce(v_found, '{}'))
    order by asked.id
  );
end;
$$;
