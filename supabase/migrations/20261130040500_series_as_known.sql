-- What was known of a series at some time, and how all series are, was answered by nothing. New functions: old code is not
-- touched.

set lock_timeout = '2s';

create function public.series_as_known(
  p_key text,
  p_from timestamptz,
  p_until timestamptz,
  p_known_at timestamptz default null,
  p_limit integer default 50000,
  p_now timestamptz default null
)
returns json
language plpgsql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
set jit = off
-- Planned for its arguments: without p_known_at nobody looks at revisions.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_series public.series;
begin
  if p_limit is null or p_limit not between 1 and 100000 then
    raise exception 'p_limit must be 1 to 100000 points, not %', p_limit using errcode = '22023';
  end if;

  select known.* into v_series from public.series as known where known.key = p_key;
  if not found then
    return json_build_object('series', null, 'blocks', '[]'::json, 'next', null);
  end if;

  return (
    with known as (
      select point.at, point.minutes, point.value
      from public.series_points as point
      where point.series_id = v_series.id
      and point.at >= p_from
      and point.at < p_until
      and (p_known_at is null or point.known_at <= p_known_at)
      union all
      select revision.at, revision.minutes, revision.value
      from public.series_revisions as revision
      where p_known_at is not null
      and revision.series_id = v_series.id
      and revision.at >= p_from
      and revision.at < p_until
      and revision.known_at <= p_known_at
      and revision.superseded_at > p_known_at
      order by at
      limit p_limit + 1
    ),
    held as materialized (
      select
        known.at, known.minutes, known.value,
        row_number() over (order by known.at) as number,
        lag(known.at + make_interval(mins => known.minutes)) over (order by known.at) = known.at
        and lag(known.minutes) over (order by known.at) = known.minutes as goes_on
      from known
    ),
    block as (
      select
        min(part.at) as start,
        json_build_object(
          'series', p_key, 'start', min(part.at), 'minutes', min(part.minutes), 'values', json_agg(part.text)
        ) as content
      from (
        select
          held.at, held.minutes, held.value::text as text,
          count(*) filter (where held.goes_on is not true) over (order by held.at) as number
        from held
        where held.number <= p_limit
      ) as part
      group by part.number
    )
    select json_build_object(
      'series', to_jsonb(v_series) - '{id,longest_minutes,known_at,created_at}'::text[],
      'blocks', (select coalesce(json_agg(block.content order by block.start), '[]') from block),
      'next', (select held.at from held where held.number > p_limit)
    )
  );
end;
$$;

comment on function public.series_as_known(text, timestamptz, timestamptz, timestamptz, integer, timestamptz) is
  'The values of a series between two times as they were known at a third one, null = now: blocks of neighbours, and '
  'next, from which to go on; null when nothing is left. p_now is ignored.';

create function public.series_status(p_now timestamptz default null)
returns json
language sql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
set jit = off
as $$
  select json_build_object('series', coalesce(json_agg(status.content order by status.key), '[]'))
  from (
    select
      known.key,
      (to_jsonb(known) - '{id,longest_minutes,known_at,created_at}'::text[]) || jsonb_build_object(
        'first_at', oldest.at,
        'minutes', newest.minutes,
        'until', newest.at + make_interval(mins => newest.minutes),
        'known_at', nullif(known.known_at, '-infinity'),
        'newest_at', valued.at,
        'value', valued.value::text,
        'open_gaps', coalesce(missing.gaps, 0),
        'missing_minutes', coalesce(missing.minutes, 0),
        'quality', quality.content
      ) as content
    from public.series as known
    left join lateral (
      select point.at
      from public.series_points as point
      where point.series_id = known.id
      order by point.at
      limit 1
    ) as oldest on true
    left join lateral (
      select point.at, point.minutes
      from public.series_points as point
      where point.series_id = known.id
      order by point.at desc
      limit 1
    ) as newest on true
    left join lateral (
      select point.at, point.value
      from public.series_points as point
      where point.series_id = known.id and point.value is not null
      order by point.at desc
      limit 1
    ) as valued on true
    left join (
      select
        gap."group",
        count(*) as gaps,
        round(sum(extract(epoch from gap.ends_at - gap.starts_at)) / 60) as minutes
      from public.gaps as gap
      where gap.state = 'open'
      group by gap."group"
    ) as missing on missing."group" = known."group"
    left join lateral (
      select jsonb_build_object(
        'day', day.day,
        'completeness', day.completeness,
        'timeliness', day.timeliness,
        'accuracy', day.accuracy
      ) as content
      from public.series_quality as day
      where day.series_id = known.id
      order by day.day desc
      limit 1
    ) as quality on true
  ) as status;
$$;

comment on function public.series_status(timestamptz) is
  'How each series is: its newest value, how far it reaches, when it was read last, its open gaps, and the quality of its '
  'newest day. p_now is ignored.';

revoke all on function public.series_as_known(text, timestamptz, timestamptz, timestamptz, integer, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.series_status(timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.series_as_known(text, timestamptz, timestamptz, timestamptz, integer, timestamptz)
to authenticated, service_role;
grant execute on function public.series_status(timestamptz) to authenticated, service_role;
