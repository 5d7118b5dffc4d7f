-- Takes the function away; no data is lost.

drop function public.plant_model(text, jsonb, timestamptz);
