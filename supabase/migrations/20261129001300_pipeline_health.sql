-- What health and `plantpulse status` ask of the runs, for every pipeline and plant at once and from indexes alone: a
-- project keeps a million runs and is asked every minute. New table and functions: old code is not touched.

-- Since when a pipeline is watched: what has never run is late only when it was due since then, which no run can tell.
-- The same holds for what was switched off and on again.
create table public.watched_pipelines (
  pipeline text not null check (btrim(pipeline) <> ''),
  plant text not null check (btrim(plant) <> '' and plant <> '*'),
  watched_since timestamptz not null,
  is_stopped boolean not null,
  primary key (pipeline, plant)
);

comment on table public.watched_pipelines is
  'One row per pipeline and plant that health was asked about: since when its runs are expected.';
comment on column public.watched_pipelines.pipeline is 'The pipeline, such as live_pulse.';
comment on column public.watched_pipelines.plant is 'Key of the plant in plantpulse.yaml.';
comment on column public.watched_pipelines.watched_since is
  'Since when its runs are expected (UTC): its first run, else the first look at it; anew when it is switched on again.';
comment on column public.watched_pipelines.is_stopped is
  'Whether it is switched off in plantpulse.yaml, as of the last look at it.';

alter table public.watched_pipelines enable row level security;

create policy members_read on public.watched_pipelines
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

revoke all on table public.watched_pipelines from public, anon, authenticated, service_role;
grant select on table public.watched_pipelines to authenticated;
grant select, insert, update, delete on table public.watched_pipelines to service_role;

create function public.watch_pipelines(p_pipelines jsonb, p_now timestamptz)
returns void
language sql
security invoker
set search_path = ''
as $$
  -- Only what is new or switched on or off is written: a look at a pipeline mostly writes nothing.
  insert into public.watched_pipelines as watched (pipeline, plant, watched_since, is_stopped)
  select
    asked.pipeline,
    asked.plant,
    coalesce((
      select run.started_at
      from public.pipeline_runs as run
      where run.pipeline = asked.pipeline and run.plant = asked.plant
      order by run.started_at
      limit 1
    ), p_now),
    asked.is_stopped
  from jsonb_to_recordset(p_pipelines) as asked (pipeline text, plant text, is_stopped boolean)
  left join public.watched_pipelines as known on known.pipeline = asked.pipeline and known.plant = asked.plant
  where known.pipeline is null
  or known.is_stopped is distinct from asked.is_stopped
  order by asked.pipeline, asked.plant
  on conflict (pipeline, plant) do update
  set
    watched_since = case when watched.is_stopped then p_now else watched.watched_since end,
    is_stopped = excluded.is_stopped
  where watched.is_stopped <> excluded.is_stopped;
$$;

comment on function public.watch_pipelines(jsonb, timestamptz) is
  'Notes since when each pipeline and plant of a list is watched, and which are switched off.';

revoke all on function public.watch_pipelines(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.watch_pipelines(jsonb, timestamptz) to service_role;

-- One statement for all that is asked. A function for each pipeline, with functions of its own, is planned anew for
-- each on Postgres 15 to 17.
create function public.pipeline_summaries(p_pipelines jsonb, p_now timestamptz)
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

comment on function public.pipeline_summaries(jsonb, timestamptz) is
  'What the runs of each pipeline and plant of a list say of its health; judging it by the schedule is the caller''s part.';

revoke all on function public.pipeline_summaries(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.pipeline_summaries(jsonb, timestamptz) to service_role;

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
  return jsonb_build_object('pipelines', public.pipeline_summaries(p_pipelines, v_now));
end;
$$;

comment on function public.pipeline_health(jsonb, timestamptz) is
  'What the runs say of the health of each pipeline and plant of a list, such as [{"pipeline", "plant", "is_stopped"}].';

revoke all on function public.pipeline_health(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.pipeline_health(jsonb, timestamptz) to service_role;

create function public.hours_of_a_day(p_pipeline text, p_plant text, p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'hours_ago', hour.hours_ago,
    'succeeded', hour.succeeded,
    'partial', hour.partial,
    'failed', hour.failed
  ) order by hour.hours_ago), '[]')
  from (
    select
      floor(extract(epoch from p_now - run.started_at) / 3600)::integer as hours_ago,
      count(*) filter (where run.status = 'succeeded') as succeeded,
      count(*) filter (where run.status = 'partial') as partial,
      count(*) filter (where run.status in ('failed', 'abandoned')) as failed
    from public.pipeline_runs as run
    where run.pipeline = p_pipeline
    and run.plant = p_plant
    and run.started_at > p_now - interval '24 hours'
    and run.started_at <= p_now
    and run.status <> 'running'
    group by 1
  ) as hour;
$$;

comment on function public.hours_of_a_day(text, text, timestamptz) is
  'How the runs of a pipeline and plant ended in 24 hours, by hour (0 = the last one); hours without a run are left out.';

revoke all on function public.hours_of_a_day(text, text, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.hours_of_a_day(text, text, timestamptz) to service_role;

-- It only reads: a command line with other settings than the deployed ones must not tell health what is switched off.
create function public.pipeline_status(p_pipelines jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set statement_timeout = '4s'
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
begin
  return jsonb_build_object('pipelines', coalesce((
    select jsonb_agg(summary.told || jsonb_build_object(
      'hours', public.hours_of_a_day(summary.told ->> 'pipeline', summary.told ->> 'plant', v_now),
      -- What health would note at its first look, which may not have been yet.
      'watched_since', coalesce(
        (summary.told ->> 'watched_since')::timestamptz,
        (
          select run.started_at
          from public.pipeline_runs as run
          where run.pipeline = summary.told ->> 'pipeline' and run.plant = summary.told ->> 'plant'
          order by run.started_at
          limit 1
        )
      )
    ) order by summary.position)
    from jsonb_array_elements(public.pipeline_summaries(p_pipelines, v_now))
      with ordinality as summary (told, position)
  ), '[]'));
end;
$$;

comment on function public.pipeline_status(jsonb, timestamptz) is
  'What the runs say of each pipeline and plant of a list, with the hours of the last day; writes nothing.';

revoke all on function public.pipeline_status(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.pipeline_status(jsonb, timestamptz) to service_role;
