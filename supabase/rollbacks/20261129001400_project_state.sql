-- Takes the function away, and what the service role could read of the history.

drop function public.project_state();

do $$
begin
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    revoke select (version, name) on supabase_migrations.schema_migrations from service_role;
    revoke usage on schema supabase_migrations from service_role;
  end if;
end;
$$;
