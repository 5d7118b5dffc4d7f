-- Removes the history of a tag.

drop function public.tag_history(text, text, text, timestamptz, timestamptz, text, timestamptz);
