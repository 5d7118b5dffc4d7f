-- plantpulse check could not tell a function that members may call from one that anybody may call, and warned of the
-- functions that answer members. It sees both now. The old code keeps working: what it reads is still there.

set lock_timeout = '2s';

create or replace function public.project_state()
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_migrations jsonb;
begin
  -- By the catalogue: naming a schema that may not be used is an error.
  if exists (
    select
    from pg_catalog.pg_class as history
    join pg_catalog.pg_namespace as schema on schema.oid = history.relnamespace
    where schema.nspname = 'supabase_migrations'
    and history.relname = 'schema_migrations'
    and has_schema_privilege(schema.oid, 'usage')
    and has_column_privilege(history.oid, 'version', 'select')
  ) then
    select jsonb_agg(applied.version order by applied.version)
    into v_migrations
    from supabase_migrations.schema_migrations as applied;
  end if;
  return jsonb_build_object(
    'role', current_user,
    'server_version', current_setting('server_version'),
    'now', clock_timestamp(),
    'migrations', v_migrations,
    'tables', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'name', class.relname,
        'has_row_security', class.relrowsecurity,
        'anon', has_table_privilege('anon', class.oid, 'select, insert, update, delete'),
        'service_role_lacks', array(
          select wanted.privilege
          from unnest(array['select', 'insert', 'update', 'delete']) as wanted (privilege)
          where not has_table_privilege('service_role', class.oid, wanted.privilege)
        )
      ) order by class.relname), '[]')
      from pg_catalog.pg_class as class
      where class.relnamespace = 'public'::regnamespace and class.relkind in ('r', 'p')
    ),
    'functions', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'name', proc.proname,
        'anon', has_function_privilege('anon', proc.oid, 'execute'),
        'is_public', has_function_privilege('anon', proc.oid, 'execute')
          or has_function_privilege('authenticated', proc.oid, 'execute'),
        'service_role', has_function_privilege('service_role', proc.oid, 'execute')
      ) order by proc.proname), '[]')
      from pg_catalog.pg_proc as proc
      where proc.pronamespace = 'public'::regnamespace and proc.prorettype <> 'trigger'::regtype
    )
  );
end;
$$;
