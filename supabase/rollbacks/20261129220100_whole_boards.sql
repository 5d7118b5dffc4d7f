-- Takes the functions away that answer a board's questions whole.

drop function public.snapshots_by_slot(text, integer, timestamptz);

drop function public.latest_snapshots(text);
