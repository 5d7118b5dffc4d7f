-- Recording locked incidents in the order of their identity, also those that the source had not changed; signing locks
-- them by id. So the two met in deadlocks (9 in 8 s under load), which a browser hears as an error 500. Now all functions
-- lock by id, recording touches only what the source changed, and whoever waits too long lets go of what it holds.
-- To old code nothing changes: the answers are the same.

create or replace function public.lock_safety_events(p_event_ids bigint[])
returns bigint[]
language plpgsql
security invoker
set search_path = ''
-- Shorter than deadlock_timeout (1 s): then it is this function that gives way, and never a person's request.
set lock_timeout = '300ms'
as $$
declare
  v_found bigint[];
begin
  loop
    begin
      -- In one order, so that two calls for the same events wait for one another instead of for each other.
      -- Not `for update`: whoever refers to an event must not wait for it.
      select array_agg(locked.id)
      into v_found
      from (
        select event.id
        from public.safety_events as event
        where event.id = any (p_event_ids)
        order by event.id
        for no key update
      ) as locked;
      exit;
    exception
      -- A user's update over many rows locks them in an order of its own, and may wait for a row that is held here.
      -- What was locked above is free by now: let the other go on, then begin anew. The statement time-out ends it.
      when lock_not_available or deadlock_detected then
        perform pg_catalog.pg_sleep(0.02);
    end;
  end loop;
  return array(
    select distinct asked.id
    from unnest(p_event_ids) as asked (id)
    where asked.id <> all (coalesce(v_found, '{}'))
    order by asked.id
  );
end;
$$;

-- Worked out once for a call and handed on: names and identities take longer than all the rest.
create function public.incoming_safety_events(p_plant text, p_events jsonb)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(jsonb_agg(incoming), '[]')
  from (
    -- One row an incident: none can be written twice at once. The last one of the list counts.
    select distinct on (identified.identity)
      identified.identity, a.id as asset_id, identified.source_asset, identified.source_id,
      identified.event_timestamp, identified.source_timestamp, identified.reason_code, identified.severity,
      identified.downtime_minutes, identified.details
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
    left join public.assets as a
      on a.plant = p_plant and a.source_key = public.normalise_key(identified.source_asset)
    order by identified.identity, identified.position desc
  ) as incoming;
$$;

comment on function public.incoming_safety_events(text, jsonb) is
  'The incidents of a call as rows of safety_events (a JSON list), each once, with identity; asset_id is null for a name '
  'that is not registered.';

revoke all on function public.incoming_safety_events(text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.incoming_safety_events(text, jsonb) to service_role;

create function public.changed_safety_events(p_plant text, p_incoming jsonb, p_overflow_id bigint)
returns table (
  id bigint, asset_id bigint, source_asset text, event_timestamp timestamptz, source_timestamp timestamp,
  reason_code text, severity text, downtime_minutes numeric, details text
)
language sql
stable
security invoker
set search_path = ''
as $$
  select
    event.id, belongs.asset_id, i.source_asset, i.event_timestamp, i.source_timestamp,
    i.reason_code, i.severity, i.downtime_minutes, i.details
  from jsonb_populate_recordset(null::public.safety_events, p_incoming) as i
  join public.safety_events as event on event.plant = p_plant and event.identity = i.identity
  cross join lateral public.asset_of_event(
    event.asset_id, coalesce(i.asset_id, p_overflow_id)
  ) as belongs (asset_id)
  where (
    event.asset_id, event.source_asset, event.event_timestamp, event.source_timestamp,
    event.reason_code, event.severity, event.downtime_minutes, event.details
  ) is distinct from (
    belongs.asset_id, i.source_asset, i.event_timestamp, i.source_timestamp,
    i.reason_code, i.severity, i.downtime_minutes, i.details
  );
$$;

comment on function public.changed_safety_events(text, jsonb, bigint) is
  'The recorded incidents that a call would change, by id, with what they would become.';

revoke all on function public.changed_safety_events(text, jsonb, bigint)
from public, anon, authenticated, service_role;
grant execute on function public.changed_safety_events(text, jsonb, bigint) to service_role;

create function public.update_safety_events(
  p_plant text, p_incoming jsonb, p_overflow_id bigint, p_now timestamptz
)
returns integer
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_changed constant bigint[] := array(
    select changed.id from public.changed_safety_events(p_plant, p_incoming, p_overflow_id) as changed
  );
  v_updated integer;
begin
  if cardinality(v_changed) = 0 then
    return 0;
  end if;

  perform public.lock_safety_events(v_changed);
  -- Asked anew, because somebody may have written them while the locks were waited for.
  update public.safety_events as event
  set
    asset_id = changed.asset_id,
    source_asset = changed.source_asset,
    event_timestamp = changed.event_timestamp,
    source_timestamp = changed.source_timestamp,
    reason_code = changed.reason_code,
    severity = changed.severity,
    downtime_minutes = changed.downtime_minutes,
    details = changed.details,
    updated_at = p_now
  from public.changed_safety_events(p_plant, p_incoming, p_overflow_id) as changed
  where event.id = changed.id
  and event.id = any (v_changed);
  get diagnostics v_updated = row_count;
  return v_updated;
end;
$$;

comment on function public.update_safety_events(text, jsonb, bigint, timestamptz) is
  'Updates the recorded incidents that the source changed, and touches no other; returns how many.';

revoke all on function public.update_safety_events(text, jsonb, bigint, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.update_safety_events(text, jsonb, bigint, timestamptz) to service_role;

create function public.insert_safety_events(
  p_run public.pipeline_runs, p_incoming jsonb, p_overflow_id bigint, p_now timestamptz
)
returns integer
language sql
security invoker
set search_path = ''
as $$
  with inserted as (
    insert into public.safety_events (
      plant, asset_id, source_asset, source_id, event_timestamp, source_timestamp, reason_code,
      severity, downtime_minutes, details, run_id, recorded_at, updated_at
    )
    select
      p_run.plant, coalesce(i.asset_id, p_overflow_id), i.source_asset, i.source_id, i.event_timestamp,
      i.source_timestamp, i.reason_code, i.severity, i.downtime_minutes, i.details, p_run.id, p_now, p_now
    from jsonb_populate_recordset(null::public.safety_events, p_incoming) as i
    where not exists (
      select 1
      from public.safety_events as event
      where event.plant = p_run.plant and event.identity = i.identity
    )
    order by i.identity
    -- Calls for one plant come one after the other (register_assets), so this is for rows that come another way.
    on conflict (plant, identity) do nothing
    returning 1
  )
  select count(*)::integer from inserted;
$$;

comment on function public.insert_safety_events(public.pipeline_runs, jsonb, bigint, timestamptz) is
  'Inserts the incidents that are not recorded yet; returns how many.';

revoke all on function public.insert_safety_events(public.pipeline_runs, jsonb, bigint, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.insert_safety_events(public.pipeline_runs, jsonb, bigint, timestamptz)
to service_role;

create or replace function public.upsert_safety_events(p_run public.pipeline_runs, p_events jsonb, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_incoming constant jsonb := public.incoming_safety_events(p_run.plant, p_events);
  v_overflow_id bigint;
  v_updated integer;
  v_recorded integer;
begin
  select public.overflow_asset(p_run.plant) into v_overflow_id
  where v_incoming @? '$[*] ? (@.asset_id == null)';

  -- Waiting comes first: nobody can wait for a row that is not there yet.
  v_updated := public.update_safety_events(p_run.plant, v_incoming, v_overflow_id, p_now);
  v_recorded := public.insert_safety_events(p_run, v_incoming, v_overflow_id, p_now);

  return (
    select jsonb_build_object(
      'recorded', v_recorded,
      'updated', v_updated,
      'unchanged', count(*) - v_recorded - v_updated,
      -- Those of this very run: recorded now, or before, when the reply to that call was lost.
      'new_events', coalesce(jsonb_agg(jsonb_build_object(
        'safety_event_id', event.id,
        'asset_id', event.asset_id,
        'source_asset', event.source_asset,
        'event_timestamp', event.event_timestamp,
        'reason_code', event.reason_code,
        'severity', event.severity
      ) order by event.event_timestamp, event.id) filter (where event.run_id = p_run.id), '[]')
    )
    from jsonb_populate_recordset(null::public.safety_events, v_incoming) as i
    left join public.safety_events as event on event.plant = p_run.plant and event.identity = i.identity
  );
end;
$$;
