-- The page of alerts as it was before: every open one, with all its facts.

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
    'facts', p_alert.facts,
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
  v_over jsonb;
  v_number integer;
begin
  if p_days is null or p_days not between 1 and 400 then
    raise exception 'p_days must be 1 to 400 days, not %', coalesce(p_days::text, 'null') using errcode = '22023';
  end if;
  if v_plant is null then
    return jsonb_build_object('now', v_now, 'plant', null);
  end if;

  select
    jsonb_agg(
      public.alert_as_json(alert, v_now) || jsonb_build_object('steps', coalesce(step.list, '[]'))
      order by alert.severity desc, alert.opened_at, alert.id
    ),
    jsonb_build_object(
      'open', count(*),
      'critical', count(*) filter (where alert.severity = 'critical'),
      'unacknowledged', count(*) filter (where not alert.is_acknowledged)
    )
  into v_open, v_counts
  from public.alerts as alert
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
      where history.alert_id = alert.id
      order by history.at desc, history.id desc
      limit 20
    ) as newest
  ) as step
  where alert.plant = any (v_plants) and alert.resolved_at is null;

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
  'The page of alerts of a plant and of what is of no plant: all open ones with their steps, the worst first; those that ended in the last days (1 to 400); and silences.';

drop function public.shown_facts(jsonb);
