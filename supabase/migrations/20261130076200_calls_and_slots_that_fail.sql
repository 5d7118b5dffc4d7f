-- A read by hand that succeeded said of a group that bursts poll that its slots fail no more, so no alert came. And a group that
-- waits for calls never had an alert, however long all of them failed. A call now speaks only for a group that nobody polls,
-- and tag_troubles tells of one whose last call failed. Nothing changes for old code: it reads the same keys.

set lock_timeout = '2s';

create or replace function public.commit_tag_trigger(p_commit jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_sample constant jsonb := nullif(p_commit -> 'sample', 'null');
  v_trigger public.tag_triggers;
  v_slot timestamptz := (p_commit ->> 'slot')::timestamptz;
begin
  select t.* into v_trigger
  from public.tag_triggers as t
  where t.token = (p_commit ->> 'id')::uuid
  for no key update;
  if not found then
    return jsonb_build_object('answer', 'unknown', 'slot', null, 'result', null);
  end if;
  if v_trigger.finished_at is not null then
    return jsonb_build_object('answer', 'repeated', 'slot', v_trigger.slot, 'result', v_trigger.result);
  end if;

  perform public.lock_tag_groups(array[v_trigger.group_id]);

  if v_sample is not null then
    -- A burst may have a sample of the very same time: both are kept.
    while exists (
      select 1 from public.tag_samples as s where s.group_id = v_trigger.group_id and s.slot = v_slot
    ) loop
      v_slot := v_slot + interval '1 millisecond';
    end loop;
    insert into public.tag_samples (group_id, read_ms, quality, slot, "values", wide_values, texts, qualities)
    select
      v_trigger.group_id, least(one.ms, 32767), coalesce(one.b, 0), v_slot, one.v, one.w,
      nullif(nullif(one.t, 'null'), '{}'), nullif(nullif(one.q, 'null'), '{}')
    from jsonb_to_record(v_sample) as one (v real[], w double precision[], t jsonb, q jsonb, b smallint, ms integer);
    perform public.roll_tag_minutes(array[v_trigger.group_id], array[date_trunc('minute', v_slot)]);
  else
    v_slot := null;
  end if;

  update public.tag_triggers as t
  set
    slot = v_slot,
    outcome = p_commit ->> 'outcome',
    tag_count = (p_commit ->> 'tag_count')::integer,
    bad_count = (p_commit ->> 'bad_count')::integer,
    took_ms = (p_commit ->> 'took_ms')::integer,
    error_code = p_commit ->> 'error_code',
    result = p_commit -> 'result',
    finished_at = v_now
  where t.id = v_trigger.id;

  update public.tag_states as s
  set
    last_poll_at = greatest(s.last_poll_at, v_now),
    last_good_at = case when p_commit ->> 'outcome' = 'failed' then s.last_good_at else greatest(s.last_good_at, v_now) end,
    success_count = s.success_count + (p_commit ->> 'outcome' <> 'failed')::integer,
    error_count = s.error_count + (p_commit ->> 'outcome' = 'failed')::integer,
    last_error_code = coalesce(p_commit ->> 'error_code', s.last_error_code),
    last_error = coalesce(left(p_commit ->> 'error', 1000), s.last_error),
    last_error_at = case when p_commit ->> 'error_code' is null then s.last_error_at else v_now end,
    failing_since = case
      -- Whoever polls it says since when its slots fail.
      when exists (select 1 from public.tag_groups as g where g.id = s.group_id and public.is_polled(g)) then s.failing_since
      when p_commit ->> 'outcome' = 'failed' then coalesce(s.failing_since, v_now)
    end,
    read_ms = coalesce((v_sample ->> 'ms')::real, s.read_ms)
  where s.group_id = v_trigger.group_id;

  return jsonb_build_object('answer', 'committed', 'slot', v_slot, 'result', p_commit -> 'result');
end;
$$;

create or replace function public.tag_troubles(p_now timestamptz default null)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set statement_timeout = '4s'
set jit = off
as $$
  with now as (select coalesce(p_now, clock_timestamp()) as at),
  held as materialized (
    select distinct lease.group_id
    from public.tag_leases as lease
    cross join now
    where lease.ended_at is null
    and lease.expires_at > now.at
    and (lease.until_slot is null or lease.until_slot > now.at)
  ),
  active as (
    select
      g.*,
      (
        g.mode = 'fixed'
        or exists (
          select 1 from public.tags as tag where tag.group_id = g.id and tag.role = 'trigger' and tag.removed_at is null
        )
      ) as is_polled
    from public.tag_groups as g
    where g.active
  )
  -- Only what may fire: thousands of groups that do well take no time.
  select jsonb_build_object('at', now.at, 'groups', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'plant', g.plant,
      'name', g.name,
      'failing_since', case when held.group_id is not null or not g.is_polled then s.failing_since end,
      'error_code', s.last_error_code,
      'error', left(s.last_error, 300),
      'queue_highest', s.queue_highest,
      'queue_limit', s.queue_limit,
      'dropped_at', s.dropped_at,
      'dropped_count', s.dropped_count,
      'unheard_since', case when held.group_id is null and g.is_polled then greatest(s.flushed_at, g.updated_at) end
    ) order by g.plant, g.name), '[]')
    from active as g
    left join held on held.group_id = g.id
    left join public.tag_states as s on s.group_id = g.id
    left join lateral (
      -- A group that waits for a call fails if the last one did, as long as that is known.
      select trigger.outcome
      from public.tag_triggers as trigger
      where not g.is_polled
      and s.failing_since is not null
      and trigger.group_id = g.id
      and trigger.finished_at is not null
      order by trigger.requested_at desc
      limit 1
    ) as called on true
    where case
      when not g.is_polled then called.outcome = 'failed'
      else held.group_id is null
      or s.failing_since is not null
      or s.queue_highest * 10 >= s.queue_limit
      or s.dropped_at > now.at - interval '1 day'
    end
  ))
  from now;
$$;

comment on function public.tag_troubles(timestamptz) is
  'Active groups of tags that fail (by their slots, or by the calls that they wait for), that nobody polls, that have a tenth of '
  'their queue full, or that dropped samples within a day: what alerts are made of.';
