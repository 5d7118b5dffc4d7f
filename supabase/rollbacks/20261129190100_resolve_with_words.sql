-- Lets an incident be resolved without words and unacknowledged again.

set lock_timeout = '2s';

alter table public.safety_events
drop constraint safety_events_words_check;

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
