-- Claiming a run: the insert decides, by the unique indexes of pipeline_runs, and only when it was refused
-- does the function look why. New functions: old code is not touched.

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
  order by run.finished_at desc
  limit 1;
$$;

comment on function public.recent_manual_run(jsonb, timestamptz) is
  'The manual run that ended within the last second, when the claim is a manual one without a key: a double click.';

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

create function public.covered_until(
  p_pipeline text, p_plant text, out snapshots_until timestamptz, out safety_until timestamptz
)
language sql
stable
security invoker
set search_path = ''
as $$
  select
    (
      select max(run.snapshots_until)
      from public.pipeline_runs as run
      where run.pipeline = p_pipeline and run.plant = p_plant and run.snapshots_until is not null
    ),
    (
      select max(run.safety_until)
      from public.pipeline_runs as run
      where run.pipeline = p_pipeline and run.plant = p_plant and run.safety_until is not null
    );
$$;

comment on function public.covered_until(text, text) is
  'How far the finished runs of a pipeline and plant have covered: snapshots_until and safety_until (UTC or null).';

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
    select covered.key, covered.value
    from public.covered_until(p_claim ->> 'pipeline', p_claim ->> 'plant') as until
    cross join json_each(row_to_json(until)) as covered
  ) as part;
$$;

comment on function public.claimed_answer(jsonb, jsonb) is
  'The answer to a claim that may run: the run, the wanted parts of the plant, and what is covered already.';

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

revoke all on function public.abandon_expired_run(text, text, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.recent_manual_run(jsonb, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.insert_run(jsonb, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.run_in_the_way(jsonb) from public, anon, authenticated, service_role;
revoke all on function public.covered_until(text, text) from public, anon, authenticated, service_role;
revoke all on function public.claimed_answer(jsonb, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.run_lease(public.pipeline_runs) from public, anon, authenticated, service_role;
revoke all on function public.claim_answer(jsonb, public.pipeline_runs)
from public, anon, authenticated, service_role;
revoke all on function public.claim_run(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.abandon_expired_run(text, text, timestamptz) to service_role;
grant execute on function public.recent_manual_run(jsonb, timestamptz) to service_role;
grant execute on function public.insert_run(jsonb, timestamptz) to service_role;
grant execute on function public.run_in_the_way(jsonb) to service_role;
grant execute on function public.covered_until(text, text) to service_role;
grant execute on function public.claimed_answer(jsonb, jsonb) to service_role;
grant execute on function public.run_lease(public.pipeline_runs) to service_role;
grant execute on function public.claim_answer(jsonb, public.pipeline_runs) to service_role;
grant execute on function public.claim_run(jsonb, timestamptz) to service_role;
