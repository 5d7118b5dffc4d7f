-- Bursts of machine tags overlap, and an older one may end after a newer one: health showed any of those that run, and the end
-- of an older one that went well ended the alert that a newer one had failed. The newest one has the word. Nothing changes for
-- runs that do not overlap, nor for old code.

set lock_timeout = '2s';

create or replace function public.pipeline_summaries(p_pipelines jsonb, p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  -- Each look below is one descent of an index; `limit 1` keeps it one, whatever the planner believes of sizes.
  select coalesce(jsonb_agg(jsonb_build_object(
    'pipeline', asked.pipeline,
    'plant', asked.plant,
    'watched_since', watched.watched_since,
    'last_run', last_run.told,
    'last_success', success.told,
    'last_slot', slot.slot,
    'running', running.told,
    'consecutive_failures', failures.number,
    -- The code alone: a message may name a host.
    'last_error', last_error.told,
    'day', day.told,
    'snapshots_until', snapshots.until,
    'window_until', slot.window_until
  ) order by asked.position), '[]')
  from rows from (jsonb_to_recordset(p_pipelines) as (pipeline text, plant text))
    with ordinality as asked (pipeline, plant, position)
  left join public.watched_pipelines as watched
    on watched.pipeline = asked.pipeline and watched.plant = asked.plant
  left join lateral (
    select jsonb_build_object('status', run.status, 'started_at', run.started_at) as told
    from public.pipeline_runs as run
    where run.pipeline = asked.pipeline and run.plant = asked.plant and run.status <> 'running'
    order by run.started_at desc
    limit 1
  ) as last_run on true
  left join lateral (
    select run.started_at, jsonb_build_object('finished_at', run.finished_at, 'counts', run.counts) as told
    from public.pipeline_runs as run
    where run.pipeline = asked.pipeline and run.plant = asked.plant and run.status in ('succeeded', 'partial')
    order by run.started_at desc
    limit 1
  ) as success on true
  left join lateral (
    select run.slot, run.window_until
    from public.pipeline_runs as run
    where run.pipeline = asked.pipeline
    and run.plant = asked.plant
    and run.trigger = 'schedule'
    and run.status in ('succeeded', 'partial')
    order by run.slot desc
    limit 1
  ) as slot on true
  left join lateral (
    select jsonb_build_object('started_at', run.started_at, 'lease_expires_at', run.lease_expires_at) as told
    from public.pipeline_runs as run
    where run.pipeline = asked.pipeline and run.plant = asked.plant and run.status = 'running'
    -- Of runs that overlap the newest: an older one may be dead, or on its way out.
    order by run.started_at desc
    limit 1
  ) as running on true
  left join lateral (
    select count(*) as number
    from (
      select 1
      from public.pipeline_runs as run
      where run.pipeline = asked.pipeline
      and run.plant = asked.plant
      and run.started_at > coalesce(success.started_at, '-infinity')
      and run.status in ('failed', 'abandoned')
      -- Beyond it nobody counts, and what has failed for months must not take longer to ask about.
      limit 1000
    ) as failure
  ) as failures on true
  left join lateral (
    select jsonb_build_object(
      'code', coalesce(run.error_code, run.status),
      'at', run.finished_at,
      'is_retryable', run.is_retryable,
      'run_id', run.id
    ) as told
    from public.pipeline_runs as run
    where run.pipeline = asked.pipeline
    and run.plant = asked.plant
    and run.started_at > least(coalesce(success.started_at, '-infinity'), p_now - interval '24 hours')
    and run.status in ('failed', 'abandoned')
    order by run.started_at desc
    limit 1
  ) as last_error on true
  left join lateral (
    select jsonb_build_object(
      'executed', measured.executed,
      'failed', measured.failed,
      'p50', round(measured.durations_s[1] * 1000),
      'p95', round(measured.durations_s[2] * 1000)
    ) as told
    from (
      select
        count(*) as executed,
        count(*) filter (where run.status not in ('succeeded', 'partial')) as failed,
        -- Seconds as float8, because intervals and numerics take many times as long to sort.
        percentile_disc(array[0.5, 0.95])
        within group (order by date_part('epoch', run.finished_at - run.started_at))
        filter (where run.status in ('succeeded', 'partial')) as durations_s
      from public.pipeline_runs as run
      where run.pipeline = asked.pipeline
      and run.plant = asked.plant
      and run.started_at > p_now - interval '24 hours'
      and run.status <> 'running'
    ) as measured
  ) as day on true
  left join lateral (
    select max(run.snapshots_until) as until
    from public.pipeline_runs as run
    where run.pipeline = asked.pipeline and run.plant = asked.plant and run.snapshots_until is not null
  ) as snapshots on true;
$$;

create or replace function public.looks_that_count(p_seen jsonb)
returns table (scope text, plant text, at timestamptz, rules jsonb, firing jsonb)
language plpgsql
stable
rows 2
security invoker
set search_path = ''
as $$
begin
  return query
  select seen.scope, seen.plant, seen.at, seen.rules, seen.firing
  from jsonb_to_recordset(p_seen) as seen (
    scope text, plant text, at timestamptz, slot timestamptz, rules jsonb, firing jsonb
  )
  -- Whoever looked knew no success after `slot`. If there is one now, the look is of the past: it tells neither what
  -- fires nor what is well.
  where seen.slot is null
  or (not exists (
    select 1
    from public.pipeline_runs as run
    where run.pipeline = seen.scope
    and run.plant = seen.plant
    and run.trigger = 'schedule'
    and run.status in ('succeeded', 'partial')
    and run.slot > seen.slot
  )
  -- Of runs that overlap, an older one may end after a newer one has failed, which was not well. A look that says when it
  -- was is health's: its slot is the newest success, and a failure since is what it is about.
  and (seen.at is not null or not exists (
    select 1
    from public.pipeline_runs as run
    where run.pipeline = seen.scope
    and run.plant = seen.plant
    and run.trigger = 'schedule'
    and run.status in ('failed', 'abandoned')
    and run.is_overlapping
    and run.slot > seen.slot
  )));
end;
$$;

comment on function public.looks_that_count(jsonb) is
  'The looks of a call that no newer success of their pipeline has refuted, nor the newer failure of a run that overlaps.';
