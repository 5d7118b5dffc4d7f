-- Afterwards only the id of the account that signed is written; names that are there stay.

set lock_timeout = '2s';

alter table public.silences alter column created_by_name drop default;
alter table public.tag_commands alter column requested_by_name drop default;

create or replace function public.sign_alert()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  if auth.uid() is not null and old.is_acknowledged and not new.is_acknowledged then
    raise exception 'an acknowledgement cannot be withdrawn' using errcode = '42501';
  end if;
  if new.is_acknowledged and not old.is_acknowledged then
    new.acknowledged_at := clock_timestamp();
    new.acknowledged_by := coalesce(auth.uid(), new.acknowledged_by);
  elsif not new.is_acknowledged then
    new.acknowledged_at := null;
    new.acknowledged_by := null;
    new.acknowledged_by_name := null;
  end if;
  return new;
end;
$$;

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

drop function public.signed_in_as();

comment on column public.safety_events.acknowledged_by_name is 'Who acknowledged it when it was done without a user account.';
comment on column public.safety_events.resolved_by_name is 'Who resolved it when it was done without a user account.';
comment on column public.alerts.acknowledged_by_name is 'Who acknowledged it when it was done without a user account.';
comment on column public.silences.created_by_name is 'Who made it when it was done without a user account.';
comment on column public.tag_commands.requested_by_name is 'Who asked when it was done without a user account.';
