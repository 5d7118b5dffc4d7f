-- What an asset should make in a shift. A poll prorates it over the working minutes of its window.
-- New table: old code is not touched.

create table public.shift_targets (
  id bigint generated always as identity primary key,
  asset_id bigint not null references public.assets (id) on delete cascade,
  shift_name text not null check (btrim(shift_name) <> ''),
  starts_at time not null check (extract(second from starts_at) = 0 and starts_at < '24:00'),
  ends_at time not null check (extract(second from ends_at) = 0 and ends_at < '24:00'),
  days_of_week smallint[] not null default '{1,2,3,4,5}'
    check (days_of_week <@ '{1,2,3,4,5,6,7}'::smallint[] and cardinality(days_of_week) between 1 and 7),
  valid_from date not null default '2000-01-01',
  valid_until date,
  target_output numeric not null check (target_output >= 0 and target_output < 'infinity'),
  breaks jsonb not null default '[]',
  created_at timestamptz not null default now(),
  unique (asset_id, shift_name, valid_from),
  check (starts_at <> ends_at),
  check (valid_until > valid_from),
  constraint shift_targets_breaks_check check (
    jsonb_typeof(breaks) = 'array'
    and not breaks @? 'strict $[*] ? (!(
      @.starts_at like_regex "^([01][0-9]|2[0-3]):[0-5][0-9]$"
      && @.ends_at like_regex "^([01][0-9]|2[0-3]):[0-5][0-9]$"
      && @.starts_at != @.ends_at))'
    and not breaks @? 'strict $[*] ? ((
      @.starts_at like_regex "^([01][0-9]|2[0-3]):[0-5][0-9]$"
      && @.ends_at like_regex "^([01][0-9]|2[0-3]):[0-5][0-9]$") is unknown)'
  )
);

comment on table public.shift_targets is 'Target output of an asset per shift, on the plant''s local clock.';
comment on column public.shift_targets.id is 'Key.';
comment on column public.shift_targets.asset_id is 'The asset.';
comment on column public.shift_targets.shift_name is 'Name of the shift, such as early, late or night.';
comment on column public.shift_targets.starts_at is 'Start (plant-local time, whole minutes).';
comment on column public.shift_targets.ends_at is
  'End (plant-local time, whole minutes); earlier than starts_at when the shift crosses midnight.';
comment on column public.shift_targets.days_of_week is
  'Days on which the shift starts (ISO: 1 = Monday ... 7 = Sunday).';
comment on column public.shift_targets.valid_from is
  'First local date on which the shift starts under this target.';
comment on column public.shift_targets.valid_until is
  'Local date from which the target no longer holds; null = no end.';
comment on column public.shift_targets.target_output is 'Units to make in the whole shift.';
comment on column public.shift_targets.breaks is
  'Planned breaks, a list of {"starts_at": "09:00", "ends_at": "09:15"} (plant-local); no target accrues in them.';
comment on column public.shift_targets.created_at is 'When the row was made (UTC).';

alter table public.shift_targets enable row level security;

-- assets is itself under row level security: whoever sees the asset sees its targets.
create policy members_read on public.shift_targets
for select to authenticated
using (asset_id in (select a.id from public.assets as a));

revoke all on table public.shift_targets from public, anon, authenticated, service_role;
revoke all on sequence public.shift_targets_id_seq from public, anon, authenticated, service_role;
grant select on table public.shift_targets to authenticated;
grant select, insert, update, delete on table public.shift_targets to service_role;
