-- Who may see which plant. Being signed in shows nothing, because sign-up may be open: every policy of the later
-- tables asks this one, so it comes first. New table and function: old code is not touched.

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
  'viewer reads; operator also acknowledges and resolves safety events; manager also reads rejected records and '
  'may ask for runs by hand.';
comment on column public.plant_members.created_at is 'When the membership was given (UTC).';

alter table public.plant_members enable row level security;

create policy users_read_own_memberships on public.plant_members
for select to authenticated
using (user_id = (select auth.uid()));

revoke all on table public.plant_members from public, anon, authenticated, service_role;
grant select on table public.plant_members to authenticated;
grant select, insert, update, delete on table public.plant_members to service_role;

-- A function that is called from a browser knows its caller as a user of the project. Before it does anything else
-- it must know which plants that user may poll by hand.
create function public.managed_plants(p_user_id uuid)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object('plants', coalesce(jsonb_agg(member.plant order by member.plant), '[]'))
  from public.plant_members as member
  where member.user_id = p_user_id
  and member.role = 'manager';
$$;

comment on function public.managed_plants(uuid) is
  'The plants that a user is a manager of, which is who may ask for a run by hand; * stands for all plants.';

revoke all on function public.managed_plants(uuid) from public, anon, authenticated, service_role;
grant execute on function public.managed_plants(uuid) to service_role;
