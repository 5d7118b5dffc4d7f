-- The alerts of a plant that was removed or renamed were repeated for ever: nothing looks at it any more, and health cannot
-- tell such a plant from one of another deployment (decision 0097). A person can say that they are over. And a channel that
-- takes a test message works again: it was failing until the next message was due.
-- New functions: the old code keeps working.

set lock_timeout = '2s';

create function public.end_alerts(p_alert_ids bigint[], p_by text)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '8s'
as $$
declare
  v_plant text;
  v_unknown bigint[];
  v_changed bigint[];
begin
  select array_agg(asked.id order by asked.id) into v_unknown
  from unnest(p_alert_ids) as asked (id)
  where not exists (select 1 from public.alerts as alert where alert.id = asked.id);
  if v_unknown is not null then
    return jsonb_build_object('answer', 'unknown', 'alert_ids', to_jsonb(v_unknown));
  end if;

  -- The locks of apply_alerts, in its order.
  perform pg_catalog.pg_advisory_xact_lock_shared(hashtextextended('sign safety events', 0));
  for v_plant in
    select distinct alert.plant from public.alerts as alert where alert.id = any (p_alert_ids) order by 1
  loop
    perform pg_catalog.pg_advisory_xact_lock_shared(hashtextextended('sign safety events ' || v_plant, 0));
  end loop;
  for v_plant in
    select distinct alert.plant from public.alerts as alert where alert.id = any (p_alert_ids) order by 1
  loop
    perform pg_catalog.pg_advisory_xact_lock(20261130, pg_catalog.hashtext(v_plant));
  end loop;

  with ended as (
    update public.alerts as alert
    set
      resolved_at = greatest(clock_timestamp(), alert.opened_at),
      -- A look from before does not open it again.
      observed_at = greatest(alert.observed_at, clock_timestamp())
    -- An incident is over when somebody signs it.
    where alert.id = any (p_alert_ids) and alert.resolved_at is null and alert.safety_event_id is null
    returning alert.id, alert.resolved_at
  ), noted as (
    insert into public.alert_history (alert_id, at, what, by_name)
    select ended.id, ended.resolved_at, 'resolved', p_by from ended
  )
  select coalesce(array_agg(ended.id), '{}') into v_changed from ended;
  return jsonb_build_object('answer', 'ended', 'alerts', (
    select coalesce(jsonb_agg(
      to_jsonb(alert) || jsonb_build_object('is_changed', alert.id = any (v_changed)) order by alert.id
    ), '[]')
    from public.alerts as alert
    where alert.id = any (p_alert_ids)
  ));
end;
$$;

comment on function public.end_alerts(bigint[], text) is 'Ends open alerts because a person says so, all or none (answer unknown); what still fires opens again. Alerts of incidents stay: a signature ends them.';

create function public.note_working_channel(p_channel text, p_by text)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '8s'
as $$
declare
  v_alerts bigint[];
begin
  update public.alert_channels as channel
  set last_sent_at = clock_timestamp(), failing_since = null, failures = 0, next_try_at = '-infinity', error = null
  where channel.name = p_channel;
  select coalesce(array_agg(alert.id), '{}') into v_alerts
  from public.alerts as alert
  where alert.rule = 'channel_failing' and alert.subject = p_channel and alert.resolved_at is null;
  return public.end_alerts(v_alerts, p_by);
end;
$$;

comment on function public.note_working_channel(text, text) is 'Writes down that a channel has taken a test message: it is tried again at once, and its alert ends.';

revoke all on function public.end_alerts(bigint[], text) from public, anon, authenticated, service_role;
grant execute on function public.end_alerts(bigint[], text) to service_role;
revoke all on function public.note_working_channel(text, text) from public, anon, authenticated, service_role;
grant execute on function public.note_working_channel(text, text) to service_role;
