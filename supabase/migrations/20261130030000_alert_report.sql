-- Nobody could see whether alerts help: how many there are, how soon people are told and answer, and whether a channel
-- brings more than a person can take. One function counts a span. New function: the old code keeps working.

set lock_timeout = '2s';

create function public.alert_report(p_since timestamptz, p_until timestamptz, p_plant text default null)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
as $$
  with seen as (
    select
      alert.rule,
      alert.plant,
      alert.opened_at >= p_since as is_new,
      alert.resolved_at is null or alert.resolved_at >= p_until as is_open,
      case when alert.opened_at >= p_since then extract(epoch from first.at - alert.opened_at) end as notify_s,
      case when alert.opened_at >= p_since then
        extract(epoch from alert.acknowledged_at - alert.opened_at)
      end as acknowledge_s
    from public.alerts as alert
    left join lateral (
      select min(history.at) as at
      from public.alert_history as history
      where history.alert_id = alert.id and history.what = 'told' and history.occasion <> 'resolved'
    ) as first on true
    where alert.opened_at < p_until
    and (alert.opened_at >= p_since or alert.resolved_at is null or alert.resolved_at >= p_until)
    and (p_plant is null or alert.plant = p_plant)
  ),
  counted as (
    -- The empty grouping set is the total.
    select
      grouping(seen.rule) = 1 as is_total,
      seen.rule,
      seen.plant,
      count(*) filter (where seen.is_new) as alerts,
      count(*) filter (where seen.is_open) as open,
      count(seen.notify_s) as notified,
      percentile_disc(array[0.5, 0.95]) within group (order by seen.notify_s) as notify_s,
      count(seen.acknowledge_s) as acknowledged,
      percentile_disc(array[0.5, 0.95]) within group (order by seen.acknowledge_s) as acknowledge_s
    from seen
    group by grouping sets ((seen.rule, seen.plant), ())
  ),
  figures as (
    select
      counted.*,
      jsonb_build_object(
        'alerts', counted.alerts,
        'open', counted.open,
        'notified', counted.notified,
        'notify_p50_s', round(counted.notify_s[1]),
        'notify_p95_s', round(counted.notify_s[2]),
        'acknowledged', counted.acknowledged,
        'acknowledge_p50_s', round(counted.acknowledge_s[1]),
        'acknowledge_p95_s', round(counted.acknowledge_s[2])
      ) as figure
    from counted
  ),
  told as (
    select history.channel, history.message_key, history.at, history.occasion, alert.rule, alert.plant
    from public.alert_history as history
    join public.alerts as alert on alert.id = history.alert_id
    where history.what = 'told'
    and history.at >= p_since
    and history.at < p_until
    and (p_plant is null or alert.plant = p_plant)
  ),
  messages as (
    -- A message about several alerts is heard once. One that only says that all is well again is no alarm.
    select
      told.channel,
      told.message_key,
      date_trunc('hour', min(told.at), 'UTC') as hour,
      bool_or(told.occasion <> 'resolved') as is_alarm
    from told
    group by told.channel, told.message_key
  ),
  hours as (
    select messages.channel, messages.hour, count(*) as alarms
    from messages
    where messages.is_alarm
    group by messages.channel, messages.hour
  ),
  loudest as (
    select distinct on (sources.channel) sources.channel, sources.rule, sources.plant, sources.alarms
    from (
      select told.channel, told.rule, told.plant, count(distinct told.message_key) as alarms
      from told
      where told.occasion <> 'resolved'
      group by told.channel, told.rule, told.plant
    ) as sources
    order by sources.channel, sources.alarms desc, sources.rule, sources.plant
  ),
  channels as (
    select
      messages.channel,
      count(*) as messages,
      count(*) filter (where messages.is_alarm) as alarms
    from messages
    group by messages.channel
  )
  select jsonb_build_object(
    'since', p_since,
    'until', p_until,
    'plant', p_plant,
    'total', (select figures.figure from figures where figures.is_total),
    'by_rule', (
      select coalesce(jsonb_agg(
        jsonb_build_object('rule', figures.rule, 'plant', figures.plant) || figures.figure
        order by figures.alerts desc, figures.rule, figures.plant
      ), '[]')
      from figures
      where not figures.is_total
    ),
    'by_channel', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'channel', channels.channel,
        'messages', channels.messages,
        'alarms', channels.alarms,
        'alarms_per_hour', round(
          channels.alarms * 3600 / nullif(extract(epoch from p_until - p_since), 0), 2
        ),
        'busiest_hour', busiest.hour,
        'busiest_alarms', coalesce(busiest.alarms, 0),
        'hours_over', (
          -- EEMUA 191: one alarm in ten minutes is what a person can handle.
          select count(*) from hours where hours.channel = channels.channel and hours.alarms > 6
        ),
        'loudest', case when loudest.rule is not null then
          jsonb_build_object('rule', loudest.rule, 'plant', loudest.plant, 'alarms', loudest.alarms)
        end
      ) order by channels.channel), '[]')
      from channels
      left join loudest on loudest.channel = channels.channel
      left join lateral (
        select hours.hour, hours.alarms
        from hours
        where hours.channel = channels.channel
        order by hours.alarms desc, hours.hour desc
        limit 1
      ) as busiest on true
    )
  );
$$;

comment on function public.alert_report(timestamptz, timestamptz, text) is
  'How many alerts of a span there are by rule and plant, how soon people were told and acknowledged (seconds), and how many messages each channel got; alarms are messages that do not only tell an end.';

revoke all on function public.alert_report(timestamptz, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.alert_report(timestamptz, timestamptz, text) to service_role;
