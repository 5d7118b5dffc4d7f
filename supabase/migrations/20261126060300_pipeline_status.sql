-- What `plantpulse status` asks: health's own summary of every pipeline and its last 24 hours, hour by hour, in
-- one call from the index that health uses. It only reads: a command line with other settings than the deployed
-- ones must not tell health what is switched off. New functions: old code is not touched.

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

revoke all on function public.hours_of_a_day(text, text, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.pipeline_status(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.hours_of_a_day(text, text, timestamptz) to service_role;
grant execute on function public.pipeline_status(jsonb, timestamptz) to service_role;
