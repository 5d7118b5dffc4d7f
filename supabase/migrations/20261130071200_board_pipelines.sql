-- The page of pipelines needs the states, a strip of the last day and the runs that failed, in one request that is never cut at 1,000 rows.
-- pipeline_status answered this to the service alone, and judging was its caller's part. What the runs say of a pipeline stays in
-- pipeline_summaries: it runs with its caller's rights, so that members may call it and see their plants' runs.
-- New functions, and one more caller of an old one: the old code keeps working.

grant execute on function public.pipeline_summaries(jsonb, timestamptz) to authenticated;

create function public.judged_pipelines(p_now timestamptz default null)
returns table (
  pipeline text,
  plant text,
  state text,
  judged text,
  is_data_behind boolean,
  due_at timestamptz,
  late_at timestamptz,
  next_at timestamptz,
  interval_minutes integer,
  looked_at timestamptz,
  stale_after timestamptz
)
language sql
stable
security invoker
set search_path = ''
as $$
  select
    known.pipeline,
    known.plant,
    -- Health looks every minute. After three it says nothing of the present any more.
    case when coalesce(p_now, clock_timestamp()) > look.stale_after then 'unknown' else known.state end,
    known.state,
    known.is_data_behind,
    known.due_at,
    known.late_at,
    known.next_at,
    known.interval_minutes,
    look.looked_at,
    look.stale_after
  from (
    select s.judged_at as looked_at, s.judged_at + interval '3 minutes' as stale_after
    from public.pipeline_states as s
    where s.pipeline = 'health' and s.plant = '(no plant)'
  ) as look
  join public.pipeline_states as known
    on known.pipeline <> 'health'
    -- What is in plantpulse.yaml is written once an hour at least.
    and known.judged_at > look.looked_at - interval '2 hours';
$$;

comment on function public.judged_pipelines(timestamptz) is
  'How each pipeline that the caller may read stands by health''s newest look; the state is unknown once that look is older than three minutes.';

revoke all on function public.judged_pipelines(timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.judged_pipelines(timestamptz) to authenticated, service_role;

create function public.run_strip(p_pipeline text, p_plant text, p_from timestamptz, p_cell interval, p_cells integer)
returns table (cell integer, mark text)
language sql
stable
security invoker
set search_path = ''
as $$
  select cells.cell, cells.mark
  from (
    select
      floor(extract(epoch from slot.at - p_from) / extract(epoch from p_cell))::integer as cell,
      case max(array_position(array['running', 'succeeded', 'partial', 'bad'], slot.status))
        when 1 then '>' when 2 then '#' when 3 then '~' else 'x'
      end as mark
    from (
      -- Of a slot that was tried again the last attempt counts.
      select distinct on (coalesce(run.slot::text, run.id::text))
        coalesce(run.slot, run.started_at) as at,
        case when run.status in ('failed', 'abandoned') then 'bad' else run.status end as status
      from public.pipeline_runs as run
      where run.pipeline = p_pipeline and run.plant = p_plant and run.started_at >= p_from
      order by coalesce(run.slot::text, run.id::text), run.started_at desc, run.id desc
    ) as slot
    where slot.at >= p_from
    group by 1
  ) as cells
  where cells.cell < p_cells;
$$;

comment on function public.run_strip(text, text, timestamptz, interval, integer) is
  'How the runs of a pipeline and plant ended, by cells of a span: the worst of each cell, by the slots that the runs were for. Cells without a run are left out.';

revoke all on function public.run_strip(text, text, timestamptz, interval, integer) from public, anon, authenticated, service_role;
grant execute on function public.run_strip(text, text, timestamptz, interval, integer) to authenticated, service_role;

create function public.board_pipelines(p_plant text default null, p_now timestamptz default null)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
set jit = off
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_plant constant jsonb := public.board_plant(p_plant);
  v_known jsonb;
  v_pipelines jsonb;
  v_runs jsonb;
  v_number integer;
begin
  if p_plant is not null and v_plant is null then
    return jsonb_build_object('now', v_now, 'plant', null);
  end if;

  select jsonb_agg(to_jsonb(known)) into v_known
  from public.judged_pipelines(v_now) as known
  where p_plant is null or known.plant in (p_plant, '(no plant)', '(all plants)');
  -- Health of before has judged nothing, but it noted what it watches.
  if v_known is null then
    select jsonb_agg(jsonb_build_object(
      'pipeline', watched.pipeline, 'plant', watched.plant,
      'state', 'unknown', 'judged', case when watched.is_stopped then 'stopped' end, 'is_data_behind', false
    )) into v_known
    from public.watched_pipelines as watched
    where p_plant is null or watched.plant in (p_plant, '(no plant)', '(all plants)');
  end if;

  select jsonb_agg(jsonb_build_object(
    'pipeline', told.pipeline,
    'plant', case when not told.is_of_no_plant then told.plant end,
    'state', told.state,
    'judged', told.judged,
    'since', case when told.state in ('late', 'down') then told.due_at end,
    'next_at', told.next_at,
    'interval_minutes', told.interval_minutes,
    'is_data_behind', told.is_data_behind,
    -- Of a pipeline that keeps snapshots, the age of its data is theirs (schedules/pipelines.py).
    'data_until', told.summary -> case when told.pipeline = 'live_pulse' then 'snapshots_until' else 'window_until' end,
    'last_success_at', told.summary #> '{last_success,finished_at}',
    'last_run', told.summary -> 'last_run',
    'running_since', told.summary #> '{running,started_at}',
    'consecutive_failures', told.summary -> 'consecutive_failures',
    'last_error', told.summary -> 'last_error',
    'day', jsonb_build_object(
      'executed', told.summary #> '{day,executed}',
      'failed', told.summary #> '{day,failed}',
      'p50_ms', told.summary #> '{day,p50}',
      'p95_ms', told.summary #> '{day,p95}'
    ),
    'strip', strip.marks,
    'strip_from', told.strip_from,
    'cell_minutes', told.cell_minutes
  ) order by told.is_of_no_plant, told.plant, told.pipeline)
  into v_pipelines
  from (
    select
      known.*,
      summary.content as summary,
      known.plant in ('(no plant)', '(all plants)') as is_of_no_plant,
      cells.minutes as cell_minutes,
      cells.number as cells,
      date_bin(make_interval(mins => cells.minutes), v_now, '2000-01-01 00:00+00')
        - make_interval(mins => cells.minutes * (cells.number - 1)) as strip_from
    from jsonb_to_recordset(v_known) as known (
      pipeline text, plant text, state text, judged text, is_data_behind boolean, due_at timestamptz,
      next_at timestamptz, interval_minutes integer
    )
    join jsonb_array_elements(public.pipeline_summaries(v_known, v_now)) as summary (content)
      on summary.content ->> 'pipeline' = known.pipeline and summary.content ->> 'plant' = known.plant
    cross join lateral (
      -- A day of cells; a week of days for what runs daily or less often.
      select length.minutes, case when length.minutes = 1440 then 7 else 1440 / length.minutes end as number
      from (select least(greatest(coalesce(known.interval_minutes, 15), 15), 1440) as minutes) as length
    ) as cells
  ) as told
  cross join lateral (
    select string_agg(coalesce(run.mark, case
      when told.judged = 'stopped' then '-'
      when told.strip_from + make_interval(mins => told.cell_minutes * (number.cell + 1))
        <= coalesce((told.summary ->> 'watched_since')::timestamptz, v_now) then '-'
      -- The present cell may still get its run.
      when number.cell = told.cells - 1 and told.state not in ('late', 'down') then '-'
      else '.'
    end), '' order by number.cell) as marks
    from generate_series(0, told.cells - 1) as number (cell)
    left join public.run_strip(
      told.pipeline, told.plant, told.strip_from, make_interval(mins => told.cell_minutes), told.cells
    ) as run on run.cell = number.cell
  ) as strip;

  select jsonb_agg(bad.content order by bad.started_at desc, bad.id desc) filter (where bad.position <= 200), count(*)
  into v_runs, v_number
  from (
    select
      run.id,
      run.started_at,
      row_number() over (order by run.started_at desc, run.id desc) as position,
      jsonb_build_object(
        'run_id', run.id,
        'pipeline', run.pipeline,
        'plant', case when run.plant not in ('(no plant)', '(all plants)') then run.plant end,
        'trigger', run.trigger,
        'slot', run.slot,
        'status', run.status,
        'error_code', run.error_code,
        'error_message', left(run.error_message, 2000),
        'is_retryable', run.is_retryable,
        'warnings', (
          select coalesce(jsonb_agg(distinct warning.content -> 'code'), '[]')
          from jsonb_array_elements(case
            when jsonb_typeof(run.report -> 'warnings') = 'array' then run.report -> 'warnings' else '[]'
          end) as warning (content)
        ),
        'started_at', run.started_at,
        'finished_at', run.finished_at,
        'duration_ms', round(extract(epoch from run.finished_at - run.started_at) * 1000),
        'attempt', run.attempt,
        'made_up_at', later.finished_at
      ) as content
    from jsonb_to_recordset(v_known) as known (pipeline text, plant text)
    cross join lateral (
      select one.*
      from public.pipeline_runs as one
      where one.pipeline = known.pipeline
      and one.plant = known.plant
      and one.started_at > v_now - interval '24 hours'
      and one.started_at <= v_now
      and one.status in ('failed', 'abandoned', 'partial')
    ) as run
    left join lateral (
      select success.finished_at
      from public.pipeline_runs as success
      where success.pipeline = run.pipeline
      and success.plant = run.plant
      and success.started_at > run.started_at
      and success.status in ('succeeded', 'partial')
      order by success.started_at
      limit 1
    ) as later on true
  ) as bad;

  return (
    select jsonb_build_object(
      'now', v_now,
      'plant', v_plant,
      'looked_at', look.looked_at,
      'stale_after', look.stale_after,
      'is_stale', coalesce(v_now > look.stale_after, true),
      'pipelines', coalesce(v_pipelines, '[]'),
      'runs', coalesce(v_runs, '[]'),
      'runs_left_off', greatest(v_number - 200, 0)
    )
    from (values (true)) as one
    left join (select j.looked_at, j.stale_after from public.judged_pipelines(v_now) as j limit 1) as look on true
  );
end;
$$;

comment on function public.board_pipelines(text, timestamptz) is
  'The page of pipelines, of a plant or of all that the caller may read: states, the strip of the last day (or week), and runs that failed or had gaps.';

revoke all on function public.board_pipelines(text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.board_pipelines(text, timestamptz) to authenticated, service_role;
