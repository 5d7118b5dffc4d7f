-- Pages would have to ask again and again whether something changed, or subscribe to rows, which the server then checks for each viewer. Now the
-- database broadcasts once that something of a plant changed, never what, and pages ask for it under Row Level Security (decision 0123).
-- A project without Realtime, and a send that fails, change nothing of a commit: the old code keeps working.

set lock_timeout = '2s';

create function public.send_to_pages(p_topic text, p_message jsonb)
returns void
language plpgsql
security invoker
set search_path = ''
-- A commit does not wait for Realtime, which locks its table when it drops old partitions.
set lock_timeout = '100ms'
as $$
begin
  if to_regprocedure('realtime.send(jsonb, text, text, boolean)') is not null then
    execute 'select realtime.send($1, $2, $3, true)' using p_message, 'changed', p_topic;
  end if;
exception
  when others then
    raise log 'pages were not told of %: %', p_topic, sqlerrm;
end;
$$;

comment on function public.send_to_pages(text, jsonb) is
  'Broadcasts a message to a private channel, where the project has Realtime. It raises nothing, and waits for no lock.';

revoke all on function public.send_to_pages(text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.send_to_pages(text, jsonb) to service_role;

create function public.tell_pages(p_plant text, p_message jsonb)
returns void
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_topic constant text := 'plant:' || p_plant;
  v_key constant text := md5(v_topic || p_message::text);
  v_told constant text := coalesce(current_setting('plantpulse.told', true), '');
begin
  -- Pages hear of a transaction when it commits, so once is enough.
  if strpos(v_told, v_key) = 0 then
    perform set_config('plantpulse.told', v_told || v_key, true);
    perform public.send_to_pages(v_topic, p_message);
  end if;
end;
$$;

comment on function public.tell_pages(text, jsonb) is
  'Tells a plant''s private channel that something changed, each message once in a transaction.';

revoke all on function public.tell_pages(text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.tell_pages(text, jsonb) to service_role;

create function public.tell_run()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform public.tell_pages(new.plant, jsonb_build_object(
    'what', case
      when new.pipeline = 'morning_report' and new.status in ('succeeded', 'partial') then 'report'
      else 'run'
    end,
    'pipeline', new.pipeline,
    'run_id', new.id,
    'status', new.status
  ));
  return null;
end;
$$;

comment on function public.tell_run() is 'Trigger: tells pages that a run has ended.';

revoke all on function public.tell_run() from public, anon, authenticated, service_role;

create function public.tell_change()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- What is of every plant is heard where every member listens.
  perform public.tell_pages(
    coalesce(case when tg_op = 'DELETE' then old.plant else new.plant end, '(no plant)'),
    jsonb_build_object('what', tg_argv[0])
  );
  return null;
end;
$$;

comment on function public.tell_change() is 'Trigger: tells pages that a row of a plant changed; its argument says what the row is.';

revoke all on function public.tell_change() from public, anon, authenticated, service_role;

create trigger tell_run
after update of status on public.pipeline_runs
for each row
-- A burst that was relieved is no news, and there is one a minute.
when (old.status = 'running' and new.status <> 'running' and not (new.is_overlapping and new.status = 'succeeded'))
execute function public.tell_run();

create trigger tell_new
after insert on public.alerts
for each row
execute function public.tell_change('alert');

create trigger tell_changed
after update on public.alerts
for each row
-- Not each time that it is seen again.
when (
  (old.severity, old.reopened, old.resolved_at, old.is_acknowledged)
  is distinct from (new.severity, new.reopened, new.resolved_at, new.is_acknowledged)
)
execute function public.tell_change('alert');

create trigger tell_new
after insert on public.safety_events
for each row
execute function public.tell_change('safety');

create trigger tell_changed
after update on public.safety_events
for each row
when (old.* is distinct from new.*)
execute function public.tell_change('safety');

create trigger tell_change
after insert or update on public.silences
for each row
execute function public.tell_change('alert');

create trigger tell_change
after insert or update on public.tag_commands
for each row
execute function public.tell_change('tags');

create trigger tell_new_or_gone
after insert or delete on public.tag_groups
for each row
execute function public.tell_change('tags');

create trigger tell_changed
after update on public.tag_groups
for each row
when (old.* is distinct from new.*)
execute function public.tell_change('tags');

create function public.install_broadcast()
returns text
language plpgsql
security invoker
set search_path = ''
set lock_timeout = '2s'
as $$
begin
  if to_regclass('realtime.messages') is null or to_regprocedure('realtime.topic()') is null then
    return 'no realtime';
  end if;
  execute 'drop policy if exists plantpulse_members_listen on realtime.messages';
  -- Only for select: no client may send. A comment on it would be refused on Supabase, where others own the table.
  execute $policy$
    create policy plantpulse_members_listen on realtime.messages
    for select to authenticated
    using (
      extension = 'broadcast'
      and exists (
        select 1
        from public.plant_members as m
        where m.user_id = (select auth.uid())
        and (
          (select realtime.topic()) in ('plant:' || m.plant, 'plant:(no plant)')
          or m.plant = '*' and starts_with((select realtime.topic()), 'plant:')
        )
      )
    )
  $policy$;
  return 'installed';
exception
  when insufficient_privilege then
    return 'not allowed';
end;
$$;

comment on function public.install_broadcast() is
  'Lets members of a plant listen to its private channel. Run it again after Realtime came into the project; answers installed, no realtime or not allowed.';

revoke all on function public.install_broadcast() from public, anon, authenticated, service_role;
grant execute on function public.install_broadcast() to service_role;

do $$
begin
  if public.install_broadcast() = 'not allowed' then
    raise warning 'pages will not be told of changes, and ask every minute: run "select public.install_broadcast();" in the SQL editor';
  end if;
end;
$$;
