-- The page of alerts was sent every open one with all its facts: 1,100 of them were 1.2 MB at each wake-up, 5,000 were 4.8 MB and took 0.4 s of Postgres.
-- It gets 500, those that nobody has acknowledged first, and how many more there are of each rule. Facts are cut as names and reasons are.
-- board_alerts changes in one more field and a shorter list: the old code keeps working, and says nothing of those that are left off.

create function public.shown_facts(p_facts jsonb)
returns jsonb
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select case when length(p_facts::text) <= 2000 then p_facts else (
    select jsonb_object_agg(fact.name, case
      when jsonb_typeof(fact.value) = 'string' then to_jsonb(public.shown(fact.value #>> '{}', 400))
      when length(fact.value::text) > 2000 then to_jsonb(public.shown(fact.value::text, 400))
      else fact.value
    end)
    from jsonb_each(p_facts) as fact (name, value)
  ) end;
$$;

comment on function public.shown_facts(jsonb) is
  'The facts of an alert as pages show them: if they are long, texts of more than 400 characters are cut, and lists and objects of more than 2,000 become such texts.';

revoke all on function public.shown_facts(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.shown_facts(jsonb) to authenticated, service_role;

create or replace function public.alert_as_json(p_alert public.alerts, p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'id', p_alert.id,
    'plant', case when p_alert.plant not in ('(no plant)', '(all plants)') then p_alert.plant end,
    'scope', p_alert.scope,
    'rule', p_alert.rule,
    'subject', p_alert.subject,
    'fingerprint', p_alert.fingerprint,
    'severity', p_alert.severity,
    'facts', public.shown_facts(p_alert.facts),
    'opened_at', p_alert.opened_at,
    'last_seen_at', p_alert.last_seen_at,
    'reopened', p_alert.reopened,
    'is_event', p_alert.is_event,
    'safety_event_id', p_alert.safety_event_id,
    'is_acknowledged', p_alert.is_acknowledged,
    'acknowledged_at', p_alert.acknowledged_at,
    'acknowledged_by', coalesce(p_alert.acknowledged_by_name, p_alert.acknowledged_by::text),
    'resolved_at', p_alert.resolved_at,
    'silenced_until', (
      -- What is_silenced asks of one instant, and until when.
      select max(silence.ends_at)
      from public.silences as silence
      where silence.starts_at <= p_now
      and silence.ends_at > p_now
      and (silence.plant is null or silence.plant = p_alert.plant)
      and (silence.rule is null or silence.rule = p_alert.rule)
      and (silence.fingerprint is null or silence.fingerprint = p_alert.fingerprint)
    ),
    'may_acknowledge', public.signs_for(p_alert.plant)
  );
$$;

create or replace function public.board_alerts(p_plant text, p_days integer default 30, p_now timestamptz default null)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
set jit = off
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_plant constant jsonb := public.board_plant(p_plant);
  -- What is of no plant concerns every member; row level security leaves what the caller may read.
  v_plants constant text[] := array[p_plant, '(no plant)', '(all plants)'];
  v_open jsonb;
  v_counts jsonb;
  v_left_off jsonb;
  v_over jsonb;
  v_number integer;
begin
  if p_days is null or p_days not between 1 and 400 then
    raise exception 'p_days must be 1 to 400 days, not %', coalesce(p_days::text, 'null') using errcode = '22023';
  end if;
  if v_plant is null then
    return jsonb_build_object('now', v_now, 'plant', null);
  end if;

  with alert as materialized (
    -- What somebody has acknowledged gives way to what nobody has.
    select one as content, row_number() over (order by one.is_acknowledged, one.severity desc, one.opened_at, one.id) as position
    from public.alerts as one
    where one.plant = any (v_plants) and one.resolved_at is null
  )
  select shown.list, counted.told, left_off.list
  into v_open, v_counts, v_left_off
  from (
    select jsonb_agg(
      public.alert_as_json(alert.content, v_now) || jsonb_build_object('steps', coalesce(step.list, '[]'))
      order by (alert.content).severity desc, (alert.content).opened_at, (alert.content).id
    ) as list
    from alert
    cross join lateral (
      select jsonb_agg(jsonb_build_object(
        'at', newest.at,
        'what', newest.what,
        'by', newest.by_name,
        'channel', newest.channel,
        'occasion', newest.occasion,
        'severity', newest.severity
      ) order by newest.at, newest.id) as list
      from (
        select history.*
        from public.alert_history as history
        where history.alert_id = (alert.content).id
        order by history.at desc, history.id desc
        limit 20
      ) as newest
    ) as step
    where alert.position <= 500
  ) as shown
  cross join (
    select jsonb_build_object(
      'open', count(*),
      'critical', count(*) filter (where (alert.content).severity = 'critical'),
      'unacknowledged', count(*) filter (where not (alert.content).is_acknowledged)
    ) as told
    from alert
  ) as counted
  cross join (
    select jsonb_agg(jsonb_build_object('rule', rule.name, 'alerts', rule.alerts) order by rule.alerts desc, rule.name) as list
    from (
      select (alert.content).rule as name, count(*) as alerts
      from alert
      where alert.position > 500
      group by 1
    ) as rule
  ) as left_off;

  select jsonb_agg(over.content order by over.position) filter (where over.position <= 500), count(*)
  into v_over, v_number
  from (
    select
      alert.position,
      case when alert.position <= 500 then public.alert_as_json(alert.content, v_now) end as content
    from (
      select one as content, row_number() over (order by one.resolved_at desc, one.id desc) as position
      from public.alerts as one
      where one.plant = any (v_plants)
      and one.resolved_at > v_now - make_interval(days => p_days)
    ) as alert
  ) as over;

  return (
    select jsonb_build_object(
      'now', v_now,
      'plant', v_plant,
      'as_of', look.looked_at,
      'stale_after', look.stale_after,
      'may_silence', public.signs_for(p_plant),
      'counts', v_counts,
      'open', coalesce(v_open, '[]'),
      'open_left_off', coalesce(v_left_off, '[]'),
      'over', coalesce(v_over, '[]'),
      'over_left_off', greatest(v_number - 500, 0),
      'silences', coalesce((
        select jsonb_agg(jsonb_build_object(
          'id', silence.id,
          'plant', silence.plant,
          'rule', silence.rule,
          'fingerprint', silence.fingerprint,
          'starts_at', silence.starts_at,
          'ends_at', silence.ends_at,
          'why', silence.why,
          'created_at', silence.created_at,
          'created_by', coalesce(silence.created_by_name, silence.created_by::text),
          'is_active', silence.starts_at <= v_now,
          'may_end', public.signs_for(coalesce(silence.plant, '*'))
        ) order by silence.ends_at, silence.id)
        from public.silences as silence
        where silence.ends_at > v_now and (silence.plant is null or silence.plant = p_plant)
      ), '[]')
    )
    from (values (true)) as one
    left join (select j.looked_at, j.stale_after from public.judged_pipelines(v_now) as j limit 1) as look on true
  );
end;
$$;

comment on function public.board_alerts(text, integer, timestamptz) is
  'The page of alerts of a plant and of what is of no plant: the 500 open ones that need somebody most, with their steps, the worst first, and how many more '
  'there are of each rule; the last 500 that ended in the last days (1 to 400); and silences.';
