-- Takes the table away, and everything in it.

drop function public.managed_plants(uuid);
drop table public.plant_members;
