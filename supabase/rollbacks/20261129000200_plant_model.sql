-- Takes the tables away, and everything in them.

drop function public.overflow_asset(text);
drop function public.register_assets(text, jsonb);
drop function public.plant_asset_names(text);
drop function public.plant_cost_centers(text);
drop function public.plant_shift_patterns(text, timestamptz);
drop function public.plant_shift_targets(text, timestamptz);
drop function public.plant_assets(text);
drop table public.shift_targets;
drop table public.assets;
drop table public.cost_centers;
drop function public.normalise_key(text);
