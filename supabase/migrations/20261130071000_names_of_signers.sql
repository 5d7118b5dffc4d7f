-- A page could only show the id of the account that acknowledged or resolved something: users may not read other accounts. The e-mail of
-- the signer's token is now written beside it. Only what Auth has verified is taken: a name in user_metadata is whatever its user wrote.
-- The triggers keep their shape and the columns were there: the old code keeps working, and signatures from before keep their ids.

set lock_timeout = '2s';

create function public.signed_in_as()
returns text
language sql
stable
security invoker
set search_path = ''
as $$
  select left(coalesce(
    nullif(btrim(auth.jwt() ->> 'email'), ''),
    nullif(btrim(auth.jwt() ->> 'phone'), '')
  ), 200);
$$;

comment on function public.signed_in_as() is
  'The e-mail, else the phone number, of the user whose token came with the request; null for the service and without either.';

revoke all on function public.signed_in_as() from public, anon, authenticated, service_role;
grant execute on function public.signed_in_as() to authenticated, service_role;

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
    if auth.uid() is not null then
      new.acknowledged_by_name := public.signed_in_as();
    end if;
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

-- Users may not write these columns, so for them the default is what is written.
alter table public.silences alter column created_by_name set default public.signed_in_as();
alter table public.tag_commands alter column requested_by_name set default public.signed_in_as();

comment on column public.safety_events.acknowledged_by_name is
  'Who acknowledged it: the e-mail of the user''s account, or the name given without one; null for a user without an e-mail.';
comment on column public.safety_events.resolved_by_name is
  'Who resolved it: the e-mail of the user''s account, or the name given without one; null for a user without an e-mail.';
comment on column public.alerts.acknowledged_by_name is
  'Who acknowledged it: the e-mail of the user''s account, or the name given without one; null for a user without an e-mail.';
comment on column public.silences.created_by_name is
  'Who made it: the e-mail of the user''s account, or the name given without one; null for a user without an e-mail.';
comment on column public.tag_commands.requested_by_name is
  'Who asked: the e-mail of the user''s account, or the name given without one; null for a user without an e-mail.';
