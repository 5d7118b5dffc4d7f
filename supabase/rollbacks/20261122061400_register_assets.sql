-- Takes the functions away; no data is lost.

drop function public.overflow_asset(text);
drop function public.register_assets(text, jsonb);
