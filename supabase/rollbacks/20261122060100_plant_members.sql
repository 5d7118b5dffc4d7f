-- Takes the table away, and everything in it.

drop table public.plant_members;
