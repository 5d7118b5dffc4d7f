-- The page of energy took how pipelines stood for the present, however long ago the database said so: it did not know after when that is old.
-- board_energy changes in one more field: the old code keeps working.

create or replace function public.board_energy(p_subject text default null, p_hours integer default 48, p_now timestamptz default null)
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
  -- Forecasts and day-ahead prices lie in the future.
  v_until constant timestamptz := v_now + interval '48 hours';
  v_from timestamptz;
  v_looked_at timestamptz;
  v_stale_after timestamptz;
  v_known jsonb;
  v_series jsonb;
  v_gaps jsonb;
  v_number integer;
begin
  if p_hours is null or p_hours not between 1 and 168 then
    raise exception 'p_hours must be 1 to 168 hours, not %', coalesce(p_hours::text, 'null') using errcode = '22023';
  end if;
  v_from := v_now - make_interval(hours => p_hours);
  v_known := public.series_status(v_now)::jsonb -> 'series';

  select jsonb_agg(
    (told.content - '{first_at,value}'::text[]) || jsonb_build_object(
      'value', (told.content ->> 'value')::numeric,
      'is_stale', stale.opened_at is not null,
      'stale_since', stale.opened_at
    ) || case
      when p_subject is null then '{}'
      else jsonb_build_object('points', public.series_blocks(series.id, v_from, v_until))
    end
    order by told.content ->> 'key'
  )
  into v_series
  from jsonb_array_elements(v_known) as told (content)
  join public.series as series on series.key = told.content ->> 'key'
  left join public.alerts as stale
    on stale.rule = 'series_stale'
    and stale.plant = '(no plant)'
    and stale.subject = told.content ->> 'key'
    and stale.resolved_at is null
  where p_subject is null or told.content ->> 'subject' = p_subject;

  select jsonb_agg(gap.content order by gap.position) filter (where gap.position <= 200), count(*)
  into v_gaps, v_number
  from (
    select
      row_number() over (order by one.starts_at desc, one.id desc) as position,
      jsonb_build_object(
        'group', one."group",
        'starts_at', one.starts_at,
        'ends_at', one.ends_at,
        'state', one.state,
        'attempts', one.attempts,
        'next_attempt_at', one.next_attempt_at,
        'reason', one.reason
      ) as content
    from public.gaps as one
    where (one.state = 'open' or one.state = 'absent' and one.closed_at > v_now - interval '30 days')
    and one."group" in (select distinct told.content ->> 'group' from jsonb_array_elements(v_series) as told (content))
  ) as gap;

  select known.looked_at, known.stale_after into v_looked_at, v_stale_after from public.judged_pipelines(v_now) as known limit 1;
  return jsonb_build_object(
    'now', v_now,
    'looked_at', v_looked_at,
    'stale_after', v_stale_after,
    'pipelines', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'pipeline', known.pipeline,
        'state', known.state,
        'since', case when known.state in ('late', 'down') then known.due_at end,
        'next_at', known.next_at,
        'last_success_at', success.finished_at
      ) order by known.pipeline), '[]')
      from public.judged_pipelines(v_now) as known
      left join lateral (
        select run.finished_at
        from public.pipeline_runs as run
        where run.pipeline = known.pipeline and run.plant = known.plant and run.status in ('succeeded', 'partial')
        order by run.started_at desc
        limit 1
      ) as success on true
      where known.plant = '(no plant)'
    ),
    'subjects', (
      select coalesce(jsonb_agg(subject.name order by subject.name), '[]')
      from (select distinct told.content ->> 'subject' as name from jsonb_array_elements(v_known) as told (content)) as subject
    ),
    'subject', p_subject,
    'series', coalesce(v_series, '[]'),
    'points_from', case when p_subject is not null then v_from end,
    'points_until', case when p_subject is not null then v_until end,
    'gaps', coalesce(v_gaps, '[]'),
    'gaps_left_off', greatest(v_number - 200, 0)
  );
end;
$$;
