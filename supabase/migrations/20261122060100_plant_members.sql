-- Who may see which plant. Being signed in shows nothing, because sign-up may be open: every policy of
-- the later tables asks this one, so it comes first. New table: old code is not touched.

create table public.plant_members (
  user_id uuid not null references auth.users (id) on delete cascade,
  plant text not null check (btrim(plant) <> ''),
  role text not null check (role in ('viewer', 'operator', 'manager')),
  created_at timestamptz not null default now(),
  primary key (user_id, plant)
);

comment on table public.plant_members is
  'Membership of users in plants: what row level security grants, it grants through a row here.';
comment on column public.plant_members.user_id is
  'The user (auth.users); the membership ends with the account.';
comment on column public.plant_members.plant is 'Key of the plant in plantpulse.yaml, or * for all plants.';
comment on column public.plant_members.role is
  'viewer reads; operator also acknowledges and resolves safety events; manager also reads rejected records.';
comment on column public.plant_members.created_at is 'When the membership was given (UTC).';

alter table public.plant_members enable row level security;

create policy users_read_own_memberships on public.plant_members
for select to authenticated
using (user_id = (select auth.uid()));

revoke all on table public.plant_members from public, anon, authenticated, service_role;
grant select on table public.plant_members to authenticated;
grant select, insert, update, delete on table public.plant_members to service_role;
