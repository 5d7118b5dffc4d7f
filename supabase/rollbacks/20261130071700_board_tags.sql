-- Afterwards there is no page of machine tags.

drop function public.board_tags(text, boolean, timestamptz);
drop function public.tag_group_hour(integer, timestamptz);
