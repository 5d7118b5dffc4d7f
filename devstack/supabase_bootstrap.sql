-- Makes an empty Postgres database look like a Supabase project to migrations, PostgREST and tests.
--
-- Real: the role names and their attributes, who may become whom, the statement time-outs, the schemas
-- `auth` and `extensions`, the default search path, the owner of migrations (`postgres`, which is not a
-- superuser), the schema-cache reload after DDL, and that a new table in `public` is reachable by no API
-- role until it is granted (so since 30 October 2026).
-- Imitated: `auth.users` has the few columns that anything here refers to, nobody can sign up, and the
-- extensions, Storage, Vault and pg-safeupdate are absent. Realtime has a file of its own (realtime/bootstrap.sql).
-- Stricter: Supabase leaves the API roles TRUNCATE, REFERENCES and TRIGGER on new tables; here they get
-- nothing. Functions stay executable by PUBLIC, because they do on Supabase: a revoke in one schema's
-- default privileges cannot take back what Postgres grants to PUBLIC everywhere.
--
-- Run as the superuser, in every database once; the roles are shared by the cluster.

do $roles$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'authenticator') then
    return;
  end if;
  create role anon nologin noinherit;
  create role authenticated nologin noinherit;
  create role service_role nologin noinherit bypassrls;
  create role authenticator login noinherit;
  create role supabase_auth_admin nologin noinherit createrole;
  create role postgres login createdb createrole replication bypassrls;
  grant anon, authenticated, service_role to authenticator;
  grant anon, authenticated, service_role, authenticator to postgres with admin option;
  -- PostgREST logs in as authenticator, and service_role has no time-out of its own: it is held to these 8 s.
  alter role authenticator set statement_timeout = '8s';
  alter role authenticator set lock_timeout = '8s';
  alter role anon set statement_timeout = '3s';
  alter role authenticated set statement_timeout = '8s';
  alter role postgres set search_path = "$user", public, extensions;
end
$roles$;

grant usage on schema public to anon, authenticated, service_role;

create schema extensions;
grant usage on schema extensions to anon, authenticated, service_role;
grant all on schema extensions to postgres;

create schema auth authorization supabase_auth_admin;
grant usage on schema auth to anon, authenticated, service_role, postgres;

create table auth.users (
  id uuid primary key,
  email text unique,
  encrypted_password text, -- devstack/passwords.py
  raw_app_meta_data jsonb,
  raw_user_meta_data jsonb,
  created_at timestamptz not null default now()
);
alter table auth.users owner to supabase_auth_admin;
alter table auth.users enable row level security;
grant all on table auth.users to postgres;

-- PostgREST puts the verified claims of the request's JWT into this setting.
create function auth.jwt() returns jsonb
language sql
stable
return nullif(current_setting('request.jwt.claims', true), '')::jsonb;

create function auth.uid() returns uuid
language sql
stable
return (auth.jwt() ->> 'sub')::uuid;

create function auth.role() returns text
language sql
stable
return auth.jwt() ->> 'role';

-- PostgREST hears of changed tables and functions without being told; temporary ones do not concern it.
create function extensions.pgrst_ddl_watch() returns event_trigger
language plpgsql
set search_path = ''
as $$
begin
  if exists (
    select
    from pg_catalog.pg_event_trigger_ddl_commands() as command
    where command.schema_name is distinct from 'pg_temp'
  ) then
    notify pgrst, 'reload schema';
  end if;
end
$$;

create function extensions.pgrst_drop_watch() returns event_trigger
language plpgsql
set search_path = ''
as $$
begin
  if exists (
    select
    from pg_catalog.pg_event_trigger_dropped_objects() as dropped
    where not dropped.is_temporary
  ) then
    notify pgrst, 'reload schema';
  end if;
end
$$;

create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.pgrst_ddl_watch();
create event trigger pgrst_drop_watch on sql_drop execute function extensions.pgrst_drop_watch();
