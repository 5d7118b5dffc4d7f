-- The log of safety incidents. Nothing removes a row by cascade, and what a person signed stays signed:
-- a trigger writes who and when, so that nobody can sign for another. New table: old code is not touched.

create table public.safety_events (
  id bigint generated always as identity primary key,
  plant text not null check (btrim(plant) <> '' and plant <> '*'),
  asset_id bigint not null,
  source_asset text not null default '',
  source_id text check (source_id <> ''),
  event_timestamp timestamptz not null,
  source_timestamp timestamp not null,
  reason_code text not null check (btrim(reason_code) <> ''),
  -- The same expressions as safety_identity(), spelled out: an index expression or a generated column that
  -- calls a function asks for EXECUTE of whoever acknowledges the event, and nobody signed in has that.
  identity text not null generated always as (
    case
      when source_id is not null then 'id:' || left(source_id, 400)
      else 'at:' || extract(epoch from source_timestamp)::text
        || '|' || left(lower(btrim(regexp_replace(source_asset, '\s+', ' ', 'g'))), 200)
        || '|' || left(lower(btrim(regexp_replace(reason_code, '\s+', ' ', 'g'))), 200)
    end
  ) stored,
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
  constraint safety_events_identity_key unique (plant, identity),
  foreign key (asset_id, plant) references public.assets (id, plant) on delete restrict,
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
  'What makes two source rows one incident: source_id, else source timestamp, asset and reason code; unique in the plant.';
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

create function public.sign_safety_event()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_user constant uuid := auth.uid();
begin
  if v_user is not null
    and (old.is_acknowledged and not new.is_acknowledged or old.is_resolved and not new.is_resolved) then
    raise exception 'an acknowledgement or resolution cannot be withdrawn' using errcode = '42501';
  end if;
  if v_user is not null and old.is_resolved and new.resolution is distinct from old.resolution then
    raise exception 'the resolution of a resolved event cannot be changed' using errcode = '42501';
  end if;

  if new.is_acknowledged and not old.is_acknowledged then
    new.acknowledged_at := clock_timestamp();
    new.acknowledged_by := coalesce(v_user, new.acknowledged_by);
  elsif not new.is_acknowledged then
    new.acknowledged_at := null;
    new.acknowledged_by := null;
    new.acknowledged_by_name := null;
  end if;

  if new.is_resolved and not old.is_resolved then
    new.resolved_at := clock_timestamp();
    new.resolved_by := coalesce(v_user, new.resolved_by);
  elsif not new.is_resolved then
    new.resolved_at := null;
    new.resolved_by := null;
    new.resolved_by_name := null;
  end if;
  return new;
end;
$$;

comment on function public.sign_safety_event() is
  'Trigger: writes who acknowledged or resolved an event and when; refuses a user who would take either back.';

create trigger sign_safety_event
before update of is_acknowledged, is_resolved, resolution on public.safety_events
for each row execute function public.sign_safety_event();

alter table public.safety_events enable row level security;

create policy members_read on public.safety_events
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

create policy operators_and_managers_sign on public.safety_events
for update to authenticated
using (
  plant in (
    select m.plant
    from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager')
  )
  or exists (
    select 1
    from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager') and m.plant = '*'
  )
)
with check (
  plant in (
    select m.plant
    from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager')
  )
  or exists (
    select 1
    from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager') and m.plant = '*'
  )
);

revoke all on table public.safety_events from public, anon, authenticated, service_role;
revoke all on sequence public.safety_events_id_seq from public, anon, authenticated, service_role;
revoke all on function public.sign_safety_event() from public, anon, authenticated, service_role;
grant select on table public.safety_events to authenticated;
grant update (is_acknowledged, is_resolved, resolution) on table public.safety_events to authenticated;
grant select, insert, update, delete on table public.safety_events to service_role;
