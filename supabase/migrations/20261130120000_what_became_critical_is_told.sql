-- What is critical is told afterwards, as over, if it ended before a channel could be told. That was decided when an alert
-- opened, and "overdue" opens as a warning: a pipeline that was down while the channel was away was never told. Now it is
-- decided when an alert gets worse, or comes back, too. To old code nothing changes.

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
  v_reopened integer := 0;
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

  if v_has_open then
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
      ) as changed
      order by 1
    );
  else
    v_plants := array(
      select distinct seen.plant
      from jsonb_to_recordset(p_seen) as seen (plant text, firing jsonb)
      where seen.firing @? '$[*]'
      order by 1
    );
  end if;
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
  if public.has_open_alerts(p_seen) then
    with ended as (
      update public.alerts as alert
      set resolved_at = greatest(p_now, alert.opened_at), observed_at = greatest(alert.observed_at, least(well.at, p_now))
      from public.well_alerts(p_seen) as well
      where alert.id = well.id and alert.resolved_at is null and alert.observed_at <= least(well.at, p_now)
      returning alert.id, alert.resolved_at
    ), noted as (
      insert into public.alert_history (alert_id, at, what)
      select ended.id, ended.resolved_at, 'resolved' from ended
    )
    select count(*) into v_resolved from ended;
  end if;

  v_firing := array(select fires from public.firing_alerts(p_seen) as fires);
  with opened as (
    insert into public.alerts (
      rule, plant, scope, subject, severity, facts, opened_at, observed_at, last_seen_at,
      is_told_when_over, is_event, resolved_at
    )
    select
      fires.rule, fires.plant, fires.scope, fires.subject, fires.severity, fires.facts, p_now,
      least(fires.at, p_now), p_now, fires.is_told_when_over, fires.is_event,
      case when fires.is_event then p_now end
    from unnest(v_firing) as fires
    where not exists (
      select 1 from public.alerts as alert
      where alert.fingerprint = fires.fingerprint and alert.resolved_at is null
    )
    -- As an aggregate, so that each is looked up: a join reads all that ever ended.
    and not (
      select coalesce(bool_or(
        -- What ended a moment ago goes on. An event is one for ever; and what a newer look has ended, an older one does
        -- not open.
        past.resolved_at > p_now - c_one_story or past.is_event or past.observed_at > least(fires.at, p_now)
      ), false)
      from public.alerts as past
      where past.fingerprint = fires.fingerprint and past.resolved_at is not null
    )
    order by fires.fingerprint
    on conflict do nothing
    returning id, severity
  ), noted as (
    insert into public.alert_history (alert_id, at, what, severity)
    select opened.id, p_now, 'opened', opened.severity from opened
  )
  select count(*) into v_opened from opened;

  if v_opened < cardinality(v_firing) then
    with known as (
      select
        fires.severity, fires.facts, fires.is_told_when_over, least(fires.at, p_now) as at,
        coalesce(present.id, past.id) as id,
        present.severity as severity_before, present.id is null as is_reopened
      from unnest(v_firing) as fires
      left join public.alerts as present on present.fingerprint = fires.fingerprint and present.resolved_at is null
      left join lateral (
        select ended.id
        from public.alerts as ended
        where present.id is null
        and ended.fingerprint = fires.fingerprint
        and ended.resolved_at > p_now - c_one_story
        and ended.observed_at <= least(fires.at, p_now)
        and not ended.is_event
        order by ended.resolved_at desc
        limit 1
      ) as past on true
      where present.id is null or present.severity < fires.severity or present.last_seen_at <= p_now - c_seen_again
    ), seen_again as (
      update public.alerts as alert
      set
        resolved_at = null,
        reopened = alert.reopened + known.is_reopened::integer,
        severity = greatest(alert.severity, known.severity),
        last_seen_at = p_now,
        is_told_when_over = alert.is_told_when_over or known.is_told_when_over,
        observed_at = greatest(alert.observed_at, known.at),
        facts = case when alert.observed_at <= known.at then known.facts else alert.facts end
      from known
      where alert.id = known.id
      returning alert.id, alert.severity, case
        when known.is_reopened then 'reopened'
        when alert.severity > known.severity_before then 'worse'
      end as what
    ), noted as (
      insert into public.alert_history (alert_id, at, what, severity)
      select seen_again.id, p_now, seen_again.what, seen_again.severity from seen_again where seen_again.what is not null
    )
    select
      count(*) filter (where seen_again.what = 'worse'), count(*) filter (where seen_again.what = 'reopened')
    into v_worse, v_reopened
    from seen_again;
  end if;

  return jsonb_build_object(
    'opened', v_opened, 'worse', v_worse, 'reopened', v_reopened, 'resolved', v_resolved
  );
end;
$$;
