-- Removes what is told of groups of tags.

drop function public.tag_list(text, timestamptz);

drop function public.tag_values(text, text, timestamptz);

drop function public.tag_status(text, timestamptz);
