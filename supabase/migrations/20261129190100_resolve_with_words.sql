-- A signed-in operator could resolve incidents without a word and unacknowledged, many in one request, and what is resolved
-- can no longer be changed. The function for the command line asked for words; now the table does, whoever writes.
-- The old code keeps working: it sends words with every resolution.

set lock_timeout = '2s';

create or replace function public.sign_safety_event()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_user constant uuid := auth.uid();
begin
  if v_user is not null
    and (old.is_acknowledged and not new.is_acknowledged or old.is_resolved and not new.is_resolved) then
    raise exception 'an acknowledgement or resolution cannot be withdrawn' using errcode = '42501';
  end if;
  if v_user is not null and old.is_resolved and new.resolution is distinct from old.resolution then
    raise exception 'the resolution of a resolved event cannot be changed' using errcode = '42501';
  end if;

  -- Whoever resolves an incident has seen it; an earlier acknowledgement stays with who gave it.
  if new.is_resolved and not old.is_resolved and not new.is_acknowledged then
    new.is_acknowledged := true;
    new.acknowledged_by_name := coalesce(new.acknowledged_by_name, new.resolved_by_name);
  end if;

  if new.is_acknowledged and not old.is_acknowledged then
    new.acknowledged_at := clock_timestamp();
    new.acknowledged_by := coalesce(v_user, new.acknowledged_by);
  elsif not new.is_acknowledged then
    new.acknowledged_at := null;
    new.acknowledged_by := null;
    new.acknowledged_by_name := null;
  end if;

  if new.is_resolved and not old.is_resolved then
    new.resolved_at := clock_timestamp();
    new.resolved_by := coalesce(v_user, new.resolved_by);
  elsif not new.is_resolved then
    new.resolved_at := null;
    new.resolved_by := null;
    new.resolved_by_name := null;
  end if;
  return new;
end;
$$;

-- What was resolved without words before says so, because a poll that updates such a row would be refused.
update public.safety_events
set
  is_acknowledged = true,
  acknowledged_by = coalesce(acknowledged_by, resolved_by),
  acknowledged_by_name = case
    when acknowledged_by is null and resolved_by is null then coalesce(acknowledged_by_name, resolved_by_name)
    else acknowledged_by_name
  end,
  resolution = case when resolution ~ '\S' then resolution else 'resolved without words' end
where is_resolved and (not is_acknowledged or coalesce(resolution, '') !~ '\S');

alter table public.safety_events
add constraint safety_events_words_check check (
  not is_resolved or (is_acknowledged and coalesce(resolution, '') ~ '\S')
);
