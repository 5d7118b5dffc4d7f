-- As much of Supabase's schema `realtime` as broadcasts from the database and the policies on them need, owned as
-- on a hosted project: others own it, and postgres may use it. It replaces what is there. Run as the superuser.

do $roles$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'others') then
    create role others nologin noinherit;
  end if;
end
$roles$;

drop schema if exists realtime cascade;
create schema realtime authorization others;
grant usage on schema realtime to postgres, anon, authenticated, service_role;

create table realtime.messages (
  id uuid not null default gen_random_uuid() primary key,
  topic text not null,
  extension text not null,
  event text,
  payload jsonb,
  private boolean default false,
  inserted_at timestamp not null default now()
);
alter table realtime.messages owner to others;
alter table realtime.messages enable row level security;
grant select, insert on realtime.messages to postgres, anon, authenticated, service_role;

create function realtime.topic() returns text
language sql
stable
return nullif(current_setting('realtime.topic', true), '');

create function realtime.send(payload jsonb, event text, topic text, private boolean default true)
returns void
language plpgsql
as $$
begin
  perform set_config('realtime.topic', topic, true);
  insert into realtime.messages (topic, extension, event, payload, private)
  values (topic, 'broadcast', event, payload, private);
exception when others then
  raise warning 'the broadcast was not sent: %', sqlerrm;
end
$$;
