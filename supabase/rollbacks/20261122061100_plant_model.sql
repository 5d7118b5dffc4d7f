-- Takes the functions away; no data is lost.

drop function public.plant_shift_targets(text, timestamptz);
drop function public.plant_assets(text);
