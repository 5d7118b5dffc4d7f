-- Functions that take the tokens of Supabase users must be gone before.

drop function public.managed_plants(uuid);

comment on column public.plant_members.role is
  'viewer reads; operator also acknowledges and resolves safety events; manager also reads rejected records.';
