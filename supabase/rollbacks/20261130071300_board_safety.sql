-- Afterwards there is no page of incidents.

drop function public.board_safety(text, integer, timestamptz);
drop function public.signs_for(text);
