-- Energy and commodity values had no place. Each series has its newest values in one table and what they replaced in
-- another, so that "as known at" can be answered. New tables: old code is not touched.

set lock_timeout = '2s';

create table public.series (
  id integer generated always as identity primary key,
  key text not null unique check (btrim(key) <> '' and length(key) <= 200),
  kind text not null check (btrim(kind) <> ''),
  subject text not null check (btrim(subject) <> ''),
  part text check (btrim(part) <> ''),
  source text not null check (btrim(source) <> ''),
  unit text not null,
  time_zone text not null check (btrim(time_zone) <> ''),
  "group" text not null check (btrim("group") <> ''),
  longest_minutes integer not null default 1 check (longest_minutes between 1 and 527040),
  known_at timestamptz not null default '-infinity',
  created_at timestamptz not null
);

create index series_group_idx on public.series ("group");
create index series_kind_idx on public.series (kind);

comment on table public.series is 'One row per series of values, such as the day-ahead prices of DE.';
comment on column public.series.id is 'Key.';
comment on column public.series.key is 'Name for people: subject/kind, and /part if there is one.';
comment on column public.series.kind is 'What its values are, such as load.';
comment on column public.series.subject is 'The area or the commodity.';
comment on column public.series.part is
  'What tells series of one kind and subject apart: an auction, a type of production, a source; null for the only one.';
comment on column public.series.source is 'Who publishes it: entsoe, eia, fred or yahoo.';
comment on column public.series.unit is 'Unit of its values, such as EUR/MWh. It never changes.';
comment on column public.series.time_zone is 'IANA zone of its local days.';
comment on column public.series."group" is
  'Series of one group complete each other: only what all of them lack is a gap. The own key where nothing does.';
comment on column public.series.longest_minutes is 'Length of the longest interval it ever had (minutes).';
comment on column public.series.known_at is
  'When the newest reply about it came (UTC); a reply that is not newer is entered into the past.';
comment on column public.series.created_at is 'When it was first stored (UTC).';

create table public.series_points (
  series_id integer not null references public.series (id),
  at timestamptz not null check (isfinite(at)),
  minutes integer not null check (minutes between 1 and 527040),
  value numeric check (value > -1e30 and value < 1e30 and scale(value) <= 30),
  known_at timestamptz not null check (isfinite(known_at)),
  primary key (series_id, at)
);

comment on table public.series_points is
  'The newest values of each series. The intervals of a series never overlap: a coarse one replaces finer ones inside '
  'it, and the other way round.';
comment on column public.series_points.series_id is 'The series.';
comment on column public.series_points.at is 'Start of the interval (UTC).';
comment on column public.series_points.minutes is 'Length of the interval (minutes).';
comment on column public.series_points.value is 'The value in the unit of the series; null = published as missing.';
comment on column public.series_points.known_at is
  'When the reply came that first had this value (UTC); it has held since.';

create table public.series_revisions (
  series_id integer not null references public.series (id),
  at timestamptz not null check (isfinite(at)),
  minutes integer not null check (minutes between 1 and 527040),
  value numeric check (value > -1e30 and value < 1e30 and scale(value) <= 30),
  known_at timestamptz not null check (isfinite(known_at)),
  superseded_at timestamptz not null check (isfinite(superseded_at)),
  primary key (series_id, at, known_at),
  constraint series_revisions_order_check check (known_at < superseded_at)
);

comment on table public.series_revisions is
  'What held before: values that were corrected later, or replaced by values of another length.';
comment on column public.series_revisions.series_id is 'The series.';
comment on column public.series_revisions.at is 'Start of the interval (UTC).';
comment on column public.series_revisions.minutes is 'Length of the interval (minutes).';
comment on column public.series_revisions.value is 'The value in the unit of the series; null = published as missing.';
comment on column public.series_revisions.known_at is 'From when on it held (UTC).';
comment on column public.series_revisions.superseded_at is
  'When the reply came that replaced it (UTC): from then on it did not hold any more.';

create table public.series_readings (
  id bigint generated always as identity primary key,
  series_id integer not null references public.series (id),
  known_at timestamptz not null check (isfinite(known_at)),
  starts_at timestamptz not null,
  until timestamptz not null,
  stored_at timestamptz not null,
  constraint series_readings_once unique (series_id, known_at, starts_at),
  constraint series_readings_order_check check (starts_at < until)
);

create index series_readings_stored_idx on public.series_readings (stored_at, id);

comment on table public.series_readings is
  'What each reply covered. A value that was read again unchanged is written nowhere else, and an older reply that comes '
  'late must not replace it.';
comment on column public.series_readings.id is 'Key.';
comment on column public.series_readings.series_id is 'The series.';
comment on column public.series_readings.known_at is 'When the reply came (UTC).';
comment on column public.series_readings.starts_at is 'Start of its first interval (UTC).';
comment on column public.series_readings.until is 'End of its last interval (UTC); there is no hole between.';
comment on column public.series_readings.stored_at is 'When it was stored (UTC).';

alter table public.series enable row level security;
alter table public.series_points enable row level security;
alter table public.series_revisions enable row level security;
alter table public.series_readings enable row level security;

-- They are of no plant, so members of any plant read them, as they read the runs that collect them.
create policy members_read on public.series
for select to authenticated
using (exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid())));

create policy members_read on public.series_points
for select to authenticated
using (exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid())));

create policy members_read on public.series_revisions
for select to authenticated
using (exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid())));

create policy members_read on public.series_readings
for select to authenticated
using (exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid())));

revoke all on table public.series from public, anon, authenticated, service_role;
revoke all on table public.series_points from public, anon, authenticated, service_role;
revoke all on table public.series_revisions from public, anon, authenticated, service_role;
revoke all on table public.series_readings from public, anon, authenticated, service_role;
revoke all on sequence public.series_id_seq from public, anon, authenticated, service_role;
revoke all on sequence public.series_readings_id_seq from public, anon, authenticated, service_role;
grant select on table public.series to authenticated;
grant select on table public.series_points to authenticated;
grant select on table public.series_revisions to authenticated;
grant select on table public.series_readings to authenticated;
grant select, insert, update, delete on table public.series to service_role;
grant select, insert, update, delete on table public.series_points to service_role;
grant select, insert, update, delete on table public.series_revisions to service_role;
grant select, insert, update, delete on table public.series_readings to service_role;
