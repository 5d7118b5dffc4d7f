-- Takes the function away; no data is lost.

drop function public.normalise_key(text);
