-- A function that is called from a browser knows its caller as a user of the project, and must know which
-- plants that user may poll by hand before it does anything else.
-- New function: old code is not touched.

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

comment on column public.plant_members.role is
  'viewer reads; operator also acknowledges and resolves safety events; manager also reads rejected records and '
  'may ask for runs by hand.';

revoke all on function public.managed_plants(uuid) from public, anon, authenticated, service_role;
grant execute on function public.managed_plants(uuid) to service_role;
