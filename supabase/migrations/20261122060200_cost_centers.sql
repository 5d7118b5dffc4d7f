-- What an hour of standstill and a scrapped unit cost: the Morning Report turns losses into money with it.
-- New table: old code is not touched.

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
