-- Takes back 20261126030200_health_in_one_statement: each pipeline is asked about by itself again.

create function public.runs_of_a_day(p_pipeline text, p_plant text, p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'executed', count(*),
    'failed', count(*) filter (where not day.is_success),
    'p50', (percentile_disc(0.5) within group (order by day.duration_ms) filter (where day.is_success)),
    'p95', (percentile_disc(0.95) within group (order by day.duration_ms) filter (where day.is_success))
  )
  from (
    select
      run.status in ('succeeded', 'partial') as is_success,
      round(extract(epoch from run.finished_at - run.started_at) * 1000) as duration_ms
    from public.pipeline_runs as run
    where run.pipeline = p_pipeline
    and run.plant = p_plant
    and run.started_at > p_now - interval '24 hours'
    and run.status <> 'running'
  ) as day;
$$;

comment on function public.runs_of_a_day(text, text, timestamptz) is
  'How many runs of a pipeline and plant ended and failed in 24 hours, and how long the successful ones took (milliseconds).';

create function public.failures_since(p_pipeline text, p_plant text, p_since timestamptz)
returns integer
language sql
stable
security invoker
set search_path = ''
as $$
  select count(*)::integer
  from (
    select 1
    from public.pipeline_runs as run
    where run.pipeline = p_pipeline
    and run.plant = p_plant
    and run.started_at > p_since
    and run.status in ('failed', 'abandoned')
    -- Beyond it nobody counts, and a pipeline that has failed for months must not take longer to ask about.
    limit 1000
  ) as failure;
$$;

comment on function public.failures_since(text, text, timestamptz) is
  'How many runs of a pipeline and plant that began after an instant failed or were abandoned; at most 1000.';

create function public.last_error(p_pipeline text, p_plant text, p_since timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  -- The code alone: a message may name a host.
  select jsonb_build_object(
    'code', coalesce(run.error_code, run.status),
    'at', run.finished_at,
    'is_retryable', run.is_retryable,
    'run_id', run.id
  )
  from public.pipeline_runs as run
  where run.pipeline = p_pipeline
  and run.plant = p_plant
  and run.started_at > p_since
  and run.status in ('failed', 'abandoned')
  order by run.started_at desc
  limit 1;
$$;

comment on function public.last_error(text, text, timestamptz) is
  'The newest run of a pipeline and plant that began after an instant and failed or was abandoned, by its error code.';

create function public.pipeline_summary(p_pipeline text, p_plant text, p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'pipeline', p_pipeline,
    'plant', p_plant,
    'watched_since', (
      select watched.watched_since
      from public.watched_pipelines as watched
      where watched.pipeline = p_pipeline and watched.plant = p_plant
    ),
    'last_run', (
      select jsonb_build_object('status', run.status, 'started_at', run.started_at)
      from public.pipeline_runs as run
      where run.pipeline = p_pipeline and run.plant = p_plant and run.status <> 'running'
      order by run.started_at desc
      limit 1
    ),
    'last_success', case when success.started_at is not null then
      jsonb_build_object('finished_at', success.finished_at, 'counts', success.counts)
    end,
    'last_slot', slot.slot,
    'running', (
      select jsonb_build_object('started_at', run.started_at, 'lease_expires_at', run.lease_expires_at)
      from public.pipeline_runs as run
      where run.pipeline = p_pipeline and run.plant = p_plant and run.status = 'running'
    ),
    'consecutive_failures', public.failures_since(
      p_pipeline, p_plant, coalesce(success.started_at, '-infinity')
    ),
    'last_error', public.last_error(
      p_pipeline, p_plant, least(coalesce(success.started_at, '-infinity'), p_now - interval '24 hours')
    ),
    'day', public.runs_of_a_day(p_pipeline, p_plant, p_now),
    'snapshots_until', (
      select max(run.snapshots_until)
      from public.pipeline_runs as run
      where run.pipeline = p_pipeline and run.plant = p_plant and run.snapshots_until is not null
    ),
    'window_until', slot.window_until
  )
  from (select) as always
  left join lateral (
    select run.started_at, run.finished_at, run.counts
    from public.pipeline_runs as run
    where run.pipeline = p_pipeline and run.plant = p_plant and run.status in ('succeeded', 'partial')
    order by run.started_at desc
    limit 1
  ) as success on true
  left join lateral (
    select run.slot, run.window_until
    from public.pipeline_runs as run
    where run.pipeline = p_pipeline
    and run.plant = p_plant
    and run.trigger = 'schedule'
    and run.status in ('succeeded', 'partial')
    order by run.slot desc
    limit 1
  ) as slot on true;
$$;

comment on function public.pipeline_summary(text, text, timestamptz) is
  'What the runs of one pipeline and plant say of its health; judging it by the schedule is the caller''s part.';

create or replace function public.pipeline_health(p_pipelines jsonb, p_now timestamptz default null)
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
  return jsonb_build_object('pipelines', coalesce((
    select jsonb_agg(public.pipeline_summary(asked.pipeline, asked.plant, v_now))
    from jsonb_to_recordset(p_pipelines) as asked (pipeline text, plant text)
  ), '[]'));
end;
$$;

comment on function public.pipeline_health(jsonb, timestamptz) is
  'What the runs say of the health of each pipeline and plant of a list, such as [{"pipeline", "plant", "is_stopped"}].';

revoke all on function public.runs_of_a_day(text, text, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.failures_since(text, text, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.last_error(text, text, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.pipeline_summary(text, text, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.pipeline_health(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.runs_of_a_day(text, text, timestamptz) to service_role;
grant execute on function public.failures_since(text, text, timestamptz) to service_role;
grant execute on function public.last_error(text, text, timestamptz) to service_role;
grant execute on function public.pipeline_summary(text, text, timestamptz) to service_role;
grant execute on function public.pipeline_health(jsonb, timestamptz) to service_role;

drop function public.pipeline_summaries(jsonb, timestamptz);
