-- Health's answer as it was before: put together as jsonb, with eight looks at runs for each pipeline.

drop function public.pipeline_health(jsonb, timestamptz);

create function public.pipeline_health(p_pipelines jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '4s'
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
begin
  perform public.watch_pipelines(p_pipelines, v_now);
  return jsonb_build_object(
    'pipelines', public.pipeline_summaries(p_pipelines, v_now),
    'alerted', (
      select coalesce(jsonb_agg(distinct jsonb_build_array(alert.scope, alert.plant)), '[]')
      from public.alerts as alert
      where alert.resolved_at is null and alert.safety_event_id is null
    )
  );
end;
$$;

comment on function public.pipeline_health(jsonb, timestamptz) is
  'What the runs say of the health of each pipeline and plant of a list, such as [{"pipeline", "plant", "is_stopped"}].';

revoke all on function public.pipeline_health(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.pipeline_health(jsonb, timestamptz) to service_role;

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

drop function public.run_summaries(jsonb, timestamptz);
