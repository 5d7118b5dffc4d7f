-- Afterwards recipients that are left over are tried without end again.

set lock_timeout = '2s';

create or replace function public.mark_notifications(
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
  v_is_perhaps_sent constant boolean := coalesce((p_result ->> 'is_perhaps_sent')::boolean, false);
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
      is_perhaps_told = known.is_perhaps_told
        or v_is_perhaps_sent and known.claimed in ('fired', 'worse', 'repeat'),
      is_perhaps_over = known.is_perhaps_over or v_is_perhaps_sent and known.claimed = 'resolved',
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
    where channel.name = p_channel
    and not coalesce((p_result ->> 'is_of_recipients')::boolean, false);
  end if;
  return jsonb_build_object('marked', v_marked);
end;
$$;

comment on function public.mark_notifications(uuid, text, bigint[], jsonb, timestamptz) is 'Writes down that a message was sent ({key, left_recipients, retry_s}) or was not ({error, retry_s, is_of_channel, is_of_recipients, is_perhaps_sent}), or that nobody tried ({is_given_back}), for what is still under the lease.';
