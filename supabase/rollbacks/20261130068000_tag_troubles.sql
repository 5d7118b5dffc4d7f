-- Removes what health asks of groups of tags. Deploy the code of before first.

drop function public.tag_troubles(timestamptz);
