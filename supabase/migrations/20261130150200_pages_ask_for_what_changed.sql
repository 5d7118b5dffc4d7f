-- Three pages asked for their whole documents each 45 s, because health's looks are broadcast to nobody: 80 documents an hour where one had changed. board_plants
-- says when health looked, and a mark of what it judged. And it told the marks of every plant to a page that shows one: 120 plants were 0.2 s of Postgres each
-- time. A page names its plant.
-- board_plants changes in one more argument, which may be left out, and two more fields: the old code keeps working.

create or replace function public.board_marks(p_plant text, p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'safety', (
      select concat_ws('/', count(*), count(*) filter (where event.is_acknowledged), coalesce(max(event.id), 0))
      from public.safety_events as event
      where event.plant = p_plant and not event.is_resolved
    ),
    'alert', (
      select concat_ws(
        '/', count(*), count(*) filter (where alert.is_acknowledged), count(*) filter (where alert.severity = 'critical'),
        coalesce(sum(alert.reopened), 0), coalesce(max(alert.id), 0)
      )
      from public.alerts as alert
      where alert.plant in (p_plant, '(no plant)', '(all plants)') and alert.resolved_at is null
    ) || '/' || (
      select concat_ws('/', count(*), coalesce(max(silence.id), 0))
      from public.silences as silence
      where (silence.plant is null or silence.plant = p_plant) and silence.ends_at > p_now
    ),
    'report', coalesce((
      select run.id::text
      from public.pipeline_runs as run
      where run.pipeline = 'morning_report' and run.plant = p_plant and run.status in ('succeeded', 'partial')
      and run.started_at <= p_now
      order by run.started_at desc
      limit 1
    ), ''),
    -- What health judged, and the newest runs. A strip has a new cell each quarter of an hour at most.
    'poll', (
      select concat_ws('/', floor(extract(epoch from p_now) / 900), md5(string_agg(
        concat_ws('/', to_jsonb(known) - 'judged_at', newest.id, newest.status), ' ' order by known.plant, known.pipeline
      )))
      from public.pipeline_states as known
      left join lateral (
        select run.id, run.status
        from public.pipeline_runs as run
        where run.pipeline = known.pipeline and run.plant = known.plant and run.started_at <= p_now
        order by run.started_at desc
        limit 1
      -- Pages are told polls by themselves, and a burst of tag values a minute is no news.
      ) as newest on known.pipeline not in ('live_pulse', 'tags')
      where known.plant in (p_plant, '(no plant)', '(all plants)') and known.pipeline <> 'health'
    )
  );
$$;

comment on function public.board_marks(text, timestamptz) is
  'Texts that change when something of a plant does: open incidents, alerts or silences, its newest morning report, what health judged of its pipelines and of those of no plant, and their newest runs. A page that has seen the same asks for nothing.';

drop function public.board_plants(timestamptz);

create function public.board_plants(p_plant text default null, p_now timestamptz default null)
returns json
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  with now as (select coalesce(p_now, clock_timestamp()) as at),
  named as (
    select known.plant from public.plants as known
    union
    -- Plants of which no poll has told anything yet.
    select m.plant from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant <> '*'
    union
    select a.plant from public.assets as a where public.reads_all_plants()
    union
    select watched.plant from public.watched_pipelines as watched where public.reads_all_plants()
  )
  select json_build_object('now', now.at, 'health', (
    select json_build_object('as_of', look.looked_at, 'stale_after', look.stale_after)
    from public.judged_pipelines(now.at) as look
    limit 1
  ), 'plants', (
    select coalesce(json_agg(json_build_object(
      'plant', shown.plant - 'offset_s',
      'as_of', poll.told -> 'as_of',
      'next_at', poll.told -> 'next_at',
      'stale_after', poll.told -> 'stale_after',
      'is_stale', poll.told -> 'is_stale',
      'poll', poll.told -> 'poll',
      'marks', case when named.plant = coalesce(p_plant, named.plant) then public.board_marks(named.plant, now.at) end
    ) order by lower(shown.plant ->> 'name'), named.plant), '[]')
    from named
    cross join lateral (select public.board_plant(named.plant) as plant offset 0) as shown
    cross join lateral (select public.board_poll(shown.plant, now.at) as told offset 0) as poll
    where shown.plant is not null
  ))
  from now;
$$;

comment on function public.board_plants(text, timestamptz) is
  'The plants that the caller is a member of, with their role there, and how current the data of each is; when health looked; and the marks (board_marks) of p_plant, or of each without one.';

revoke all on function public.board_plants(text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.board_plants(text, timestamptz) to authenticated, service_role;
