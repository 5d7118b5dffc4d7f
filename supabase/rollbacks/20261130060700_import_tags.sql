-- Removes the import of groups of tags.

drop function public.import_tags(jsonb, timestamptz);

drop function public.apply_tag_import(text, jsonb, jsonb, text[], timestamptz);
