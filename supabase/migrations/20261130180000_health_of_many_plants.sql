-- Health of 1,000 plants took 243 ms of Postgres. Eight looks at an index for each pipeline are four or five now: what has not run, has no
-- error or ended well is not asked about again. The answer is put together as json; as jsonb every key was built, sorted and written
-- out once more. The answers are the same, so old code goes on as before.

create function public.run_summaries(p_pipelines jsonb, p_now timestamptz)
returns table ("position" bigint, told json)
language sql
stable
security invoker
set search_path = ''
as $$
  -- Each look below is one descent of an index; `limit 1` keeps it one, whatever the planner believes of sizes. What
  -- an earlier look has ruled out stands as a condition without columns, so that Postgres does not even begin the next.
  select
    asked.position,
    json_build_object(
      'pipeline', asked.pipeline,
      'plant', asked.plant,
      'watched_since', watched.watched_since,
      'last_run', case when last_run.status is not null then
        json_build_object('status', last_run.status, 'started_at', last_run.started_at)
      end,
      'last_success', case
        when last_run.status in ('succeeded', 'partial') then
          json_build_object('finished_at', last_run.finished_at, 'counts', last_run.counts)
        when success.started_at is not null then
          json_build_object('finished_at', success.finished_at, 'counts', success.counts)
      end,
      'last_slot', slot.slot,
      'running', case when running.started_at is not null then
        json_build_object('started_at', running.started_at, 'lease_expires_at', running.lease_expires_at)
      end,
      'consecutive_failures', failures.number,
      -- The code alone: a message may name a host.
      'last_error', last_error.told,
      'day', json_build_object(
        'executed', day.executed,
        'failed', day.failed,
        'p50', round(day.durations_s[1] * 1000),
        'p95', round(day.durations_s[2] * 1000)
      ),
      'snapshots_until', snapshots.until,
      'window_until', slot.window_until
    )
  from rows from (jsonb_to_recordset(p_pipelines) as (pipeline text, plant text))
    with ordinality as asked (pipeline, plant, position)
  left join public.watched_pipelines as watched
    on watched.pipeline = asked.pipeline and watched.plant = asked.plant
  left join lateral (
    select run.status, run.started_at, run.finished_at, run.counts
    from public.pipeline_runs as run
    where run.pipeline = asked.pipeline and run.plant = asked.plant and run.status <> 'running'
    order by run.started_at desc
    limit 1
  ) as last_run on true
  left join lateral (
    select run.started_at, run.finished_at, run.counts
    from public.pipeline_runs as run
    where run.pipeline = asked.pipeline
    and run.plant = asked.plant
    and run.status in ('succeeded', 'partial')
    and last_run.status in ('failed', 'abandoned')
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
    and last_run.status is not null
    order by run.slot desc
    limit 1
  ) as slot on true
  left join lateral (
    select run.started_at, run.lease_expires_at
    from public.pipeline_runs as run
    where run.pipeline = asked.pipeline and run.plant = asked.plant and run.status = 'running'
    -- Of runs that overlap the newest: an older one may be dead, or on its way out.
    order by run.started_at desc
    limit 1
  ) as running on true
  cross join lateral (
    select count(*) as number
    from (
      select 1
      from public.pipeline_runs as run
      where run.pipeline = asked.pipeline
      and run.plant = asked.plant
      and run.started_at > coalesce(success.started_at, '-infinity')
      and run.status in ('failed', 'abandoned')
      and last_run.status in ('failed', 'abandoned')
      -- Beyond it nobody counts, and what has failed for months must not take longer to ask about.
      limit 1000
    ) as failure
  ) as failures
  cross join lateral (
    select
      count(*) as executed,
      count(*) filter (where run.status not in ('succeeded', 'partial')) as failed,
      max(run.started_at) filter (where run.status not in ('succeeded', 'partial')) as failed_at,
      -- Seconds as float8, because intervals and numerics take many times as long to sort.
      percentile_disc(array[0.5, 0.95])
      within group (order by date_part('epoch', run.finished_at - run.started_at))
      filter (where run.status in ('succeeded', 'partial')) as durations_s
    from public.pipeline_runs as run
    where run.pipeline = asked.pipeline
    and run.plant = asked.plant
    and run.started_at > p_now - interval '24 hours'
    and run.status <> 'running'
    and last_run.started_at > p_now - interval '24 hours'
  ) as day
  left join lateral (
    select json_build_object(
      'code', coalesce(run.error_code, run.status),
      'at', run.finished_at,
      'is_retryable', run.is_retryable,
      'run_id', run.id
    ) as told
    from public.pipeline_runs as run
    where run.pipeline = asked.pipeline
    and run.plant = asked.plant
    -- The newest failure: of the day, or as long ago as it may be if nothing has succeeded since.
    and run.started_at = case
      when last_run.status in ('failed', 'abandoned') then last_run.started_at
      else day.failed_at
    end
    and run.status in ('failed', 'abandoned')
    limit 1
  ) as last_error on true
  left join lateral (
    select max(run.snapshots_until) as until
    from public.pipeline_runs as run
    where run.pipeline = asked.pipeline and run.plant = asked.plant and run.snapshots_until is not null
  ) as snapshots on true;
$$;

comment on function public.run_summaries(jsonb, timestamptz) is
  'What the runs of each pipeline and plant of a list say of its health, a row each, with its position in the list; judging it by the schedule is the caller''s part.';

revoke all on function public.run_summaries(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.run_summaries(jsonb, timestamptz) to authenticated, service_role;

create or replace function public.pipeline_summaries(p_pipelines jsonb, p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(jsonb_agg(summary.told::jsonb order by summary.position), '[]')
  from public.run_summaries(p_pipelines, p_now) as summary;
$$;

drop function public.pipeline_health(jsonb, timestamptz);

create function public.pipeline_health(p_pipelines jsonb, p_now timestamptz default null)
returns json
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '4s'
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
begin
  perform public.watch_pipelines(p_pipelines, v_now);
  return json_build_object(
    'pipelines', (
      select coalesce(json_agg(summary.told order by summary.position), '[]')
      from public.run_summaries(p_pipelines, v_now) as summary
    ),
    'alerted', (
      select coalesce(json_agg(distinct jsonb_build_array(alert.scope, alert.plant)), '[]')
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
