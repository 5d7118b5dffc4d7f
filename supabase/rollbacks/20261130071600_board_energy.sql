-- Afterwards there is no page of energy and prices.

drop function public.board_energy(text, integer, timestamptz);
drop function public.series_blocks(integer, timestamptz, timestamptz);
