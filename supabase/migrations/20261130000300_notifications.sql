-- What a channel is to be told is worked out when it is claimed, here and nowhere else: silences, quiet hours, repeats,
-- recoveries and the limit by the hour. Deciding when something happens loses and doubles messages (decision 0083).
-- New functions: the old code keeps working.

set lock_timeout = '2s';

create function public.claim_notifications(p_channel jsonb, p_limit integer, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '8s'
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_name constant text := p_channel ->> 'name';
  v_lease constant uuid := gen_random_uuid();
  v_channel public.alert_channels;
  v_messages_left integer;
  v_items jsonb;
  v_held_back integer := 0;
begin
  -- Sweeps claim one after the other for a channel; so each sees what the one before took.
  perform pg_catalog.pg_advisory_xact_lock(20261131, pg_catalog.hashtext(v_name));

  insert into public.alert_channels (name, first_seen_at)
  values (v_name, v_now)
  on conflict do nothing;
  select channel.* into v_channel from public.alert_channels as channel where channel.name = v_name;
  if v_channel.next_try_at > v_now then
    return jsonb_build_object('lease', null, 'items', '[]'::jsonb, 'messages_left', 0, 'held_back', 0);
  end if;

  insert into public.notifications (alert_id, channel)
  select alert.id, v_name
  from public.wanted_alerts(p_channel, v_channel.first_seen_at, v_now) as alert
  where not exists (
    select 1 from public.notifications as known where known.alert_id = alert.id and known.channel = v_name
  )
  order by alert.id
  on conflict do nothing;

  v_messages_left := greatest(0, (p_channel ->> 'most_per_hour')::integer - (
    select count(distinct told.message_key)
    from public.alert_history as told
    where told.channel = v_name and told.what = 'told' and told.at > v_now - interval '1 hour' and told.at <= v_now
  ));

  with due as (
    select due.notification_id, due.occasion, due.severity, due.recipients
    from public.due_notifications(p_channel, v_now) as due
    -- Beyond the limit only incidents go out; the rest waits, and the next message says how many.
    where v_messages_left > 0 or due.is_safety
    order by due.severity desc, due.notification_id
    limit p_limit
  ), claimed as (
    update public.notifications as known
    set
      lease = v_lease,
      lease_expires_at = v_now + make_interval(secs => (p_channel ->> 'lease_s')::double precision),
      attempts = known.attempts + 1,
      -- A lease that ran out has perhaps told; that is forgotten at the next success only.
      is_perhaps_told = known.is_perhaps_told
        or known.lease is not null and known.claimed in ('fired', 'worse', 'repeat'),
      is_perhaps_over = known.is_perhaps_over or known.lease is not null and known.claimed = 'resolved',
      claimed = due.occasion,
      claimed_severity = due.severity,
      claimed_at = v_now
    from due
    where known.id = due.notification_id
    returning known.id, known.alert_id, due.occasion, due.severity, due.recipients, known.told_times, known.attempts
  )
  select jsonb_agg(
    jsonb_build_object(
      'notification_id', claimed.id,
      'occasion', claimed.occasion,
      'severity', claimed.severity,
      'recipients', claimed.recipients,
      'told_times', claimed.told_times,
      'attempts', claimed.attempts,
      'alert_id', alert.id,
      'fingerprint', alert.fingerprint,
      'rule', alert.rule,
      'plant', alert.plant,
      'scope', alert.scope,
      'subject', alert.subject,
      'facts', alert.facts,
      'opened_at', alert.opened_at,
      'resolved_at', alert.resolved_at,
      'reopened', alert.reopened,
      'is_event', alert.is_event,
      'is_acknowledged', alert.is_acknowledged,
      'acknowledged_by', alert.acknowledged_by_name,
      'safety_event_id', alert.safety_event_id
    )
    order by claimed.severity desc, alert.opened_at, alert.id
  )
  into v_items
  from claimed
  join public.alerts as alert on alert.id = claimed.alert_id;

  if v_messages_left = 0 then
    select count(*) into v_held_back from public.due_notifications(p_channel, v_now) as due where not due.is_safety;
  end if;
  return jsonb_build_object(
    'lease', v_lease, 'items', coalesce(v_items, '[]'), 'messages_left', v_messages_left, 'held_back', v_held_back
  );
end;
$$;

comment on function public.claim_notifications(jsonb, integer, timestamptz) is 'Leases what a channel is to be told now: the lease, the items, how many messages the hour has left, and how many items wait for that.';

create function public.wanted_alerts(p_channel jsonb, p_since timestamptz, p_now timestamptz)
returns table (id bigint)
language sql
stable
security invoker
set search_path = ''
as $$
  select alert.id
  from (
    select present.* from public.alerts as present where present.resolved_at is null
    union all
    select past.*
    from public.alerts as past
    where past.resolved_at >= greatest(p_since, p_now - interval '7 days')
    and (past.is_told_when_over or past.is_event)
  ) as alert
  -- As in due_notifications; not as a function, which takes longer than all the rest.
  where (
    alert.severity >= (p_channel ->> 'least_severity')::public.alert_severity
    or coalesce(p_channel -> 'rules_of_any_severity' ? alert.rule, false)
  )
  and (jsonb_typeof(p_channel -> 'plants') = 'null' or p_channel -> 'plants' ? alert.plant)
  and (jsonb_typeof(p_channel -> 'rules') = 'null' or p_channel -> 'rules' ? alert.rule)
  -- A channel is not told that it fails.
  and not (alert.rule = 'channel_failing' and alert.subject = p_channel ->> 'name');
$$;

comment on function public.wanted_alerts(jsonb, timestamptz, timestamptz) is 'The alerts that a channel has to do with: open, or over and to be told all the same; nothing that was over before the channel was there.';

create function public.is_silenced(
  p_plant text, p_rule text, p_fingerprint text, p_from timestamptz, p_until timestamptz
)
returns boolean
language sql
stable
security invoker
set search_path = ''
as $$
  select exists (
    select 1
    from public.silences as silence
    where silence.starts_at <= p_until
    and silence.ends_at > p_from
    and (silence.plant is null or silence.plant = p_plant)
    and (silence.rule is null or silence.rule = p_rule)
    and (silence.fingerprint is null or silence.fingerprint = p_fingerprint)
  );
$$;

comment on function public.is_silenced(text, text, text, timestamptz, timestamptz) is 'Whether a silence holds for an alert at any instant of a span.';

create function public.unsettled_notifications(p_channel text, p_now timestamptz)
returns table (id bigint)
language sql
stable
security invoker
set search_path = ''
as $$
  select known.id
  from public.alerts as alert
  join public.notifications as known on known.alert_id = alert.id and known.channel = p_channel
  where alert.resolved_at is null
  union
  select known.id
  from public.alerts as alert
  join public.notifications as known on known.alert_id = alert.id and known.channel = p_channel
  where alert.resolved_at >= p_now - interval '7 days'
  and (alert.is_told_when_over or alert.is_event)
  union
  select known.id
  from public.notifications as known
  where known.channel = p_channel
  and (
    known.told in ('fired', 'worse', 'repeat')
    or known.lease is not null
    or known.left_recipients is not null
    or known.is_perhaps_told
  );
$$;

comment on function public.unsettled_notifications(text, timestamptz) is 'What a channel may have to be told of; of all that is over and told it has nothing.';

create function public.due_notifications(p_channel jsonb, p_now timestamptz)
returns table (
  notification_id bigint, occasion text, severity public.alert_severity, is_safety boolean, recipients jsonb
)
language sql
stable
security invoker
set search_path = ''
as $$
  with present as materialized (
    select silence.plant, silence.rule, silence.fingerprint
    from public.silences as silence
    where silence.starts_at <= p_now and silence.ends_at > p_now
  )
  select
    known.id,
    coalesce(due.occasion, due.rest),
    alert.severity,
    alert.safety_event_id is not null,
    case when due.occasion is null then to_jsonb(known.left_recipients) end
  from public.unsettled_notifications(p_channel ->> 'name', p_now) as unsettled
  join public.notifications as known on known.id = unsettled.id
  join public.alerts as alert on alert.id = known.alert_id
  cross join lateral (
    select
      alert.severity < 'critical' and p_channel -> 'quiet_plants' ? alert.plant as is_quiet,
      -- As is_silenced, which is asked for the few that are over.
      (alert.resolved_at is null or alert.is_event) and exists (
        select 1
        from present
        where (present.plant is null or present.plant = alert.plant)
        and (present.rule is null or present.rule = alert.rule)
        and (present.fingerprint is null or present.fingerprint = alert.fingerprint)
      ) as is_silenced,
      -- The settings may have changed since: then only the end of what was told is still told.
      (
          alert.severity >= (p_channel ->> 'least_severity')::public.alert_severity
          or coalesce(p_channel -> 'rules_of_any_severity' ? alert.rule, false)
        )
        and (jsonb_typeof(p_channel -> 'plants') = 'null' or p_channel -> 'plants' ? alert.plant)
        and (jsonb_typeof(p_channel -> 'rules') = 'null' or p_channel -> 'rules' ? alert.rule) as is_wanted,
      coalesce(known.told, '') in ('fired', 'worse', 'repeat') as is_told,
      -- Some things are told only if they last.
      alert.opened_at + make_interval(secs => coalesce((alert.facts ->> 'told_after_s')::double precision, 0)) as told_from,
      -- A lease that ran out may have told: then the end is told too, and what fires again after it.
      known.is_perhaps_told
        or known.lease is not null and known.claimed in ('fired', 'worse', 'repeat') as is_perhaps_told,
      known.is_perhaps_over or known.lease is not null and known.claimed = 'resolved' as is_perhaps_over
  ) as state
  cross join lateral (
    select
      case
        when state.is_quiet or state.is_silenced then null
        when alert.is_event then case
          when known.told is null
            and state.is_wanted
            and not public.is_silenced(
              alert.plant, alert.rule, alert.fingerprint, alert.opened_at, alert.opened_at
            ) then 'fired'
        end
        when alert.resolved_at is null then case
          when not state.is_wanted then null
          when not state.is_told or state.is_perhaps_over then case when p_now >= state.told_from then 'fired' end
          when alert.severity > known.told_severity then 'worse'
          when alert.is_acknowledged then null
          when known.told_at <= p_now - make_interval(hours => (p_channel ->> 'repeat_hours')::integer) then 'repeat'
        end
        when state.is_told or state.is_perhaps_told then
          -- What fires again in the meantime is one story.
          case when alert.resolved_at <= p_now - interval '5 minutes' then 'resolved' end
        when alert.is_told_when_over and (known.told is null or known.told_at < alert.last_seen_at) then case
          when not state.is_wanted or alert.resolved_at < state.told_from then null
          when public.is_silenced(
            alert.plant, alert.rule, alert.fingerprint, alert.opened_at, alert.resolved_at
          ) then null
          -- PagerDuty and its like need a beginning before an end.
          when (p_channel ->> 'is_single')::boolean then 'fired'
          else 'over'
        end
      end as occasion,
      -- Some recipients asked for patience: they hear the same, as long as it is still so.
      case
        when known.left_recipients is null or state.is_quiet or state.is_silenced then null
        when alert.is_event then 'fired'
        when state.is_told = (alert.resolved_at is null) then known.told
      end as rest
  ) as due
  where (known.lease_expires_at is null or known.lease_expires_at <= p_now)
  -- While some recipients wait (attempts = 0, since the others have it), news for all does not.
  and (known.next_try_at <= p_now or known.attempts = 0 and due.occasion is not null)
  and coalesce(due.occasion, due.rest) is not null;
$$;

comment on function public.due_notifications(jsonb, timestamptz) is 'What a channel is to be told at an instant, whoever holds it: the one place that knows silences, quiet hours, repeats and recoveries.';

create function public.mark_notifications(
  p_lease uuid, p_channel text, p_notification_ids bigint[], p_result jsonb, p_now timestamptz default null
)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '8s'
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_error constant text := p_result ->> 'error';
  v_retry constant interval := make_interval(secs => coalesce((p_result ->> 'retry_s')::double precision, 0));
  v_left constant text[] := (
    select array_agg(left_one.recipient order by left_one.recipient)
    from jsonb_array_elements_text(
      case when jsonb_typeof(p_result -> 'left_recipients') = 'array' then p_result -> 'left_recipients' else '[]' end
    ) as left_one (recipient)
  );
  v_marked integer;
begin
  if (p_result ->> 'is_given_back')::boolean then
    -- Nobody tried to send it.
    update public.notifications as known
    set lease = null, lease_expires_at = null, attempts = greatest(known.attempts - 1, 0)
    where known.id = any (p_notification_ids) and known.lease = p_lease;
    get diagnostics v_marked = row_count;
  elsif v_error is null then
    with told as (
      update public.notifications as known
      set
        -- What has no end is over as soon as it is told.
        told = case when alert.is_event then 'over' else known.claimed end,
        told_severity = case when known.claimed = 'resolved' then known.told_severity else known.claimed_severity end,
        told_at = known.claimed_at,
        told_times = known.told_times + 1,
        lease = null,
        lease_expires_at = null,
        attempts = 0,
        is_perhaps_told = false,
        is_perhaps_over = false,
        error = null,
        left_recipients = v_left,
        next_try_at = case when v_left is null then '-infinity' else v_now + v_retry end
      from public.alerts as alert
      where known.id = any (p_notification_ids) and known.lease = p_lease and alert.id = known.alert_id
      returning known.alert_id, known.claimed, known.told_severity
    ), noted as (
      insert into public.alert_history (alert_id, at, what, channel, message_key, occasion, severity)
      select told.alert_id, v_now, 'told', p_channel, p_result ->> 'key', told.claimed, told.told_severity
      from told
    )
    select count(*) into v_marked from told;
    update public.alert_channels as channel
    set last_sent_at = v_now, failing_since = null, failures = 0, next_try_at = '-infinity', error = null
    where channel.name = p_channel;
  else
    update public.notifications as known
    set
      lease = null,
      lease_expires_at = null,
      error = v_error,
      next_try_at = case when (p_result ->> 'is_of_channel')::boolean then known.next_try_at else v_now + v_retry end
    where known.id = any (p_notification_ids) and known.lease = p_lease;
    get diagnostics v_marked = row_count;
    update public.alert_channels as channel
    set
      failing_since = coalesce(channel.failing_since, v_now),
      failures = channel.failures + 1,
      next_try_at = case
        when (p_result ->> 'is_of_channel')::boolean then v_now + v_retry else channel.next_try_at
      end,
      error = v_error
    where channel.name = p_channel;
  end if;
  return jsonb_build_object('marked', v_marked);
end;
$$;

comment on function public.mark_notifications(uuid, text, bigint[], jsonb, timestamptz) is 'Writes down that a message was sent ({key, left_recipients, retry_s}) or was not ({error, retry_s, is_of_channel}), or that nobody tried ({is_given_back}), for what is still under the lease.';

create function public.failing_channels(p_names jsonb, p_now timestamptz default null)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object('channels', coalesce(jsonb_agg(jsonb_build_object(
    'name', channel.name,
    'failing_since', channel.failing_since,
    'failures', channel.failures,
    'error', channel.error
  ) order by channel.name), '[]'))
  from public.alert_channels as channel
  where p_names ? channel.name and channel.failing_since is not null;
$$;

comment on function public.failing_channels(jsonb, timestamptz) is 'The channels of a list of names whose messages fail, since when and why. p_now is ignored.';

revoke all on function public.claim_notifications(jsonb, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.claim_notifications(jsonb, integer, timestamptz) to service_role;
revoke all on function public.wanted_alerts(jsonb, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.wanted_alerts(jsonb, timestamptz, timestamptz) to service_role;
revoke all on function public.unsettled_notifications(text, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.unsettled_notifications(text, timestamptz) to service_role;
revoke all on function public.due_notifications(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.due_notifications(jsonb, timestamptz) to service_role;
revoke all on function public.is_silenced(text, text, text, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.is_silenced(text, text, text, timestamptz, timestamptz) to service_role;
revoke all on function public.mark_notifications(uuid, text, bigint[], jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.mark_notifications(uuid, text, bigint[], jsonb, timestamptz) to service_role;
revoke all on function public.failing_channels(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.failing_channels(jsonb, timestamptz) to service_role;
