-- Asset names and reason codes are typed by people: trailing blanks, other letter case. One function says
-- when two of them are the same, so that indexes and queries cannot disagree. New: old code is not touched.

create function public.normalise_key(p_text text)
returns text
language sql
immutable
strict
parallel safe
security invoker
set search_path = ''
as $$
  select lower(btrim(regexp_replace(p_text, '\s+', ' ', 'g')));
$$;

comment on function public.normalise_key(text) is
  'The form in which names are compared: trimmed, inner white space collapsed, lower case.';

revoke all on function public.normalise_key(text) from public, anon, authenticated, service_role;
grant execute on function public.normalise_key(text) to service_role;
