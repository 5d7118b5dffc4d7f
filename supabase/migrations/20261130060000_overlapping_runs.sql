-- Runs of one pipeline and plant excluded each other. A burst of machine tags has to overlap the one that it relieves, and
-- neither is busy for the other. A claim may now say that its run overlaps; such a run is outside the index of one running
-- run. A slot is still run once. Claims of old code do not say it, and run as before.

set lock_timeout = '2s';

alter table public.pipeline_runs add column is_overlapping boolean not null default false;

comment on column public.pipeline_runs.is_overlapping is
  'Whether other runs of the pipeline and plant may run at the same time. A slot is run once all the same.';

drop index public.pipeline_runs_one_running_idx;

-- One run at a time, of those that do not overlap.
create unique index pipeline_runs_one_running_idx on public.pipeline_runs (pipeline, plant)
where status = 'running' and not is_overlapping;

-- What is running, whether it overlaps or not.
create index pipeline_runs_running_idx on public.pipeline_runs (pipeline, plant)
where status = 'running';

create or replace function public.abandon_expired_run(p_pipeline text, p_plant text, p_now timestamptz)
returns void
language plpgsql
security invoker
set search_path = ''
as $$
begin
  -- The lock waits for a commit in flight, so that what follows sees how it ended. A run that overlaps stands in
  -- nobody's way, so it is only waited for when its lease has run out.
  perform from public.pipeline_runs as run
  where run.pipeline = p_pipeline
  and run.plant = p_plant
  and run.status = 'running'
  and (not run.is_overlapping or run.lease_expires_at <= p_now)
  order by run.id
  for update;

  update public.pipeline_runs as run
  set status = 'abandoned', finished_at = p_now
  where run.pipeline = p_pipeline
  and run.plant = p_plant
  and run.status = 'running'
  and run.lease_expires_at <= p_now;
end;
$$;

comment on function public.abandon_expired_run(text, text, timestamptz) is
  'Marks the running runs of a pipeline and plant abandoned if their lease has run out: their fences no longer commit.';

create or replace function public.insert_run(p_claim jsonb, p_now timestamptz)
returns public.pipeline_runs
language sql
security invoker
set search_path = ''
as $$
  insert into public.pipeline_runs (
    pipeline, plant, trigger, slot, attempt, fence, idempotency_key, requested_by,
    started_at, lease_expires_at, window_start, window_until, code_version, is_overlapping
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
    claim.code_version,
    coalesce((p_claim ->> 'overlaps')::boolean, false)
  from jsonb_to_record(p_claim) as claim (
    pipeline text, plant text, trigger text, slot timestamptz, fence uuid, idempotency_key text, requested_by text,
    lease_s double precision, window_start timestamptz, window_until timestamptz, code_version text
  )
  on conflict do nothing
  returning pipeline_runs;
$$;

create or replace function public.run_in_the_way(p_claim jsonb)
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
    and (
      run.status in ('succeeded', 'partial')
      or (run.status = 'failed' and not run.is_retryable)
      or (run.status = 'running' and run.is_overlapping)
    )
    union all
    select 3, run
    from public.pipeline_runs as run
    where run.pipeline = p_claim ->> 'pipeline'
    and run.plant = p_claim ->> 'plant'
    and run.idempotency_key = p_claim ->> 'idempotency_key'
    and (run.status in ('succeeded', 'partial') or (run.status = 'running' and run.is_overlapping))
    union all
    select 4, run
    from public.pipeline_runs as run
    where run.pipeline = p_claim ->> 'pipeline'
    and run.plant = p_claim ->> 'plant'
    and run.status = 'running'
    and not run.is_overlapping
  ) as found
  order by found.rank
  limit 1;
$$;

comment on function public.run_in_the_way(jsonb) is
  'The run that decides a claim that could not be inserted: same fence, same slot, same key, or the running one that does '
  'not overlap.';

create or replace function public.claim_answer(p_claim jsonb, p_run public.pipeline_runs)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select case
    when p_run.status = 'running' and p_run.fence = (p_claim ->> 'fence')::uuid
      then public.claimed_answer(p_claim, public.run_lease(p_run))
    when p_run.status = 'running' and not p_run.is_overlapping
      then json_build_object('answer', 'busy', 'run', public.run_lease(p_run))
    -- Nobody waits for a run that overlaps: a second delivery of its slot has nothing to do.
    when p_run.status in ('running', 'succeeded', 'partial')
      then json_build_object('answer', 'duplicate', 'report', public.run_report(p_run))
    else json_build_object('answer', 'refused', 'report', public.run_report(p_run))
  end;
$$;
