-- Claiming a run: the insert decides, by the unique indexes of pipeline_runs, and only when it was refused
-- does the function look why. The answer brings what the run asks for of its plant, and what is covered already.
-- New functions: old code is not touched.

create function public.abandon_expired_run(p_pipeline text, p_plant text, p_now timestamptz)
returns void
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_run public.pipeline_runs;
begin
  -- The lock waits for a commit in flight, so that what follows sees how it ended.
  select run.* into v_run
  from public.pipeline_runs as run
  where run.pipeline = p_pipeline
  and run.plant = p_plant
  and run.status = 'running'
  for update;

  update public.pipeline_runs as run
  set status = 'abandoned', finished_at = p_now
  where run.id = v_run.id
  and v_run.lease_expires_at <= p_now;
end;
$$;

comment on function public.abandon_expired_run(text, text, timestamptz) is
  'Marks the running run of a pipeline and plant abandoned when its lease has run out: its fence no longer commits.';

revoke all on function public.abandon_expired_run(text, text, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.abandon_expired_run(text, text, timestamptz) to service_role;

-- A double click must not run twice. A person asks for a poll of now, a span of polls or days of a report: two requests
-- are one click only when they ask for the same.
create function public.recent_manual_run(p_claim jsonb, p_now timestamptz)
returns public.pipeline_runs
language sql
stable
security invoker
set search_path = ''
as $$
  select run
  from public.pipeline_runs as run
  where p_claim ->> 'trigger' = 'manual'
  and p_claim ->> 'idempotency_key' is null
  and run.pipeline = p_claim ->> 'pipeline'
  and run.plant = p_claim ->> 'plant'
  and run.trigger = 'manual'
  and run.status in ('succeeded', 'partial')
  and run.finished_at between p_now - interval '1 second' and p_now
  and (run.report ->> 'span') is not distinct from (p_claim ->> 'span')
  -- A poll by hand is of now, so two of them never have one window; a span that was named is that span alone.
  and (
    not coalesce((p_claim ->> 'is_window_named')::boolean, false)
    or (run.window_start, run.window_until) = (
      (p_claim ->> 'window_start')::timestamptz, (p_claim ->> 'window_until')::timestamptz
    )
  )
  order by run.finished_at desc
  limit 1;
$$;

comment on function public.recent_manual_run(jsonb, timestamptz) is
  'The manual run that ended within the last second and was asked for the same (span of a poll, days of a report), '
  'when the claim is a manual one without a key: a double click.';

revoke all on function public.recent_manual_run(jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.recent_manual_run(jsonb, timestamptz) to service_role;

create function public.insert_run(p_claim jsonb, p_now timestamptz)
returns public.pipeline_runs
language sql
security invoker
set search_path = ''
as $$
  insert into public.pipeline_runs (
    pipeline, plant, trigger, slot, attempt, fence, idempotency_key, requested_by,
    started_at, lease_expires_at, window_start, window_until, code_version
  )
  select
    claim.pipeline,
    claim.plant,
    claim.trigger,
    claim.slot,
    1 + coalesce((
      select max(run.attempt)
      from public.pipeline_runs as run
      where run.pipeline = claim.pipeline
      and run.plant = claim.plant
      and run.slot = claim.slot
    ), 0),
    claim.fence,
    claim.idempotency_key,
    claim.requested_by,
    p_now,
    p_now + make_interval(secs => claim.lease_s),
    claim.window_start,
    claim.window_until,
    claim.code_version
  from jsonb_to_record(p_claim) as claim (
    pipeline text, plant text, trigger text, slot timestamptz, fence uuid, idempotency_key text, requested_by text,
    lease_s double precision, window_start timestamptz, window_until timestamptz, code_version text
  )
  on conflict do nothing
  returning pipeline_runs;
$$;

comment on function public.insert_run(jsonb, timestamptz) is
  'Inserts the claimed run; null when a unique index of pipeline_runs stands against it.';

revoke all on function public.insert_run(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.insert_run(jsonb, timestamptz) to service_role;

create function public.run_in_the_way(p_claim jsonb)
returns public.pipeline_runs
language sql
stable
security invoker
set search_path = ''
as $$
  select found.run
  from (
    select 1 as rank, run
    from public.pipeline_runs as run
    where run.fence = (p_claim ->> 'fence')::uuid
    union all
    select 2, run
    from public.pipeline_runs as run
    where run.pipeline = p_claim ->> 'pipeline'
    and run.plant = p_claim ->> 'plant'
    and run.slot = (p_claim ->> 'slot')::timestamptz
    and (run.status in ('succeeded', 'partial') or (run.status = 'failed' and not run.is_retryable))
    union all
    select 3, run
    from public.pipeline_runs as run
    where run.pipeline = p_claim ->> 'pipeline'
    and run.plant = p_claim ->> 'plant'
    and run.idempotency_key = p_claim ->> 'idempotency_key'
    and run.status in ('succeeded', 'partial')
    union all
    select 4, run
    from public.pipeline_runs as run
    where run.pipeline = p_claim ->> 'pipeline'
    and run.plant = p_claim ->> 'plant'
    and run.status = 'running'
  ) as found
  order by found.rank
  limit 1;
$$;

comment on function public.run_in_the_way(jsonb) is
  'The run that decides a claim that could not be inserted: same fence, same slot, same key, or the running one.';

revoke all on function public.run_in_the_way(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.run_in_the_way(jsonb) to service_role;

-- Slots that were missed are caught up. A run notes which older slots it has not got round to, in the transaction of
-- the rows that it did write; the next claim reads it here.
create function public.coverage(p_pipeline text, p_plant text)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select json_build_object(
    'snapshots_until', newest.snapshots_until,
    'catch_up_from', newest.catch_up_from,
    'catch_up_until', newest.catch_up_until,
    'safety_until', (
      select max(run.safety_until)
      from public.pipeline_runs as run
      where run.pipeline = p_pipeline and run.plant = p_plant and run.safety_until is not null
    )
  )
  from (select 1) as always
  left join lateral (
    select run.snapshots_until, run.catch_up_from, run.catch_up_until
    from public.pipeline_runs as run
    where run.pipeline = p_pipeline and run.plant = p_plant and run.snapshots_until is not null
    order by run.snapshots_until desc, run.id desc
    limit 1
  ) as newest on true;
$$;

comment on function public.coverage(text, text) is
  'How far the runs of a pipeline and plant have covered: snapshots_until, safety_until, and the slots left to catch up.';

revoke all on function public.coverage(text, text) from public, anon, authenticated, service_role;
grant execute on function public.coverage(text, text) to service_role;

create function public.claimed_answer(p_claim jsonb, p_run jsonb)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select json_object_agg(part.name, part.value)
  from (
    select 'answer' as name, to_json('claimed'::text) as value
    union all
    select 'run', p_run::json
    union all
    select 'assets', public.plant_assets(p_claim ->> 'plant')
    where p_claim -> 'wants' ? 'assets'
    union all
    select
      'shift_targets',
      public.plant_shift_targets(p_claim ->> 'plant', (p_claim ->> 'window_start')::timestamptz)
    where p_claim -> 'wants' ? 'shift_targets'
    union all
    select
      'shift_patterns',
      public.plant_shift_patterns(p_claim ->> 'plant', (p_claim ->> 'window_start')::timestamptz)
    where p_claim -> 'wants' ? 'shift_patterns'
    union all
    select 'cost_centers', public.plant_cost_centers(p_claim ->> 'plant')
    where p_claim -> 'wants' ? 'cost_centers'
    union all
    select 'asset_names', public.plant_asset_names(p_claim ->> 'plant')
    where p_claim -> 'wants' ? 'asset_names'
    union all
    select
      'report_dates',
      public.plant_report_dates(p_claim ->> 'plant', (p_claim ->> 'report_dates_since')::date)
    where p_claim -> 'wants' ? 'report_dates'
    union all
    select 'fingerprints', public.slot_fingerprints(p_claim ->> 'plant', p_claim -> 'recent_slots')
    where jsonb_typeof(p_claim -> 'recent_slots') = 'array'
    union all
    select covered.key, covered.value
    from json_each(public.coverage(p_claim ->> 'pipeline', p_claim ->> 'plant')) as covered
  ) as part;
$$;

comment on function public.claimed_answer(jsonb, jsonb) is
  'The answer to a claim that may run: the run, the wanted parts of the plant, and what is covered already.';

revoke all on function public.claimed_answer(jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.claimed_answer(jsonb, jsonb) to service_role;

create function public.run_lease(p_run public.pipeline_runs)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'run_id', p_run.id,
    'attempt', p_run.attempt,
    'started_at', p_run.started_at,
    'lease_expires_at', p_run.lease_expires_at
  );
$$;

comment on function public.run_lease(public.pipeline_runs) is 'What a claim''s answer says of a running run.';

revoke all on function public.run_lease(public.pipeline_runs) from public, anon, authenticated, service_role;
grant execute on function public.run_lease(public.pipeline_runs) to service_role;

create function public.claim_answer(p_claim jsonb, p_run public.pipeline_runs)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select case
    when p_run.status = 'running' and p_run.fence = (p_claim ->> 'fence')::uuid
      then public.claimed_answer(p_claim, public.run_lease(p_run))
    when p_run.status = 'running'
      then json_build_object('answer', 'busy', 'run', public.run_lease(p_run))
    when p_run.status in ('succeeded', 'partial')
      then json_build_object('answer', 'duplicate', 'report', public.run_report(p_run))
    else json_build_object('answer', 'refused', 'report', public.run_report(p_run))
  end;
$$;

comment on function public.claim_answer(jsonb, public.pipeline_runs) is
  'What a claim hears about the run that decides it: claimed, busy, duplicate or refused.';

revoke all on function public.claim_answer(jsonb, public.pipeline_runs)
from public, anon, authenticated, service_role;
grant execute on function public.claim_answer(jsonb, public.pipeline_runs) to service_role;

create function public.claim_run(p_claim jsonb, p_now timestamptz default null)
returns json
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_run public.pipeline_runs;
begin
  if (p_claim ->> 'is_dry_run')::boolean then
    return public.claimed_answer(p_claim, jsonb_build_object(
      'run_id', null, 'attempt', 0, 'started_at', v_now, 'lease_expires_at', null
    ));
  end if;

  perform public.abandon_expired_run(p_claim ->> 'pipeline', p_claim ->> 'plant', v_now);

  -- A run that stood in the way may end before it is looked at: then the way is free, so try again.
  for v_try in 1..5 loop
    v_run := public.recent_manual_run(p_claim, v_now);
    if v_run.id is null then
      v_run := public.insert_run(p_claim, v_now);
    end if;
    if v_run.id is null then
      v_run := public.run_in_the_way(p_claim);
    end if;
    if v_run.id is not null then
      return public.claim_answer(p_claim, v_run);
    end if;
  end loop;

  raise exception 'runs of % in % end faster than this claim can look', p_claim ->> 'pipeline', p_claim ->> 'plant'
    using errcode = '40001';
end;
$$;

comment on function public.claim_run(jsonb, timestamptz) is
  'Claims a run for a pipeline, plant and slot: claimed, duplicate, busy or refused. p_now null = the clock.';

revoke all on function public.claim_run(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.claim_run(jsonb, timestamptz) to service_role;
