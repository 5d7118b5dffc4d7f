-- The log of safety incidents. Nothing removes a row by cascade. Recording has a call of its own, before everything
-- else of a run: whatever fails later, the incidents stay. Recording one again changes nothing, so even a run that
-- lost its lease may record. New table and functions: old code is not touched.

create table public.safety_events (
  id bigint generated always as identity primary key,
  plant text not null check (btrim(plant) <> '' and plant <> '*'),
  asset_id bigint not null,
  source_asset text not null default '',
  source_id text check (source_id <> ''),
  event_timestamp timestamptz not null,
  source_timestamp timestamp not null,
  reason_code text not null check (btrim(reason_code) <> ''),
  severity text not null default 'critical' check (severity in ('low', 'medium', 'high', 'critical')),
  downtime_minutes numeric check (downtime_minutes >= 0 and downtime_minutes < 'infinity'),
  details text,
  is_acknowledged boolean not null default false,
  acknowledged_at timestamptz,
  acknowledged_by uuid,
  acknowledged_by_name text check (acknowledged_by_name <> ''),
  is_resolved boolean not null default false,
  resolved_at timestamptz,
  resolved_by uuid,
  resolved_by_name text check (resolved_by_name <> ''),
  resolution text,
  run_id bigint references public.pipeline_runs (id) on delete set null,
  recorded_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- No incident may be overwritten by another. A source that begins its ids anew, or a query over two tables, gives
  -- one id to two incidents: the day and the asset belong to the identity, so that at worst an incident stands twice.
  -- The same expressions as safety_identity(), spelled out: an index expression or a generated column that
  -- calls a function asks for EXECUTE of whoever acknowledges the event, and nobody signed in has that.
  identity text not null generated always as (
    case
      when source_id is not null then 'id:' || left(source_id, 400)
        || '|' || extract(epoch from date_trunc('day', source_timestamp))::text
        || '|' || left(lower(btrim(regexp_replace(source_asset, '\s+', ' ', 'g'))), 200)
      else 'at:' || extract(epoch from source_timestamp)::text
        || '|' || left(lower(btrim(regexp_replace(source_asset, '\s+', ' ', 'g'))), 200)
        || '|' || left(lower(btrim(regexp_replace(reason_code, '\s+', ' ', 'g'))), 200)
    end
  ) stored,
  constraint safety_events_identity_key unique (plant, identity),
  foreign key (asset_id, plant) references public.assets (id, plant) on delete restrict,
  constraint safety_events_resolution_check check (length(resolution) <= 4000),
  constraint safety_events_acknowledged_check check (
    is_acknowledged = (acknowledged_at is not null)
    and is_acknowledged = (acknowledged_by is not null or acknowledged_by_name is not null)
  ),
  constraint safety_events_resolved_check check (
    is_resolved = (resolved_at is not null)
    and is_resolved = (resolved_by is not null or resolved_by_name is not null)
  )
);

create index safety_events_plant_timestamp_idx on public.safety_events (plant, event_timestamp desc);

create index safety_events_asset_idx on public.safety_events (asset_id, plant, event_timestamp desc);

create index safety_events_unresolved_idx on public.safety_events (plant, event_timestamp desc) where not is_resolved;

create index safety_events_severity_idx on public.safety_events (plant, severity, event_timestamp desc);

create index safety_events_run_idx on public.safety_events (run_id);

comment on table public.safety_events is
  'Safety incidents, each once, however often and late its source row was read. Never deleted by cascade.';
comment on column public.safety_events.id is 'Key.';
comment on column public.safety_events.plant is 'Key of the plant in plantpulse.yaml.';
comment on column public.safety_events.asset_id is
  'The asset; the plant''s asset "(unknown assets)" when its name is unknown and no more names are taken up.';
comment on column public.safety_events.source_asset is 'The asset''s name as the source gave it.';
comment on column public.safety_events.source_id is
  'Key of the row in the source; null when its query returns none.';
comment on column public.safety_events.event_timestamp is 'When it happened (UTC).';
comment on column public.safety_events.source_timestamp is
  'When it happened as the source wrote it: plant-local time without a zone, so that the autumn hour cannot change it.';
comment on column public.safety_events.reason_code is 'Reason code as the source gave it.';
comment on column public.safety_events.identity is
  'What makes two source rows one incident, unique in the plant: asset and day beside the source_id, else asset, '
  'source timestamp and reason code.';
comment on column public.safety_events.severity is
  'low, medium, high or critical, by reason code in plantpulse.yaml.';
comment on column public.safety_events.downtime_minutes is
  'Downtime recorded with it (minutes); null when none was.';
comment on column public.safety_events.details is 'Free text of the source; null when none.';
comment on column public.safety_events.is_acknowledged is
  'Whether somebody has seen it; cannot be taken back by a user.';
comment on column public.safety_events.acknowledged_at is
  'When it was acknowledged (UTC), written by the database.';
comment on column public.safety_events.acknowledged_by is
  'User who acknowledged it; kept when the account is deleted, hence no foreign key.';
comment on column public.safety_events.acknowledged_by_name is
  'Who acknowledged it when it was done without a user account.';
comment on column public.safety_events.is_resolved is
  'Whether the incident is closed; cannot be taken back by a user.';
comment on column public.safety_events.resolved_at is 'When it was resolved (UTC), written by the database.';
comment on column public.safety_events.resolved_by is
  'User who resolved it; kept when the account is deleted, hence no foreign key.';
comment on column public.safety_events.resolved_by_name is
  'Who resolved it when it was done without a user account.';
comment on column public.safety_events.resolution is 'What was done; fixed once the incident is resolved.';
comment on column public.safety_events.run_id is
  'The run that first recorded it; null once that run''s record is gone.';
comment on column public.safety_events.recorded_at is 'When it was first recorded (UTC).';
comment on column public.safety_events.updated_at is 'When the source last changed it (UTC).';

alter table public.safety_events enable row level security;

create policy members_read on public.safety_events
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

revoke all on table public.safety_events from public, anon, authenticated, service_role;
revoke all on sequence public.safety_events_id_seq from public, anon, authenticated, service_role;
grant select on table public.safety_events to authenticated;
grant select, insert, update, delete on table public.safety_events to service_role;

-- What the column says, for rows that are not there yet.
create function public.safety_identity(
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

comment on function public.safety_identity(text, text, timestamp, text) is
  'What makes two source rows one incident; equal to the column safety_events.identity.';

revoke all on function public.safety_identity(text, text, timestamp, text)
from public, anon, authenticated, service_role;
grant execute on function public.safety_identity(text, text, timestamp, text) to service_role;

-- No incident may leave its asset.
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

revoke all on function public.asset_of_event(bigint, bigint) from public, anon, authenticated, service_role;
grant execute on function public.asset_of_event(bigint, bigint) to service_role;

create function public.upsert_safety_events(p_run public.pipeline_runs, p_events jsonb, p_now timestamptz)
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

comment on function public.upsert_safety_events(public.pipeline_runs, jsonb, timestamptz) is
  'Inserts new incidents of a run''s plant, updates those that the source changed, leaves the others and all signatures.';

revoke all on function public.upsert_safety_events(public.pipeline_runs, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.upsert_safety_events(public.pipeline_runs, jsonb, timestamptz) to service_role;

create function public.record_safety_events(p_fence uuid, p_events jsonb, p_now timestamptz default null)
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

comment on function public.record_safety_events(uuid, jsonb, timestamptz) is
  'Records safety events for a run, whatever its status, each incident once; returns counts and the new events.';

revoke all on function public.record_safety_events(uuid, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.record_safety_events(uuid, jsonb, timestamptz) to service_role;
