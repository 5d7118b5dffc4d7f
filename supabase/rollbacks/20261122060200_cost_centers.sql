-- Takes the table away, and everything in it.

drop table public.cost_centers;
