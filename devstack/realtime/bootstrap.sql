-- What Supabase Realtime puts into a project, as far as a migration or a broadcast from the database meets it.
--
-- Real: the schema, its owner and who may use it, the columns of `realtime.messages` with Row Level Security on
-- and no policy, `realtime.topic()`, and `realtime.send()`: it never fails its transaction, a broadcast that
-- cannot be stored is a warning.
-- Imitated: a trigger tells the local Realtime which row is new; the hosted one reads the replication stream.
-- Absent: the partitions (one a day there; without today's a broadcast is dropped with that warning), presence,
-- replay, `broadcast_changes()`, `postgres_changes` and its publication.
-- Facts: https://supabase.com/docs/guides/realtime/broadcast, https://supabase.com/docs/guides/realtime/authorization
--
-- Run as the superuser after supabase_bootstrap.sql, in every database once.

do $roles$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'supabase_realtime_admin') then
    return;
  end if;
  create role supabase_realtime_admin nologin noinherit;
  -- On Supabase an extension lets `postgres` make policies on this table; here it is a member of the owner.
  grant supabase_realtime_admin to postgres;
end
$roles$;

create schema realtime authorization supabase_realtime_admin;
grant usage on schema realtime to anon, authenticated, service_role, postgres;

create table realtime.messages (
  id uuid not null default gen_random_uuid(),
  topic text not null,
  extension text not null,
  event text,
  payload jsonb,
  private boolean default false,
  inserted_at timestamp not null default now(),
  updated_at timestamp not null default now(),
  primary key (id, inserted_at)
);
alter table realtime.messages owner to supabase_realtime_admin;
alter table realtime.messages enable row level security;
grant select, insert, update on table realtime.messages to anon, authenticated, service_role, postgres;

-- Policies ask it which topic somebody wants to join.
create function realtime.topic() returns text
language sql
stable
return nullif(current_setting('realtime.topic', true), '');

create function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
language plpgsql
as $$
declare
  v_id uuid := gen_random_uuid();
begin
  perform set_config('realtime.topic', topic, true);
  insert into realtime.messages (id, topic, extension, event, payload, private)
  values (v_id, topic, 'broadcast', event, jsonb_build_object('id', v_id) || payload, private);
exception
  when others then
    raise warning 'ErrorSendingBroadcastMessage: %', sqlerrm;
end
$$;

-- The id alone: what a notification may carry ends at 8,000 bytes.
create function realtime.tell() returns trigger
language plpgsql
as $$
begin
  perform pg_notify('realtime_messages', new.id::text);
  return null;
end
$$;

-- The row with which a join is tried has no event.
create trigger tell
after insert on realtime.messages
for each row
when (new.event is not null)
execute function realtime.tell();

alter function realtime.topic() owner to supabase_realtime_admin;
alter function realtime.send(jsonb, text, text, boolean) owner to supabase_realtime_admin;
alter function realtime.tell() owner to supabase_realtime_admin;
