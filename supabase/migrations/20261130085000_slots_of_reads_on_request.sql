-- A read on request was stored at the time of the computer that read it, whatever that was: with a clock ten days fast its sample
-- was the newest one for ten days. The claim tells the time now, and a slot a minute before its request or after now is refused.
-- For old code nothing changes while its clock is right to a minute.

set lock_timeout = '2s';

create or replace function public.claim_tag_trigger(p_ask jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_token constant uuid := (p_ask ->> 'id')::uuid;
  -- A read that was not heard of for so long has died with its function.
  v_longest constant interval := make_interval(secs => coalesce((p_ask ->> 'lease_s')::double precision, 30));
  v_group public.tag_groups;
  v_other public.tag_triggers;
begin
  if v_token is null then
    raise exception 'a trigger has an id of its own' using errcode = 'P0001';
  end if;

  select g.* into v_group
  from public.tag_groups as g
  where g.plant = p_ask ->> 'plant' and g.name = p_ask ->> 'group' and g.removed_at is null;
  if not found then
    return jsonb_build_object('answer', 'unknown_group', 'trigger', null, 'group', null, 'result', null);
  end if;
  if v_group.mode = 'fixed' or not v_group.active then
    return jsonb_build_object(
      'answer', case when v_group.mode = 'fixed' then 'fixed_group' else 'stopped_group' end,
      'trigger', null, 'group', null, 'result', null
    );
  end if;

  -- Two calls at the same moment: the second one finds the first one's row.
  perform pg_advisory_xact_lock(hashtextextended('triggers of a group', v_group.id));

  select t.* into v_other
  from public.tag_triggers as t
  where t.group_id = v_group.id
  and (
    t.token = v_token
    or (t.requested_at > v_now - interval '1 second' and t.requested_at <= v_now)
    or (t.finished_at is null and t.requested_at > v_now - v_longest)
  )
  order by t.token = v_token desc, t.requested_at desc
  limit 1;
  if not found then
    insert into public.tag_triggers (token, group_id, requested_at, requested_by)
    values (v_token, v_group.id, v_now, p_ask ->> 'requested_by');
  end if;

  return jsonb_build_object(
    'answer', case
      when v_other.id is null or (v_other.token = v_token and v_other.finished_at is null) then 'claimed'
      when v_other.token = v_token or v_other.requested_at > v_now - interval '1 second' then 'duplicate'
      else 'group_running'
    end,
    'trigger', coalesce(v_other.token, v_token),
    'group', public.tag_group_as_json(v_group),
    'result', v_other.result,
    'at', v_now
  );
end;
$$;

comment on function public.claim_tag_trigger(jsonb, timestamptz) is
  'Claims one read of a handshake group: claimed; duplicate (asked for within the last second: its result, or null while it '
  'runs); group_running (an earlier one runs still); or unknown_group, fixed_group, stopped_group. `at` is the time of the claim.';

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

  if v_sample is not null and (
    v_slot is null
    or v_slot < v_trigger.requested_at - interval '1 minute'
    or v_slot > v_now + interval '1 minute'
  ) then
    raise exception 'the slot % is not between the request of % and now (%): the time comes from claim_tag_trigger',
      coalesce(v_slot::text, 'null'), v_trigger.requested_at, v_now
      using errcode = 'P0001';
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

comment on function public.commit_tag_trigger(jsonb, timestamptz) is
  'Stores the result and the sample of a claimed read together: committed, repeated (with what was stored), or unknown. A slot '
  'that is a minute before its request or after now is refused.';
