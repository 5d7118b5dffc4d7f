-- No run and no safety event opens alerts any more.

set lock_timeout = '2s';

drop trigger note_acknowledgement on public.alerts;
drop trigger sign_alert on public.alerts;
drop trigger end_safety_alert on public.safety_events;
drop trigger alerts_queue on public.alerts;
drop function public.note_acknowledgement();
drop function public.sign_alert();
drop function public.end_safety_alert();
drop function public.acknowledge_alerts(bigint[], text);

create or replace function public.commit_live_pulse(p_fence uuid, p_commit jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_nothing constant jsonb := '{"snapshots": {"written": 0, "updated": 0, "unchanged": 0}, "assets_registered": 0}';
  v_run public.pipeline_runs := public.lock_run(p_fence);
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

  return public.write_live_pulse(v_run, p_commit, coalesce(p_now, clock_timestamp()));
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
  v_nothing constant jsonb := '{"summaries": {"written": 0, "updated": 0, "unchanged": 0}, "assets_registered": 0}';
  v_run public.pipeline_runs := public.lock_run(p_fence);
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

  return public.write_morning_report(v_run, p_commit, coalesce(p_now, clock_timestamp()));
end;
$$;

create or replace function public.complete_run(p_fence uuid, p_completion jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_run public.pipeline_runs := public.lock_run(p_fence);
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

  return jsonb_build_object('answer', 'committed', 'report', public.finish_run(
    v_run.id,
    p_completion ->> 'status',
    p_completion -> 'report',
    coalesce(p_now, clock_timestamp())
  ));
end;
$$;

create or replace function public.fail_run(p_fence uuid, p_failure jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_run public.pipeline_runs := public.lock_run(p_fence);
  v_error constant jsonb := p_failure -> 'error';
begin
  if v_run.status = 'running' then
    return jsonb_build_object('answer', 'failed', 'report', public.finish_run(
      v_run.id,
      'failed',
      coalesce(p_failure -> 'report', '{}') || jsonb_build_object('error', v_error),
      coalesce(p_now, clock_timestamp())
    ));
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

drop function public.record_safety_events(uuid, jsonb, timestamptz, public.alert_severity);

create function public.record_safety_events(p_fence uuid, p_events jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_run public.pipeline_runs;
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
  return public.upsert_safety_events(v_run, p_events, coalesce(p_now, clock_timestamp()));
end;
$$;

comment on function public.record_safety_events(uuid, jsonb, timestamptz) is
  'Records safety events for a run, whatever its status, each incident once; returns counts and the new events.';

revoke all on function public.record_safety_events(uuid, jsonb, timestamptz) from public, anon, authenticated;
grant execute on function public.record_safety_events(uuid, jsonb, timestamptz) to service_role;

drop function public.open_safety_alerts(public.pipeline_runs, public.alert_severity, timestamptz);
drop function public.watch_alerts(jsonb, timestamptz);
drop function public.with_alerts(jsonb, jsonb, timestamptz);

create or replace function public.acknowledge_safety_events(p_event_ids bigint[], p_by text)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_unknown constant bigint[] := public.lock_safety_events(p_event_ids);
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
  v_unknown constant bigint[] := public.lock_safety_events(p_event_ids);
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

drop function public.lock_safety_events(bigint[], boolean);

create function public.lock_safety_events(p_event_ids bigint[])
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

comment on function public.lock_safety_events(bigint[]) is 'Locks safety events until the transaction ends; returns the ids of which there is no event.';

revoke all on function public.lock_safety_events(bigint[]) from public, anon, authenticated, service_role;
grant execute on function public.lock_safety_events(bigint[]) to service_role;
