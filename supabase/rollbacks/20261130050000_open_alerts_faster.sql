-- Afterwards alerts open as slowly as before.

set lock_timeout = '2s';

create or replace function public.apply_alerts(p_seen jsonb, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  c_seen_again constant interval := '5 minutes';
  c_one_story constant interval := '10 minutes';
  v_plants text[];
  v_plant text;
  v_has_open boolean;
  v_firing public.firing_alert[];
  v_resolved integer := 0;
  v_reopened integer;
  v_opened integer;
  v_worse integer := 0;
begin
  -- Nearly every look ends here.
  if coalesce(jsonb_typeof(p_seen), 'null') = 'null' then
    return null;
  end if;
  v_has_open := public.has_open_alerts(p_seen);
  if not v_has_open and not p_seen @? '$[*].firing[*]' then
    return null;
  end if;

  v_plants := array(
    select distinct changed.plant
    from (
      select fires.plant
      from public.firing_alerts(p_seen) as fires
      left join public.alerts as alert on alert.fingerprint = fires.fingerprint and alert.resolved_at is null
      where alert.id is null or alert.severity < fires.severity or alert.last_seen_at <= p_now - c_seen_again
      union all
      select well.plant
      from public.well_alerts(p_seen) as well
      where v_has_open
    ) as changed
    order by 1
  );
  if cardinality(v_plants) = 0 then
    return null;
  end if;

  -- Nobody signs meanwhile: a person's update locks alerts in an order of its own (queue_signature).
  perform pg_catalog.pg_advisory_xact_lock_shared(hashtextextended('sign safety events', 0));
  foreach v_plant in array v_plants loop
    perform pg_catalog.pg_advisory_xact_lock_shared(hashtextextended('sign safety events ' || v_plant, 0));
  end loop;
  -- Episodes of a plant change one call after the other: the unique index alone would refuse a second one at once.
  foreach v_plant in array v_plants loop
    perform pg_catalog.pg_advisory_xact_lock(20261130, pg_catalog.hashtext(v_plant));
  end loop;

  -- Somebody may have opened one before the locks were had.
  v_has_open := public.has_open_alerts(p_seen);
  v_firing := array(select fires from public.firing_alerts(p_seen) as fires);
  if v_has_open then
    with ended as (
      update public.alerts as alert
      set resolved_at = greatest(p_now, alert.opened_at), observed_at = greatest(alert.observed_at, coalesce(well.at, p_now))
      from public.well_alerts(p_seen) as well
      where alert.id = well.id and alert.resolved_at is null and alert.observed_at <= coalesce(well.at, p_now)
      returning alert.id, alert.resolved_at
    ), noted as (
      insert into public.alert_history (alert_id, at, what)
      select ended.id, ended.resolved_at, 'resolved' from ended
    )
    select count(*) into v_resolved from ended;
  end if;

  with again as (
    update public.alerts as alert
    set
      resolved_at = null, reopened = alert.reopened + 1, last_seen_at = p_now,
      observed_at = greatest(alert.observed_at, coalesce(fires.at, p_now)),
      severity = greatest(alert.severity, fires.severity), facts = fires.facts
    from unnest(v_firing) as fires
    where alert.id = (
      select past.id
      from public.alerts as past
      where past.fingerprint = fires.fingerprint
      and past.resolved_at > p_now - c_one_story
      and past.observed_at <= coalesce(fires.at, p_now)
      and not past.is_event
      order by past.resolved_at desc
      limit 1
    )
    and not exists (
      select 1 from public.alerts as other
      where other.fingerprint = fires.fingerprint and other.resolved_at is null
    )
    returning alert.id, alert.severity
  ), noted as (
    insert into public.alert_history (alert_id, at, what, severity)
    select again.id, p_now, 'reopened', again.severity from again
  )
  select count(*) into v_reopened from again;

  with opened as (
    insert into public.alerts (
      rule, plant, scope, subject, severity, facts, opened_at, observed_at, last_seen_at,
      is_told_when_over, is_event, resolved_at
    )
    select
      fires.rule, fires.plant, fires.scope, fires.subject, fires.severity, fires.facts, p_now,
      coalesce(fires.at, p_now), p_now, fires.is_told_when_over, fires.is_event,
      case when fires.is_event then p_now end
    from unnest(v_firing) as fires
    where not exists (
      select 1 from public.alerts as alert
      where alert.fingerprint = fires.fingerprint and alert.resolved_at is null
    )
    and not exists (
      select 1 from public.alerts as past
      where past.fingerprint = fires.fingerprint and past.resolved_at is not null
      -- An event is one for ever; and what a newer look has ended, an older one does not open.
      and (past.is_event or past.observed_at > coalesce(fires.at, p_now))
    )
    order by fires.fingerprint
    on conflict do nothing
    returning id, severity
  ), noted as (
    insert into public.alert_history (alert_id, at, what, severity)
    select opened.id, p_now, 'opened', opened.severity from opened
  )
  select count(*) into v_opened from opened;

  if v_has_open then
    with seen_again as (
      update public.alerts as alert
      set
        severity = greatest(alert.severity, fires.severity), last_seen_at = p_now,
        observed_at = greatest(alert.observed_at, coalesce(fires.at, p_now)),
        facts = case when alert.observed_at <= coalesce(fires.at, p_now) then fires.facts else alert.facts end
      from unnest(v_firing) as fires
      join public.alerts as before on before.fingerprint = fires.fingerprint and before.resolved_at is null
      where alert.id = before.id
      and (before.severity < fires.severity or before.last_seen_at <= p_now - c_seen_again)
      returning alert.id, alert.severity, before.severity as severity_before
    ), noted as (
      insert into public.alert_history (alert_id, at, what, severity)
      select seen_again.id, p_now, 'worse', seen_again.severity
      from seen_again
      where seen_again.severity > seen_again.severity_before
    )
    select count(*) filter (where seen_again.severity > seen_again.severity_before) into v_worse from seen_again;
  end if;

  return jsonb_build_object(
    'opened', v_opened, 'worse', v_worse, 'reopened', v_reopened, 'resolved', v_resolved
  );
end;
$$;

create or replace function public.firing_alerts(p_seen jsonb)
returns setof public.firing_alert
language sql
stable
security invoker
set search_path = ''
as $$
  select distinct on (1)
    seen.scope || '/' || seen.plant || '/' || fires.rule
    || case when coalesce(fires.subject, '') = '' then '' else '/' || left(fires.subject, 300) end,
    seen.plant, seen.scope, fires.rule, coalesce(left(fires.subject, 300), ''), fires.severity,
    coalesce(fires.facts, '{}'), coalesce(fires.is_told_when_over, false), coalesce(fires.is_event, false), seen.at
  from public.looks_that_count(p_seen) as seen
  cross join lateral jsonb_to_recordset(seen.firing) as fires (
    rule text, subject text, severity public.alert_severity, facts jsonb, is_told_when_over boolean, is_event boolean
  )
  order by 1, fires.severity desc, seen.at desc;
$$;

create or replace function public.has_open_alerts(p_seen jsonb)
returns boolean
language sql
stable
security invoker
set search_path = ''
as $$
  select exists (
    select 1
    from jsonb_to_recordset(p_seen) as seen (scope text, plant text)
    join public.alerts as alert on alert.plant = seen.plant and alert.scope = seen.scope and alert.resolved_at is null
  );
$$;

create or replace function public.looks_that_count(p_seen jsonb)
returns table (scope text, plant text, at timestamptz, rules jsonb, firing jsonb)
language sql
stable
security invoker
set search_path = ''
as $$
  select seen.scope, seen.plant, seen.at, seen.rules, seen.firing
  from jsonb_to_recordset(p_seen) as seen (
    scope text, plant text, at timestamptz, slot timestamptz, rules jsonb, firing jsonb
  )
  -- Whoever looked knew no success after `slot`. If there is one now, the look is of the past: it tells neither what
  -- fires nor what is well.
  where seen.slot is null
  or not exists (
    select 1
    from public.pipeline_runs as run
    where run.pipeline = seen.scope
    and run.plant = seen.plant
    and run.trigger = 'schedule'
    and run.status in ('succeeded', 'partial')
    and run.slot > seen.slot
  );
$$;
