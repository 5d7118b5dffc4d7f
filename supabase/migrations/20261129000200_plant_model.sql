-- What a plant consists of: assets, what their losses cost, what they should make in a shift. People keep these
-- tables; a poll reads them and adds only names that nobody has mapped.
-- New tables and functions: old code is not touched.

-- Asset names and reason codes are typed by people: trailing blanks, other letter case. One function says when two
-- of them are the same, so that indexes and queries cannot disagree.
create function public.normalise_key(p_text text)
returns text
language sql
immutable
strict
parallel safe
security invoker
set search_path = ''
as $$
  select lower(btrim(regexp_replace(p_text, '\s+', ' ', 'g')));
$$;

comment on function public.normalise_key(text) is
  'The form in which names are compared: trimmed, inner white space collapsed, lower case.';

revoke all on function public.normalise_key(text) from public, anon, authenticated, service_role;
grant execute on function public.normalise_key(text) to service_role;

-- What an hour of standstill and a scrapped unit cost: the Morning Report turns losses into money with it.
create table public.cost_centers (
  id bigint generated always as identity primary key,
  plant text not null check (btrim(plant) <> '' and plant <> '*'),
  name text not null check (btrim(name) <> ''),
  standard_hourly_rate numeric not null check (standard_hourly_rate >= 0 and standard_hourly_rate < 'infinity'),
  scrap_unit_cost numeric not null default 0 check (scrap_unit_cost >= 0 and scrap_unit_cost < 'infinity'),
  created_at timestamptz not null default now(),
  unique (plant, name),
  unique (id, plant)
);

comment on table public.cost_centers is 'Cost centers of a plant, with the rates that losses are priced at.';
comment on column public.cost_centers.id is 'Key.';
comment on column public.cost_centers.plant is 'Key of the plant in plantpulse.yaml.';
comment on column public.cost_centers.name is 'Name, unique in the plant.';
comment on column public.cost_centers.standard_hourly_rate is
  'Cost of one hour of downtime (US dollars per hour).';
comment on column public.cost_centers.scrap_unit_cost is 'Cost of one scrapped unit (US dollars per unit).';
comment on column public.cost_centers.created_at is 'When the row was made (UTC).';

alter table public.cost_centers enable row level security;

create policy members_read on public.cost_centers
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

revoke all on table public.cost_centers from public, anon, authenticated, service_role;
revoke all on sequence public.cost_centers_id_seq from public, anon, authenticated, service_role;
grant select on table public.cost_centers to authenticated;
grant select, insert, update, delete on table public.cost_centers to service_role;

-- The machines and lines of a plant: what every reading hangs on. A name that the source uses and nobody has mapped
-- is registered with is_mapped = false, so that even its safety events have an asset.
create table public.assets (
  id bigint generated always as identity primary key,
  plant text not null check (btrim(plant) <> '' and plant <> '*'),
  name text not null check (btrim(name) <> ''),
  source_name text not null check (btrim(source_name) <> '' and length(source_name) <= 200),
  source_key text not null generated always as (public.normalise_key(source_name)) stored,
  area text,
  cost_center_id bigint,
  ideal_units_per_hour numeric check (ideal_units_per_hour > 0 and ideal_units_per_hour < 'infinity'),
  is_active boolean not null default true,
  is_mapped boolean not null default true,
  created_at timestamptz not null default now(),
  unique (plant, source_key),
  unique (id, plant),
  foreign key (cost_center_id, plant) references public.cost_centers (id, plant) on delete restrict
);

create index assets_cost_center_idx on public.assets (cost_center_id, plant);

create index assets_unmapped_idx on public.assets (plant) where not is_mapped;

comment on table public.assets is
  'Machines and lines of a plant. Deleting one is refused while safety events or daily summaries name it.';
comment on column public.assets.id is 'Key.';
comment on column public.assets.plant is 'Key of the plant in plantpulse.yaml.';
comment on column public.assets.name is 'Name shown to people.';
comment on column public.assets.source_name is 'What the plant''s SQL Server calls the asset.';
comment on column public.assets.source_key is
  'source_name as it is compared: trimmed, white space collapsed, lower case (normalise_key); unique in the plant.';
comment on column public.assets.area is 'Area of the plant; null when nobody has said.';
comment on column public.assets.cost_center_id is 'Cost center of the same plant; null when nobody has said.';
comment on column public.assets.ideal_units_per_hour is
  'Ideal rate (units per hour), from which performance is computed; null when unknown.';
comment on column public.assets.is_active is
  'Whether the asset produces: only active, mapped assets get snapshots.';
comment on column public.assets.is_mapped is
  'Whether somebody has confirmed the asset; false for a name registered because the source used it.';
comment on column public.assets.created_at is 'When the row was made (UTC).';

alter table public.assets enable row level security;

create policy members_read on public.assets
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

revoke all on table public.assets from public, anon, authenticated, service_role;
revoke all on sequence public.assets_id_seq from public, anon, authenticated, service_role;
grant select on table public.assets to authenticated;
grant select, insert, update, delete on table public.assets to service_role;

-- What an asset should make in a shift. A poll prorates it over the working minutes of its window.
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

-- What a run must know of a plant travels in the answer to its claim: one call instead of many, and each list only
-- where it is asked for. The lists are json, not jsonb: they are only passed on, and building jsonb of 10,000 assets
-- with their 30,000 targets takes three times as long.
create function public.plant_assets(p_plant text)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg(asset), '[]')
  from (
    select a.id as asset_id, a.source_name, a.ideal_units_per_hour, a.is_active, a.is_mapped
    from public.assets as a
    where a.plant = p_plant
    order by a.id
  ) as asset;
$$;

comment on function public.plant_assets(text) is
  'All assets of a plant, inactive and unmapped ones included, as a JSON list.';

revoke all on function public.plant_assets(text) from public, anon, authenticated, service_role;
grant execute on function public.plant_assets(text) to service_role;

create function public.plant_shift_targets(p_plant text, p_since timestamptz)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg(target), '[]')
  from (
    select
      t.asset_id,
      t.shift_name,
      to_char(t.starts_at, 'HH24:MI') as starts_at,
      to_char(t.ends_at, 'HH24:MI') as ends_at,
      t.days_of_week,
      t.valid_from,
      t.valid_until,
      t.target_output,
      t.breaks
    from public.shift_targets as t
    join public.assets as a on a.id = t.asset_id
    where a.plant = p_plant
    -- Three days: the longest catch-up, a night shift, and any zone's distance from UTC.
    and (p_since is null or t.valid_until is null or t.valid_until > (p_since at time zone 'utc')::date - 3)
    order by t.id
  ) as target;
$$;

comment on function public.plant_shift_targets(text, timestamptz) is
  'The shift targets of a plant''s assets as a JSON list; those that ended well before p_since are left out.';

revoke all on function public.plant_shift_targets(text, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.plant_shift_targets(text, timestamptz) to service_role;

-- A plant of 10,000 assets has 30,000 shift targets but a handful of shift times. Repeating the times with every
-- target makes 8 MB a quarter of an hour, most of the time of a claim: here each pattern stands once.
create function public.plant_shift_patterns(p_plant text, p_since timestamptz)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg(pattern), '[]')
  from (
    select
      t.shift_name,
      to_char(t.starts_at, 'HH24:MI') as starts_at,
      to_char(t.ends_at, 'HH24:MI') as ends_at,
      t.days_of_week,
      t.valid_from,
      t.valid_until,
      t.breaks,
      -- Two lists side by side, in no stated order: sorting, or a pair for each, takes longer than the rest.
      json_agg(t.asset_id) as asset_ids,
      json_agg(t.target_output) as target_outputs
    from public.shift_targets as t
    join public.assets as a on a.id = t.asset_id
    where a.plant = p_plant
    -- Three days: the longest catch-up, a night shift, and any zone's distance from UTC.
    and (p_since is null or t.valid_until is null or t.valid_until > (p_since at time zone 'utc')::date - 3)
    group by
      t.shift_name, t.starts_at, t.ends_at, t.days_of_week, t.valid_from, t.valid_until, t.breaks
    order by min(t.id)
  ) as pattern;
$$;

comment on function public.plant_shift_patterns(text, timestamptz) is
  'The shift targets of a plant''s assets as a JSON list of shift patterns, each with the assets that work it '
  'and, in the same order, their target outputs (units a shift); those that ended well before p_since are left out.';

revoke all on function public.plant_shift_patterns(text, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.plant_shift_patterns(text, timestamptz) to service_role;

-- What losses cost and what people call the assets: lists of their own, because only the Morning Report needs them.
create function public.plant_cost_centers(p_plant text)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg(center), '[]')
  from (
    select c.standard_hourly_rate, c.scrap_unit_cost, json_agg(a.id) as asset_ids
    from public.cost_centers as c
    join public.assets as a on a.cost_center_id = c.id
    where a.plant = p_plant
    group by c.id
    order by c.id
  ) as center;
$$;

comment on function public.plant_cost_centers(text) is
  'The cost centers of a plant as a JSON list: rates (US dollars per hour and per unit) and the assets they hold for.';

revoke all on function public.plant_cost_centers(text) from public, anon, authenticated, service_role;
grant execute on function public.plant_cost_centers(text) to service_role;

create function public.plant_asset_names(p_plant text)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_object_agg(a.id, a.name), '{}')
  from public.assets as a
  where a.plant = p_plant;
$$;

comment on function public.plant_asset_names(text) is
  'What people call the assets of a plant: a JSON object from asset id to name.';

revoke all on function public.plant_asset_names(text) from public, anon, authenticated, service_role;
grant execute on function public.plant_asset_names(text) to service_role;

-- Names that the source uses and nobody has mapped become unmapped assets, so that a safety event has one. Dirty names
-- must not grow for ever: 200 a plant, then one asset stands for all others.
create function public.register_assets(p_plant text, p_names jsonb)
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

comment on function public.register_assets(text, jsonb) is
  'Registers unknown names (a JSON list) as unmapped assets of a plant, up to 200 unmapped ones; returns how many.';

revoke all on function public.register_assets(text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.register_assets(text, jsonb) to service_role;

create function public.overflow_asset(p_plant text)
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

comment on function public.overflow_asset(text) is
  'The asset that stands for all unknown names of a plant that are not registered; made when first needed.';

revoke all on function public.overflow_asset(text) from public, anon, authenticated, service_role;
grant execute on function public.overflow_asset(text) to service_role;
