-- The machines and lines of a plant: what every reading hangs on. A name that the source uses and nobody
-- has mapped is registered with is_mapped = false, so that even its safety events have an asset.
-- New table: old code is not touched.

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
