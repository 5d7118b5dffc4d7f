-- Pages ask for no board any more.

drop function public.board_asset(text, bigint, timestamptz);
drop function public.board_day(text, timestamptz);
drop function public.board(text, timestamptz);
drop function public.board_told(text, bigint, timestamptz);
drop function public.board_plants(timestamptz);
drop function public.stops_once(jsonb);
drop function public.board_machines(jsonb, bigint, timestamptz, timestamptz, integer);
drop function public.board_poll(jsonb, timestamptz);
drop function public.board_plant(text);
