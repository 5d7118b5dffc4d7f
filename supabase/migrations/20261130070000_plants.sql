-- The board shows a plant's name, its clock and when its next data is due. Only plantpulse.yaml knows them, and a page cannot
-- read that. Each poll tells them with its commit, and they are written when they differ. The table lists no plants that
-- exist, and no membership depends on it (docs/decisions/0120). New table and function; old code tells nothing, and then
-- nothing is written.

create table public.plants (
  plant text primary key check (btrim(plant) <> '' and plant <> '*'),
  name text not null check (btrim(name) <> '' and length(name) <= 200),
  time_zone text not null check (btrim(time_zone) <> '' and length(time_zone) <= 100),
  language text check (length(language) <= 35),
  currency text check (length(currency) <= 3),
  slot_minutes integer not null check (slot_minutes between 1 and 1440),
  window_minutes integer not null check (window_minutes between 1 and 10080),
  schedules jsonb not null default '{}' check (jsonb_typeof(schedules) = 'object' and length(schedules::text) <= 10000),
  updated_at timestamptz not null default now()
);

comment on table public.plants is
  'How people know a plant, as its newest deployment told it: for pages, not for rights. Written by the commit of a poll.';
comment on column public.plants.plant is 'Key of the plant in plantpulse.yaml.';
comment on column public.plants.name is 'Name shown to people; the key where the plant has no other.';
comment on column public.plants.time_zone is 'IANA name of the zone of the plant''s clock, as in plantpulse.yaml.';
comment on column public.plants.language is 'Language of the plant''s people, such as en; null when it was not told.';
comment on column public.plants.currency is 'Currency of the plant''s costs (ISO 4217); null when it was not told.';
comment on column public.plants.slot_minutes is 'A slot of the live pulse is due every so many minutes, counted from midnight UTC.';
comment on column public.plants.window_minutes is 'Length of the rolling window of a snapshot (minutes).';
comment on column public.plants.schedules is
  'When the plant''s pipelines are due, by pipeline: {"every_minutes": 15}, or {"at": "06:00"} on the plant''s clock.';
comment on column public.plants.updated_at is 'When a poll last changed the row (UTC).';

alter table public.plants enable row level security;

create policy members_read on public.plants
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

revoke all on table public.plants from public, anon, authenticated, service_role;
grant select on table public.plants to authenticated;
grant select, insert, update, delete on table public.plants to service_role;

-- Only a run that holds its fence comes here, and a plant has one such run at a time: an instance of an older deployment
-- that ends late is refused before, so it does not bring back what it knows.
create function public.tell_plant(p_run public.pipeline_runs, p_plant jsonb, p_now timestamptz)
returns void
language sql
security invoker
set search_path = ''
as $$
  insert into public.plants as known (
    plant, name, time_zone, language, currency, slot_minutes, window_minutes, schedules, updated_at
  )
  select
    p_run.plant, told.name, told.time_zone, told.language, told.currency, told.slot_minutes, told.window_minutes,
    coalesce(told.schedules, '{}'), p_now
  from jsonb_to_record(nullif(p_plant, 'null')) as told (
    name text, time_zone text, language text, currency text, slot_minutes integer, window_minutes integer, schedules jsonb
  )
  where told.name is not null
  on conflict (plant) do update
  set
    name = excluded.name,
    time_zone = excluded.time_zone,
    language = excluded.language,
    currency = excluded.currency,
    slot_minutes = excluded.slot_minutes,
    window_minutes = excluded.window_minutes,
    schedules = excluded.schedules,
    updated_at = excluded.updated_at
  where (
    known.name, known.time_zone, known.language, known.currency, known.slot_minutes, known.window_minutes, known.schedules
  ) is distinct from (
    excluded.name, excluded.time_zone, excluded.language, excluded.currency, excluded.slot_minutes,
    excluded.window_minutes, excluded.schedules
  );
$$;

comment on function public.tell_plant(public.pipeline_runs, jsonb, timestamptz) is
  'Writes how people know the plant of a run, if it differs from what is there; only write_live_pulse calls it.';

revoke all on function public.tell_plant(public.pipeline_runs, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.tell_plant(public.pipeline_runs, jsonb, timestamptz) to service_role;

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
  perform public.tell_plant(p_run, p_commit -> 'plant', p_now);

  if v_is_final then
    v_report := public.finish_run(
      p_run.id,
      p_commit ->> 'status',
      coalesce(p_commit -> 'report', '{}') || jsonb_build_object(
        'counts', public.add_snapshot_counts(p_commit -> 'report' -> 'counts', v_snapshots)
      ),
      p_now,
      p_commit
    );
  else
    update public.pipeline_runs as run
    set
      snapshots_until = (p_commit ->> 'snapshots_until')::timestamptz,
      safety_until = (p_commit ->> 'safety_until')::timestamptz,
      catch_up_from = (p_commit ->> 'catch_up_from')::timestamptz,
      catch_up_until = (p_commit ->> 'catch_up_until')::timestamptz
    where run.id = p_run.id;
  end if;

  return jsonb_build_object(
    'answer', 'committed',
    'report', v_report,
    'snapshots', v_snapshots,
    'assets_registered', v_registered
  );
end;
$$;
