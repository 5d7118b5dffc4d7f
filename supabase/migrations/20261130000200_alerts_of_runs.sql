-- What a run saw becomes alerts in the transaction that ends the run, or that writes the slot it is about. A safety event
-- becomes one when it is recorded, whatever happens to the run; to acknowledge or resolve the event ends the alert.
-- The old code keeps working: it sends no `alerts`, and then nothing changes but that signed events end theirs.

set lock_timeout = '2s';

create or replace function public.commit_live_pulse(p_fence uuid, p_commit jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_nothing constant jsonb := '{"snapshots": {"written": 0, "updated": 0, "unchanged": 0}, "assets_registered": 0}';
  v_run public.pipeline_runs := public.lock_run(p_fence);
  v_answer jsonb;
begin
  if p_commit ->> 'status' is null or p_commit ->> 'status' not in ('succeeded', 'partial') then
    raise exception 'a commit is succeeded or partial, not %', p_commit -> 'status' using errcode = '22023';
  end if;

  if v_run.status in ('succeeded', 'partial') then
    return jsonb_build_object('answer', 'repeated', 'report', public.run_report(v_run)) || v_nothing;
  end if;

  if v_run.status <> 'running' then
    return jsonb_build_object('answer', 'fenced', 'report', null) || v_nothing;
  end if;

  v_answer := public.write_live_pulse(v_run, p_commit, v_now);
  return public.with_alerts(v_answer, p_commit -> 'alerts', v_now);
end;
$$;

create or replace function public.commit_morning_report(p_fence uuid, p_commit jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_nothing constant jsonb := '{"summaries": {"written": 0, "updated": 0, "unchanged": 0}, "assets_registered": 0}';
  v_run public.pipeline_runs := public.lock_run(p_fence);
  v_answer jsonb;
begin
  if p_commit ->> 'status' is null or p_commit ->> 'status' not in ('succeeded', 'partial') then
    raise exception 'a commit is succeeded or partial, not %', p_commit -> 'status' using errcode = '22023';
  end if;

  if v_run.status in ('succeeded', 'partial') then
    return jsonb_build_object('answer', 'repeated', 'report', public.run_report(v_run)) || v_nothing;
  end if;

  if v_run.status <> 'running' then
    return jsonb_build_object('answer', 'fenced', 'report', null) || v_nothing;
  end if;

  v_answer := public.write_morning_report(v_run, p_commit, v_now);
  return public.with_alerts(v_answer, p_commit -> 'alerts', v_now);
end;
$$;

create or replace function public.complete_run(p_fence uuid, p_completion jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_run public.pipeline_runs := public.lock_run(p_fence);
  v_answer jsonb;
begin
  if p_completion ->> 'status' is null or p_completion ->> 'status' not in ('succeeded', 'partial') then
    raise exception 'a run is completed as succeeded or partial, not %', p_completion -> 'status'
      using errcode = '22023';
  end if;

  if v_run.status in ('succeeded', 'partial') then
    return jsonb_build_object('answer', 'repeated', 'report', public.run_report(v_run));
  end if;

  if v_run.status <> 'running' then
    return jsonb_build_object('answer', 'fenced', 'report', null);
  end if;

  v_answer := jsonb_build_object('answer', 'committed', 'report', public.finish_run(
    v_run.id, p_completion ->> 'status', p_completion -> 'report', v_now
  ));
  return public.with_alerts(v_answer, p_completion -> 'alerts', v_now);
end;
$$;

create or replace function public.fail_run(p_fence uuid, p_failure jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_run public.pipeline_runs := public.lock_run(p_fence);
  v_error constant jsonb := p_failure -> 'error';
  v_answer jsonb;
begin
  if v_run.status = 'running' then
    v_answer := jsonb_build_object('answer', 'failed', 'report', public.finish_run(
      v_run.id,
      'failed',
      coalesce(p_failure -> 'report', '{}') || jsonb_build_object('error', v_error),
      v_now
    ));
    return public.with_alerts(v_answer, p_failure -> 'alerts', v_now);
  end if;

  if v_run.status <> 'abandoned' then
    return jsonb_build_object('answer', 'repeated', 'report', public.run_report(v_run));
  end if;

  -- Too late to end the run, but not to say why it was never heard of.
  update public.pipeline_runs as run
  set
    error_code = v_error ->> 'code',
    error_message = v_error ->> 'message',
    is_retryable = (v_error ->> 'is_retryable')::boolean
  where run.id = v_run.id
  and run.error_code is null;
  return jsonb_build_object('answer', 'fenced', 'report', null);
end;
$$;

create function public.with_alerts(p_answer jsonb, p_seen jsonb, p_now timestamptz)
returns jsonb
language sql
security invoker
set search_path = ''
as $$
  select p_answer || coalesce(jsonb_build_object('alerts', public.apply_alerts(p_seen, p_now)), '{}')
  where p_seen is not null
  union all
  select p_answer
  where p_seen is null;
$$;

comment on function public.with_alerts(jsonb, jsonb, timestamptz) is 'The answer to the end of a run, after what the run saw has changed the alerts; the last step of its transaction.';

create function public.watch_alerts(p_seen jsonb, p_now timestamptz default null)
returns jsonb
language sql
security invoker
set search_path = ''
set statement_timeout = '8s'
as $$
  select jsonb_build_object('alerts', public.apply_alerts(p_seen, coalesce(p_now, clock_timestamp())));
$$;

comment on function public.watch_alerts(jsonb, timestamptz) is 'Changes the alerts by what somebody saw who ends no run: health, and a sweep whose channel fails.';

create function public.open_safety_alerts(p_run public.pipeline_runs, p_severity public.alert_severity, p_now timestamptz)
returns integer
language sql
security invoker
set search_path = ''
as $$
  -- Every poll reads the same day again. An event belongs to the run that recorded it, and has one alert for ever:
  -- neither a repeated call nor a later poll opens a second one, and one that was acknowledged does not come back.
  with opened as (
    insert into public.alerts (
      rule, plant, scope, subject, severity, safety_event_id, is_told_when_over, opened_at, observed_at, last_seen_at, facts
    )
    select
      'safety_event', event.plant, 'safety', event.id::text, p_severity, event.id, true, p_now, p_now, p_now,
      jsonb_strip_nulls(jsonb_build_object(
        'asset', coalesce(asset.name, event.source_asset),
        'area', asset.area,
        'reason_code', event.reason_code,
        'event_timestamp', event.event_timestamp,
        'event_severity', event.severity,
        'downtime_minutes', event.downtime_minutes,
        'details', left(event.details, 300)
      ))
    from public.safety_events as event
    left join public.assets as asset on asset.id = event.asset_id
    where event.run_id = p_run.id
    and not event.is_acknowledged
    and not event.is_resolved
    and not exists (select 1 from public.alerts as alert where alert.safety_event_id = event.id)
    order by event.id
    on conflict do nothing
    returning id, severity
  ), noted as (
    insert into public.alert_history (alert_id, at, what, severity)
    select opened.id, p_now, 'opened', opened.severity from opened
  )
  select count(*)::integer from opened;
$$;

comment on function public.open_safety_alerts(public.pipeline_runs, public.alert_severity, timestamptz) is 'Opens an alert for each safety event that a run has recorded, once for ever; returns how many.';

drop function public.record_safety_events(uuid, jsonb, timestamptz);

create function public.record_safety_events(
  p_fence uuid, p_events jsonb, p_now timestamptz default null, p_alert_severity public.alert_severity default null
)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_run public.pipeline_runs;
  v_answer jsonb;
begin
  select run.* into v_run
  from public.pipeline_runs as run
  where run.fence = p_fence;
  if not found then
    raise exception 'unknown fence';
  end if;

  perform public.register_assets(v_run.plant, (
    select coalesce(jsonb_agg(jsonb_build_object('name', one.source_asset, 'key', one.asset_key)), '[]')
    from jsonb_to_recordset(p_events) as one (source_asset text, asset_key text)
  ));
  v_answer := public.upsert_safety_events(v_run, p_events, v_now);
  if p_alert_severity is null then
    return v_answer;
  end if;
  return v_answer || jsonb_build_object(
    'alerts_opened', public.open_safety_alerts(v_run, p_alert_severity, v_now)
  );
end;
$$;

comment on function public.record_safety_events(uuid, jsonb, timestamptz, public.alert_severity) is 'Records safety events for a run, whatever its status, each incident once, and opens their alerts unless p_alert_severity is null; returns counts and the new events.';

-- Signing goes from alerts to events and from events to alerts, and a person's update locks rows in an order of its own.
-- So users of a plant sign one after the other (queue_signature), no episode of the plant changes meanwhile
-- (apply_alerts), and whoever signs by a function locks both kinds of rows first, and gives way.
create trigger alerts_queue
before update on public.alerts
for each statement
when (pg_catalog.pg_trigger_depth() = 0)
execute function public.queue_signature();

drop function public.lock_safety_events(bigint[]);

create function public.lock_safety_events(p_event_ids bigint[], p_is_signing boolean default false)
returns bigint[]
language plpgsql
security invoker
set search_path = ''
-- Shorter than deadlock_timeout (1 s): then it is this function that gives way, and never a person's request.
set lock_timeout = '300ms'
as $$
declare
  v_found bigint[];
begin
  loop
    begin
      -- In one order, so that two calls for the same events wait for one another instead of for each other.
      -- Not `for update`: whoever refers to an event must not wait for it.
      select array_agg(locked.id)
      into v_found
      from (
        select event.id
        from public.safety_events as event
        where event.id = any (p_event_ids)
        order by event.id
        for no key update
      ) as locked;
      if p_is_signing then
        perform from public.alerts as alert
        where alert.safety_event_id = any (p_event_ids)
        order by alert.id
        for no key update;
      end if;
      exit;
    exception
      -- A user's update over many rows locks them in an order of its own, and may wait for a row that is held here.
      -- What was locked above is free by now: let the other go on, then begin anew. The statement time-out ends it.
      when lock_not_available or deadlock_detected then
        perform pg_catalog.pg_sleep(0.02);
    end;
  end loop;
  return array(
    select distinct asked.id
    from unnest(p_event_ids) as asked (id)
    where asked.id <> all (coalesce(v_found, '{}'))
    order by asked.id
  );
end;
$$;

comment on function public.lock_safety_events(bigint[], boolean) is 'Locks safety events in the order of their ids, for those who sign with their alerts; returns the ids that are unknown.';

create or replace function public.acknowledge_safety_events(p_event_ids bigint[], p_by text)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_unknown constant bigint[] := public.lock_safety_events(p_event_ids, true);
  v_changed bigint[];
begin
  if cardinality(v_unknown) > 0 then
    return jsonb_build_object('answer', 'unknown', 'event_ids', to_jsonb(v_unknown));
  end if;
  with signed as (
    update public.safety_events as event
    set is_acknowledged = true, acknowledged_by_name = p_by
    where event.id = any (p_event_ids) and not event.is_acknowledged
    returning event.id
  )
  select coalesce(array_agg(signed.id), '{}') into v_changed from signed;
  return jsonb_build_object(
    'answer', 'signed', 'events', public.signed_safety_events(p_event_ids, v_changed)
  );
end;
$$;

create or replace function public.resolve_safety_events(p_event_ids bigint[], p_by text, p_resolution text)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_unknown constant bigint[] := public.lock_safety_events(p_event_ids, true);
  v_changed bigint[];
begin
  if p_resolution is null or btrim(p_resolution) = '' then
    raise exception 'what was done must be said' using errcode = '22023';
  end if;
  if cardinality(v_unknown) > 0 then
    return jsonb_build_object('answer', 'unknown', 'event_ids', to_jsonb(v_unknown));
  end if;
  with signed as (
    update public.safety_events as event
    set
      is_resolved = true,
      resolved_by_name = p_by,
      resolution = p_resolution,
      -- Nobody resolves what nobody has seen.
      is_acknowledged = true,
      acknowledged_by_name = case
        when event.is_acknowledged then event.acknowledged_by_name
        else p_by
      end
    where event.id = any (p_event_ids) and not event.is_resolved
    returning event.id
  )
  select coalesce(array_agg(signed.id), '{}') into v_changed from signed;
  return jsonb_build_object(
    'answer', 'signed', 'events', public.signed_safety_events(p_event_ids, v_changed)
  );
end;
$$;

-- As their owner, because a person who signs an event or an alert may write neither the other nor the history. Nobody can
-- call a trigger's function, and each touches the rows of the one that was signed.
create function public.end_safety_alert()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_ended bigint;
begin
  update public.alerts as alert
  set
    resolved_at = greatest(v_now, alert.opened_at),
    is_acknowledged = true,
    -- Who signed the alert before stays its signer. An event may be resolved without an acknowledgement.
    acknowledged_by = case
      when alert.is_acknowledged then alert.acknowledged_by else coalesce(new.acknowledged_by, new.resolved_by)
    end,
    acknowledged_by_name = case
      when alert.is_acknowledged then alert.acknowledged_by_name
      else coalesce(new.acknowledged_by_name, new.resolved_by_name)
    end
  where alert.safety_event_id = new.id and alert.resolved_at is null
  returning alert.id into v_ended;
  if found then
    insert into public.alert_history (alert_id, at, what, by_name)
    values (v_ended, clock_timestamp(), 'resolved', coalesce(new.resolved_by_name, new.acknowledged_by_name));
  end if;
  return null;
end;
$$;

comment on function public.end_safety_alert() is 'Trigger: ends the alert of a safety event that was acknowledged or resolved.';

create trigger end_safety_alert
after update of is_acknowledged, is_resolved on public.safety_events
for each row
when (new.is_acknowledged and not old.is_acknowledged or new.is_resolved and not old.is_resolved)
execute function public.end_safety_alert();

create function public.sign_alert()
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

comment on function public.sign_alert() is 'Trigger: writes who acknowledged an alert and when; refuses a user who would take it back.';

create trigger sign_alert
before update of is_acknowledged on public.alerts
for each row
execute function public.sign_alert();

create function public.note_acknowledgement()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.alert_history (alert_id, at, what, by_name)
  values (new.id, new.acknowledged_at, 'acknowledged', new.acknowledged_by_name);
  update public.safety_events as event
  set is_acknowledged = true, acknowledged_by = new.acknowledged_by, acknowledged_by_name = new.acknowledged_by_name
  where event.id = new.safety_event_id and not event.is_acknowledged;
  return null;
end;
$$;

comment on function public.note_acknowledgement() is 'Trigger: writes the history of an acknowledged alert, and acknowledges the safety event that it is about.';

create trigger note_acknowledgement
after update of is_acknowledged on public.alerts
for each row
when (new.is_acknowledged and not old.is_acknowledged)
execute function public.note_acknowledgement();

create function public.acknowledge_alerts(p_alert_ids bigint[], p_by text)
returns jsonb
language plpgsql
security invoker
set search_path = ''
-- As in lock_safety_events: it is this function that gives way.
set lock_timeout = '300ms'
as $$
declare
  v_unknown bigint[];
  v_changed bigint[];
begin
  loop
    begin
      perform from public.alerts as alert
      where alert.id = any (p_alert_ids)
      order by alert.id
      for no key update;
      perform from public.safety_events as event
      where event.id in (select alert.safety_event_id from public.alerts as alert where alert.id = any (p_alert_ids))
      order by event.id
      for no key update;
      exit;
    exception
      when lock_not_available or deadlock_detected then
        perform pg_catalog.pg_sleep(0.02);
    end;
  end loop;

  select array_agg(asked.id order by asked.id) into v_unknown
  from unnest(p_alert_ids) as asked (id)
  where not exists (select 1 from public.alerts as alert where alert.id = asked.id);
  if v_unknown is not null then
    return jsonb_build_object('answer', 'unknown', 'alert_ids', to_jsonb(v_unknown));
  end if;
  with signed as (
    update public.alerts as alert
    set is_acknowledged = true, acknowledged_by_name = p_by
    where alert.id = any (p_alert_ids) and not alert.is_acknowledged
    returning alert.id
  )
  select coalesce(array_agg(signed.id), '{}') into v_changed from signed;
  return jsonb_build_object('answer', 'signed', 'alerts', (
    select jsonb_agg(
      to_jsonb(alert) || jsonb_build_object('is_changed', alert.id = any (v_changed)) order by alert.id
    )
    from public.alerts as alert
    where alert.id = any (p_alert_ids)
  ));
end;
$$;

comment on function public.acknowledge_alerts(bigint[], text) is 'Acknowledges alerts by name, all or none (answer unknown); whoever has acknowledged one before stays its signer.';

revoke all on function public.with_alerts(jsonb, jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.with_alerts(jsonb, jsonb, timestamptz) to service_role;
revoke all on function public.watch_alerts(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.watch_alerts(jsonb, timestamptz) to service_role;
revoke all on function public.open_safety_alerts(public.pipeline_runs, public.alert_severity, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.open_safety_alerts(public.pipeline_runs, public.alert_severity, timestamptz)
to service_role;
revoke all on function public.record_safety_events(uuid, jsonb, timestamptz, public.alert_severity)
from public, anon, authenticated, service_role;
grant execute on function public.record_safety_events(uuid, jsonb, timestamptz, public.alert_severity) to service_role;
revoke all on function public.acknowledge_alerts(bigint[], text) from public, anon, authenticated, service_role;
grant execute on function public.acknowledge_alerts(bigint[], text) to service_role;
revoke all on function public.lock_safety_events(bigint[], boolean) from public, anon, authenticated, service_role;
grant execute on function public.lock_safety_events(bigint[], boolean) to service_role;
revoke all on function public.end_safety_alert() from public, anon, authenticated, service_role;
revoke all on function public.sign_alert() from public, anon, authenticated, service_role;
revoke all on function public.note_acknowledgement() from public, anon, authenticated, service_role;
