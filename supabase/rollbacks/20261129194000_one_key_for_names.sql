-- Names are compared in lower case by Postgres again; an asset that was added since under the lower case of another
-- is no obstacle, because that stayed unique all the time.

set lock_timeout = '2s';

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

create or replace function public.overflow_asset(p_plant text)
returns bigint
language sql
security invoker
set search_path = ''
as $$
  insert into public.assets (plant, name, source_name, is_mapped)
  values (p_plant, '(unknown assets)', '(unknown assets)', false)
  on conflict (plant, source_key) do nothing;

  select a.id
  from public.assets as a
  where a.plant = p_plant and a.source_key = '(unknown assets)';
$$;

create or replace function public.incoming_safety_events(p_plant text, p_events jsonb)
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

create or replace function public.changed_safety_events(p_plant text, p_incoming jsonb, p_overflow_id bigint)
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

create or replace function public.insert_safety_events(
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

create or replace function public.record_safety_events(p_fence uuid, p_events jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_run public.pipeline_runs;
begin
  select run.* into v_run
  from public.pipeline_runs as run
  where run.fence = p_fence;
  if not found then
    raise exception 'unknown fence';
  end if;

  perform public.register_assets(v_run.plant, jsonb_path_query_array(p_events, '$[*].source_asset'));
  return public.upsert_safety_events(v_run, p_events, coalesce(p_now, clock_timestamp()));
end;
$$;

create or replace function public.import_assets(p_plant text, p_columns text[], p_rows jsonb, p_is_dry_run boolean)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_wanted jsonb;
  v_errors jsonb;
begin
  select
    jsonb_agg(jsonb_build_object(
      'line', given.line,
      'key', jsonb_build_object('source_name', coalesce(existing.source_name, given.source_name)),
      'before', case when existing.id is not null then jsonb_build_object(
        'name', existing.name,
        'area', existing.area,
        'cost_center', existing_center.name,
        'ideal_units_per_hour', existing.ideal_units_per_hour,
        'is_active', existing.is_active,
        'is_mapped', existing.is_mapped
      ) end,
      'after', jsonb_build_object(
        'name', coalesce(
          case when 'name' = any (p_columns) then given.name end, existing.name, given.source_name
        ),
        'area', case when 'area' = any (p_columns) then given.area else existing.area end,
        'cost_center', case
          when 'cost_center' = any (p_columns) then center.name
          else existing_center.name
        end,
        'ideal_units_per_hour', case
          when 'ideal_units_per_hour' = any (p_columns) then given.ideal_units_per_hour
          else existing.ideal_units_per_hour
        end,
        'is_active', coalesce(
          case when 'is_active' = any (p_columns) then given.is_active end, existing.is_active, true
        ),
        'is_mapped', true
      )
    )),
    jsonb_agg(jsonb_build_object(
      'line', given.line,
      'column', case when given.first_line < given.line then 'source_name' else 'cost_center' end,
      'message', case
        when given.first_line < given.line then format('the same asset as in line %s', given.first_line)
        else format('there is no cost center %s: import it first', to_json(given.cost_center))
      end
    ) order by given.line)
    filter (where given.first_line < given.line or given.cost_center is not null and center.id is null)
  into v_wanted, v_errors
  from (
    select
      row.*,
      public.normalise_key(row.source_name) as source_key,
      min(row.line) over (partition by public.normalise_key(row.source_name)) as first_line
    from jsonb_to_recordset(p_rows) as row (
      line integer,
      source_name text,
      name text,
      area text,
      cost_center text,
      ideal_units_per_hour numeric,
      is_active boolean
    )
  ) as given
  left join public.assets as existing
    on existing.plant = p_plant and existing.source_key = given.source_key
  left join public.cost_centers as existing_center on existing_center.id = existing.cost_center_id
  left join public.cost_centers as center on center.plant = p_plant and center.name = given.cost_center;

  if v_errors is null and not p_is_dry_run then
    insert into public.assets as kept (
      plant, source_name, name, area, cost_center_id, ideal_units_per_hour, is_active, is_mapped
    )
    select
      p_plant,
      wanted.key ->> 'source_name',
      wanted.after ->> 'name',
      wanted.after ->> 'area',
      center.id,
      (wanted.after ->> 'ideal_units_per_hour')::numeric,
      (wanted.after ->> 'is_active')::boolean,
      true
    from jsonb_to_recordset(coalesce(v_wanted, '[]')) as wanted (key jsonb, after jsonb)
    left join public.cost_centers as center
      on center.plant = p_plant and center.name = wanted.after ->> 'cost_center'
    on conflict (plant, source_key) do update set
      name = excluded.name,
      area = excluded.area,
      cost_center_id = excluded.cost_center_id,
      ideal_units_per_hour = excluded.ideal_units_per_hour,
      is_active = excluded.is_active,
      is_mapped = true
    where (kept.name, kept.area, kept.cost_center_id, kept.ideal_units_per_hour, kept.is_active, kept.is_mapped)
      is distinct from (
        excluded.name, excluded.area, excluded.cost_center_id, excluded.ideal_units_per_hour, excluded.is_active, true
      );
  end if;
  return public.import_answer(v_wanted, v_errors);
end;
$$;

create or replace function public.import_shift_targets(p_plant text, p_columns text[], p_rows jsonb, p_is_dry_run boolean)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_wanted jsonb;
  v_errors jsonb;
begin
  select
    jsonb_agg(jsonb_build_object(
      'line', given.line,
      'asset_id', asset.id,
      'key', jsonb_build_object(
        'asset', coalesce(asset.source_name, given.asset),
        'shift_name', given.shift_name,
        'valid_from', coalesce(given.valid_from, '2000-01-01')
      ),
      'before', case when existing.id is not null then jsonb_build_object(
        'starts_at', to_char(existing.starts_at, 'HH24:MI'),
        'ends_at', to_char(existing.ends_at, 'HH24:MI'),
        'days_of_week', existing.days_of_week,
        'valid_until', existing.valid_until,
        'target_output', existing.target_output,
        'breaks', existing.breaks
      ) end,
      'after', jsonb_build_object(
        'starts_at', given.starts_at,
        'ends_at', given.ends_at,
        'days_of_week', coalesce(
          case when 'days_of_week' = any (p_columns) then given.days_of_week end,
          existing.days_of_week,
          '{1,2,3,4,5}'
        ),
        'valid_until', case
          when 'valid_until' = any (p_columns) then given.valid_until
          else existing.valid_until
        end,
        'target_output', given.target_output,
        'breaks', coalesce(
          case when 'breaks' = any (p_columns) then coalesce(given.breaks, '[]') end, existing.breaks, '[]'
        )
      )
    )),
    jsonb_agg(jsonb_build_object(
      'line', given.line,
      'column', 'asset',
      'message', format('there is no asset %s: import it first', to_json(given.asset))
    ) order by given.line) filter (where asset.id is null)
  into v_wanted, v_errors
  from jsonb_to_recordset(p_rows) as given (
    line integer,
    asset text,
    shift_name text,
    starts_at text,
    ends_at text,
    days_of_week smallint[],
    valid_from date,
    valid_until date,
    target_output numeric,
    breaks jsonb
  )
  left join public.assets as asset
    on asset.plant = p_plant and asset.source_key = public.normalise_key(given.asset)
  left join public.shift_targets as existing
    on existing.asset_id = asset.id
    and existing.shift_name = given.shift_name
    and existing.valid_from = coalesce(given.valid_from, '2000-01-01');

  v_errors := coalesce(v_errors, public.overlapping_targets(v_wanted));
  if v_errors is null and not p_is_dry_run then
    insert into public.shift_targets as kept (
      asset_id, shift_name, valid_from, starts_at, ends_at, days_of_week, valid_until, target_output, breaks
    )
    select
      wanted.asset_id,
      wanted.key ->> 'shift_name',
      (wanted.key ->> 'valid_from')::date,
      (wanted.after ->> 'starts_at')::time,
      (wanted.after ->> 'ends_at')::time,
      array(select jsonb_array_elements_text(wanted.after -> 'days_of_week')::smallint),
      (wanted.after ->> 'valid_until')::date,
      (wanted.after ->> 'target_output')::numeric,
      wanted.after -> 'breaks'
    from jsonb_to_recordset(coalesce(v_wanted, '[]')) as wanted (asset_id bigint, key jsonb, after jsonb)
    on conflict (asset_id, shift_name, valid_from) do update set
      starts_at = excluded.starts_at,
      ends_at = excluded.ends_at,
      days_of_week = excluded.days_of_week,
      valid_until = excluded.valid_until,
      target_output = excluded.target_output,
      breaks = excluded.breaks
    where (kept.starts_at, kept.ends_at, kept.days_of_week, kept.valid_until, kept.target_output, kept.breaks)
      is distinct from (
        excluded.starts_at,
        excluded.ends_at,
        excluded.days_of_week,
        excluded.valid_until,
        excluded.target_output,
        excluded.breaks
      );
  end if;
  return public.import_answer(v_wanted, v_errors);
end;
$$;

drop trigger assets_rename on public.assets;

drop trigger assets_fill_name_key on public.assets;

drop function public.fill_name_key();

drop function public.correct_incident_keys(text, jsonb);

drop function public.incident_key(text, text, timestamp, text);

drop function public.correct_asset_keys(text, jsonb);

drop function public.keyed_names(jsonb);

alter table public.assets drop column name_key;

alter table public.safety_events drop column incident_key;

drop function public.fallback_key(text);

comment on function public.normalise_key(text) is
  'The form in which names are compared: trimmed, inner white space collapsed, lower case.';

comment on column public.assets.source_key is
  'source_name as it is compared: trimmed, white space collapsed, lower case (normalise_key); unique in the plant.';

comment on column public.safety_events.identity is
  'What makes two source rows one incident, unique in the plant: asset and day beside the source_id, else asset, '
  'source timestamp and reason code.';
