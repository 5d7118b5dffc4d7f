-- Removes groups of machine tags.

set lock_timeout = '2s';

drop table public.tags;

drop table public.tag_groups;

drop function public.place_tag();

drop function public.stamp_tag_group();
