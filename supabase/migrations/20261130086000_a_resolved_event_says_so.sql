-- Two people resolve one incident: the second was refused with 42501, which pages tell as "you may not do this". It has a code of its own
-- now (PostgREST answers 409), as the commands for tags have. The old code goes on working: it tells the message.

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
    raise exception 'the event is resolved already: its resolution cannot be changed' using errcode = 'PT409';
  end if;

  -- Whoever resolves an incident has seen it; an earlier acknowledgement stays with who gave it.
  if new.is_resolved and not old.is_resolved and not new.is_acknowledged then
    new.is_acknowledged := true;
    new.acknowledged_by_name := coalesce(new.acknowledged_by_name, new.resolved_by_name);
  end if;

  if new.is_acknowledged and not old.is_acknowledged then
    new.acknowledged_at := clock_timestamp();
    new.acknowledged_by := coalesce(v_user, new.acknowledged_by);
    if v_user is not null then
      new.acknowledged_by_name := public.signed_in_as();
    end if;
  elsif not new.is_acknowledged then
    new.acknowledged_at := null;
    new.acknowledged_by := null;
    new.acknowledged_by_name := null;
  end if;

  if new.is_resolved and not old.is_resolved then
    new.resolved_at := clock_timestamp();
    new.resolved_by := coalesce(v_user, new.resolved_by);
    if v_user is not null then
      new.resolved_by_name := public.signed_in_as();
    end if;
  elsif not new.is_resolved then
    new.resolved_at := null;
    new.resolved_by := null;
    new.resolved_by_name := null;
  end if;
  return new;
end;
$$;
