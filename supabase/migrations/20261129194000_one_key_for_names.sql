-- Names that are the same to people were two to the database: it compared lower(name), which knows neither the Turkish
-- i's nor final sigma, NFD or no-break blanks. Two assets shared one count, and an import of another spelling said
-- "unchanged". Now whoever calls hands in the key (normalise_key in plant/text.py) with each name, and Postgres
-- compares keys: assets.name_key, safety_events.incident_key (docs/decisions/0062).
-- Rows that are there: assets get the key that SQL can compute (fallback_key); the next poll or import that names one
-- in its own spelling corrects the few that it cannot (unusual letters that fold to two). Of several assets with one
-- key the mapped one, else the oldest, gets it; the others keep their history and get nothing new; `plantpulse check`
-- names them. Incidents get their key when they are read again, found by the old identity.
-- Works beside old code: its bare names get SQL's key. The generated columns source_key and identity stay for this.
-- Locks assets for as long as 10,000 of them take (a second), safety_events for a moment.

set lock_timeout = '2s';

create function public.fallback_key(p_text text)
returns text
language sql
immutable
strict
parallel safe
security invoker
set search_path = ''
as $$
  select btrim(left(btrim(normalize(regexp_replace(
    translate(
      replace(replace(lower(translate(
        regexp_replace(normalize(p_text, nfkc), '[\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFF8]', '', 'g'), U&'I\0130\0131\03C2', U&'iii\03C3'
      )), U&'i\0307', 'i'), U&'\00DF', 'ss'),
      U&'\03AC\03AD\03AE\03AF\03CC\03CD\03CE\0390\03B0', U&'\03B1\03B5\03B7\03B9\03BF\03C5\03C9\03CA\03CB'
    ),
    '[\s\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]+', ' ', 'g'
  ), nfkc)), 400));
$$;

comment on function public.fallback_key(text) is
  'The key of a name as well as SQL can compute it, for names that come without one; normalise_key in plant/text.py decides.';

revoke all on function public.fallback_key(text) from public, anon, authenticated, service_role;
grant execute on function public.fallback_key(text) to service_role;

comment on function public.normalise_key(text) is
  'A name in lower case with single blanks, as names were compared before they had keys; finds rows of that time.';

alter table public.assets add column name_key text;

-- A unit separator stands in no key that Python computes: what has one is found by no name.
update public.assets as a
set name_key = ranked.key || case when ranked.place > 1 then chr(31) || a.id else '' end
from (
  select
    b.id,
    public.fallback_key(b.source_name) as key,
    row_number() over (
      partition by b.plant, public.fallback_key(b.source_name) order by b.is_mapped desc, b.is_active desc, b.id
    ) as place
  from public.assets as b
) as ranked
where ranked.id = a.id;

alter table public.assets alter column name_key set not null;

alter table public.assets add constraint assets_plant_name_key_key unique (plant, name_key);

comment on column public.assets.name_key is
  'What source_name is compared by (normalise_key in plant/text.py), handed in with it; unique in the plant.';
comment on column public.assets.source_key is
  'source_name in lower case, as it was compared before it had a key; finds assets whose key SQL computed.';

-- People keep this table in SQL editors too, and a name that comes without a key must not be refused.
create function public.fill_name_key()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  new := jsonb_populate_record(
    new, jsonb_build_object(tg_argv[1], public.fallback_key(to_jsonb(new) ->> tg_argv[0]))
  );
  return new;
end;
$$;

comment on function public.fill_name_key() is
  'Computes the key of a name that was written without one; arguments: the name''s column and the key''s.';

revoke all on function public.fill_name_key() from public, anon, authenticated, service_role;

create trigger assets_fill_name_key
before insert on public.assets
for each row when (new.name_key is null)
execute function public.fill_name_key('source_name', 'name_key');

create trigger assets_rename
before update of source_name on public.assets
for each row when (new.source_name is distinct from old.source_name and new.name_key = old.name_key)
execute function public.fill_name_key('source_name', 'name_key');

alter table public.safety_events add column incident_key text;

create unique index safety_events_incident_key_idx on public.safety_events (plant, incident_key);

comment on column public.safety_events.incident_key is
  'What makes two source rows one incident: as identity, with the keys of asset and reason code. Null: recorded before '
  'there were keys, and not read since.';
comment on column public.safety_events.identity is
  'As incident_key, with names in lower case: by it incidents are found that have no key yet.';

create function public.incident_key(
  p_source_id text, p_asset_key text, p_source_timestamp timestamp, p_reason_key text
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
      || '|' || left(p_asset_key, 200)
    else 'at:' || extract(epoch from p_source_timestamp)::text
      || '|' || left(p_asset_key, 200)
      || '|' || left(p_reason_key, 200)
  end;
$$;

comment on function public.incident_key(text, text, timestamp, text) is
  'What makes two source rows one incident: day and asset beside the source_id, else asset, time and reason code.';

revoke all on function public.incident_key(text, text, timestamp, text)
from public, anon, authenticated, service_role;
grant execute on function public.incident_key(text, text, timestamp, text) to service_role;

create function public.correct_incident_keys(p_plant text, p_incoming jsonb)
returns void
language sql
security invoker
set search_path = ''
as $$
  update public.safety_events as event
  set incident_key = i.incident_key
  from jsonb_populate_recordset(null::public.safety_events, p_incoming) as i
  where event.plant = p_plant
  and event.identity = i.identity
  and event.incident_key is distinct from i.incident_key
  and not exists (
    select 1 from public.safety_events as other where other.plant = p_plant and other.incident_key = i.incident_key
  );
$$;

comment on function public.correct_incident_keys(text, jsonb) is
  'Gives recorded incidents that were found by their old identity the key that they are read with.';

revoke all on function public.correct_incident_keys(text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.correct_incident_keys(text, jsonb) to service_role;

-- Names come with their keys: {"name": ..., "key": ...}. A bare name, as older code hands in, is given one here.
create function public.keyed_names(p_names jsonb)
returns table (name text, key text)
language sql
immutable
security invoker
set search_path = ''
as $$
  select given.name, coalesce(given.key, public.fallback_key(given.name))
  from (
    select
      coalesce(one.value ->> 'name', case when jsonb_typeof(one.value) = 'string' then one.value #>> '{}' end) as name,
      one.value ->> 'key' as key
    from jsonb_array_elements(p_names) as one (value)
  ) as given
  where given.name is not null;
$$;

comment on function public.keyed_names(jsonb) is
  'Names and their keys from a JSON list; a name without a key gets the one that SQL can compute.';

revoke all on function public.keyed_names(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.keyed_names(jsonb) to service_role;

create function public.correct_asset_keys(p_plant text, p_names jsonb)
returns integer
language sql
security invoker
set search_path = ''
as $$
  with corrected as (
    update public.assets as a
    set name_key = given.key
    from (select distinct on (named.key) named.key, named.name from public.keyed_names(p_names) as named) as given
    where a.plant = p_plant
    -- Found by the lower case of before: a name that is spelt as it was.
    and a.source_key = public.normalise_key(given.name)
    and a.name_key <> given.key
    and not exists (select 1 from public.assets as b where b.plant = p_plant and b.name_key = given.key)
    returning 1
  )
  select count(*)::integer from corrected;
$$;

comment on function public.correct_asset_keys(text, jsonb) is
  'Gives assets the keys that come with their names, where SQL computed another one; returns how many.';

revoke all on function public.correct_asset_keys(text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.correct_asset_keys(text, jsonb) to service_role;

create or replace function public.register_assets(p_plant text, p_names jsonb)
returns integer
language sql
security invoker
set search_path = ''
as $$
  -- One at a time for each plant, or two could fill the same seats.
  select pg_catalog.pg_advisory_xact_lock(hashtextextended('register_assets ' || p_plant, 0));

  select public.correct_asset_keys(p_plant, p_names);

  with room as (
    select greatest(200 - count(*), 0) as seats
    from public.assets as a
    where a.plant = p_plant
    and not a.is_mapped
    and a.name_key <> '(unknown assets)'
  ),
  named as (
    select n.key, min(btrim(n.name)) as name
    from public.keyed_names(p_names) as n
    where length(btrim(n.name)) <= 200
    group by 1
  ),
  registered as (
    insert into public.assets (plant, name, source_name, name_key, is_mapped)
    select p_plant, named.name, named.name, named.key, false
    from named
    where named.key not in ('', '(unknown assets)')
    and not exists (select 1 from public.assets as a where a.plant = p_plant and a.name_key = named.key)
    -- The same order everywhere: two sessions registering the same names wait, but never for each other.
    order by named.key
    limit (select room.seats from room)
    on conflict do nothing
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
  insert into public.assets (plant, name, source_name, name_key, is_mapped)
  values (p_plant, '(unknown assets)', '(unknown assets)', '(unknown assets)', false)
  on conflict do nothing;

  select a.id
  from public.assets as a
  where a.plant = p_plant and a.name_key = '(unknown assets)';
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
    select distinct on (identified.incident_key)
      identified.incident_key, identified.identity, a.id as asset_id, identified.source_asset, identified.source_id,
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
        coalesce(source.asset_key, public.fallback_key(coalesce(source.source_asset, ''))) as asset_key,
        public.incident_key(
          nullif(btrim(source.source_id), ''),
          coalesce(source.asset_key, public.fallback_key(coalesce(source.source_asset, ''))),
          source.source_timestamp,
          coalesce(
            source.reason_key,
            public.fallback_key(coalesce(nullif(btrim(source.reason_code), ''), '(unknown)'))
          )
        ) as incident_key,
        public.safety_identity(
          nullif(btrim(source.source_id), ''), coalesce(source.source_asset, ''),
          source.source_timestamp, coalesce(nullif(btrim(source.reason_code), ''), '(unknown)')
        ) as identity
      from rows from (jsonb_to_recordset(p_events) as (
        source_id text, source_asset text, event_timestamp timestamptz, source_timestamp timestamp,
        reason_code text, severity text, downtime_minutes numeric, details text, asset_key text, reason_key text
      )) with ordinality as source (
        source_id, source_asset, event_timestamp, source_timestamp,
        reason_code, severity, downtime_minutes, details, asset_key, reason_key, position
      )
    ) as identified
    left join public.assets as a
      on a.plant = p_plant and a.name_key = identified.asset_key
    order by identified.incident_key, identified.position desc
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
  join public.safety_events as event on event.plant = p_plant and event.incident_key = i.incident_key
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
      severity, downtime_minutes, details, run_id, recorded_at, updated_at, incident_key
    )
    select
      p_run.plant, coalesce(i.asset_id, p_overflow_id), i.source_asset, i.source_id, i.event_timestamp,
      i.source_timestamp, i.reason_code, i.severity, i.downtime_minutes, i.details, p_run.id, p_now, p_now, i.incident_key
    from jsonb_populate_recordset(null::public.safety_events, p_incoming) as i
    where not exists (
      select 1
      from public.safety_events as event
      where event.plant = p_run.plant and event.incident_key = i.incident_key
    )
    order by i.incident_key
    -- Calls for one plant come one after the other (register_assets), so this is for rows that come another way.
    on conflict do nothing
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

  perform public.correct_incident_keys(p_run.plant, v_incoming);
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
    left join public.safety_events as event on event.plant = p_run.plant and event.incident_key = i.incident_key
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

  perform public.register_assets(v_run.plant, (
    select coalesce(jsonb_agg(jsonb_build_object('name', one.source_asset, 'key', one.asset_key)), '[]')
    from jsonb_to_recordset(p_events) as one (source_asset text, asset_key text)
  ));
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
  perform public.correct_asset_keys(p_plant, (
    select coalesce(jsonb_agg(jsonb_build_object('name', row.source_name, 'key', row.name_key)), '[]')
    from jsonb_to_recordset(p_rows) as row (source_name text, name_key text)
  ));

  select
    jsonb_agg(jsonb_build_object(
      'line', given.line,
      'name_key', given.name_key,
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
      row.line, row.source_name, row.name, row.area, row.cost_center, row.ideal_units_per_hour, row.is_active,
      coalesce(row.name_key, public.fallback_key(row.source_name)) as name_key,
      min(row.line) over (
        partition by coalesce(row.name_key, public.fallback_key(row.source_name))
      ) as first_line
    from jsonb_to_recordset(p_rows) as row (
      line integer,
      source_name text,
      name text,
      area text,
      cost_center text,
      ideal_units_per_hour numeric,
      is_active boolean,
      name_key text
    )
  ) as given
  left join public.assets as existing
    on existing.plant = p_plant and existing.name_key = given.name_key
  left join public.cost_centers as existing_center on existing_center.id = existing.cost_center_id
  left join public.cost_centers as center on center.plant = p_plant and center.name = given.cost_center;

  if v_errors is null and not p_is_dry_run then
    insert into public.assets as kept (
      plant, source_name, name_key, name, area, cost_center_id, ideal_units_per_hour, is_active, is_mapped
    )
    select
      p_plant,
      wanted.key ->> 'source_name',
      wanted.name_key,
      wanted.after ->> 'name',
      wanted.after ->> 'area',
      center.id,
      (wanted.after ->> 'ideal_units_per_hour')::numeric,
      (wanted.after ->> 'is_active')::boolean,
      true
    from jsonb_to_recordset(coalesce(v_wanted, '[]')) as wanted (name_key text, key jsonb, after jsonb)
    left join public.cost_centers as center
      on center.plant = p_plant and center.name = wanted.after ->> 'cost_center'
    on conflict (plant, name_key) do update set
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
    breaks jsonb,
    asset_key text
  )
  left join public.assets as asset
    on asset.plant = p_plant and asset.name_key = coalesce(given.asset_key, public.fallback_key(given.asset))
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
