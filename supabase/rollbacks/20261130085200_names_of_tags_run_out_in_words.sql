-- Says again that a check constraint is violated when a group has had 5,000 names.

set lock_timeout = '2s';

create or replace function public.place_tag()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  -- Two that add tags to a group wait for each other.
  perform pg_advisory_xact_lock(hashtextextended('tags of a group', new.group_id));

  if tg_op = 'UPDATE' and (new.group_id, new.position) is distinct from (old.group_id, old.position) then
    raise exception 'a tag keeps its group and its position: what was stored is found by them'
      using errcode = 'P0001';
  end if;

  if new.position is null then
    new.position := 1 + coalesce(
      (select max(other.position) from public.tags as other where other.group_id = new.group_id), 0
    );
  end if;

  if new.removed_at is null and (tg_op = 'INSERT' or old.removed_at is not null) and (
    select count(*) from public.tags as other where other.group_id = new.group_id and other.removed_at is null
  ) >= 500 then
    raise exception 'a group has at most 500 tags: make another group' using errcode = 'P0001';
  end if;
  return new;
end;
$$;
