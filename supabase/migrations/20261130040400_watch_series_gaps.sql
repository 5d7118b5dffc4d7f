-- Nobody knew which values are missing. A gap is a span that is due and that no series of its group has; it is open until
-- it is filled, or until the publisher is known to have nothing. New functions: old code is not touched.

set lock_timeout = '2s';

create function public.missing_of_series(p_series_ids integer[], p_span tstzrange, p_longest interval)
returns tstzmultirange
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
-- A plan for any span would read the whole table.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_from constant timestamptz := lower(p_span);
  v_until constant timestamptz := upper(p_span);
begin
  return (
    select coalesce(range_agg(tstzrange(hole.reached, hole.at)), '{}')
    from (
      select
        held.at,
        -- Intervals of a group may overlap, so the last end is not the last one's end.
        greatest(
          v_from, max(held.until) over (order by held.at rows between unbounded preceding and 1 preceding)
        ) as reached
      from (
        select point.at, point.at + make_interval(mins => point.minutes) as until
        from public.series_points as point
        where point.series_id = any (p_series_ids)
        and point.at > v_from - p_longest
        and point.at < v_until
        union all
        select v_until, v_until
      ) as held
    ) as hole
    where hole.at > hole.reached
  );
end;
$$;

comment on function public.missing_of_series(integer[], tstzrange, interval) is
  'The parts of a span for which none of some series has a point; a value that was published as missing is a point.';

create function public.traded_days(p_peers jsonb, p_span tstzrange)
returns tstzmultirange
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_from constant timestamptz := lower(p_span);
  v_until constant timestamptz := upper(p_span);
  v_peers constant integer[] := array(
    select peer.id
    from public.series as peer
    where peer.key in (select one.key from jsonb_array_elements_text(p_peers) as one (key))
  );
begin
  return (
    select coalesce(range_agg(tstzrange(point.at, point.at + make_interval(mins => point.minutes))), '{}')
    from public.series_points as point
    where point.series_id = any (v_peers)
    and point.at >= v_from
    and point.at < v_until
    and point.at + make_interval(mins => point.minutes) <= v_until
    and point.value is not null
  );
end;
$$;

comment on function public.traded_days(jsonb, tstzrange) is
  'The intervals of a span for which some series have a value: on other days nobody traded.';

create function public.whole_intervals(p_missing tstzmultirange, p_due timestamptz, p_minutes integer, p_time_zone text)
returns tstzmultirange
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(range_agg(tstzrange(hole.starts_at, hole.ends_at)) filter (where hole.starts_at < hole.ends_at), '{}')
  from (
    select
      lower(span) as starts_at,
      case
        when upper(span) < p_due then upper(span)
        when p_minutes < 1380 then lower(span) + make_interval(
          mins => p_minutes * floor(extract(epoch from p_due - lower(span)) / (60 * p_minutes))::integer
        )
        -- Days have 23 to 25 hours, and months 28 to 31 days.
        when date_trunc('day', p_due, p_time_zone) - lower(span) >= make_interval(mins => p_minutes) * 0.9
          then date_trunc('day', p_due, p_time_zone)
        else lower(span)
      end as ends_at
    from unnest(p_missing) as span
  ) as hole;
$$;

comment on function public.whole_intervals(tstzmultirange, timestamptz, integer, text) is
  'What is missing without the interval that is not over when the due time is reached.';

create function public.missing_of_look(p_look jsonb, p_from timestamptz)
returns tstzmultirange
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_due constant timestamptz := (p_look ->> 'due')::timestamptz;
  v_span constant tstzrange := tstzrange(p_from, v_due);
  v_member record;
  v_missing tstzmultirange;
begin
  select
    coalesce(array_agg(member.id), '{}') as ids,
    coalesce(max(member.longest_minutes), 1) as longest,
    coalesce(min(newest.minutes), 1) as minutes,
    min(member.time_zone) as time_zone
  into v_member
  from public.series as member
  left join lateral (
    select point.minutes
    from public.series_points as point
    where point.series_id = member.id
    order by point.at desc
    limit 1
  ) as newest on true
  where member."group" = p_look ->> 'group';

  v_missing := public.missing_of_series(v_member.ids, v_span, make_interval(mins => v_member.longest));
  if jsonb_typeof(p_look -> 'peers') is distinct from 'array' then
    return public.whole_intervals(v_missing, v_due, v_member.minutes, v_member.time_zone);
  end if;

  return (
    select coalesce(range_agg(span), '{}')
    from unnest(v_missing * public.traded_days(p_look -> 'peers', v_span)) as span
    where upper(span) - lower(span) >= make_interval(mins => v_member.minutes) * 0.9
  );
end;
$$;

comment on function public.missing_of_look(jsonb, timestamptz) is
  'What the group of a look lacks from some time on until it is due.';

create function public.match_gaps(p_group text, p_missing tstzmultirange, p_now timestamptz)
returns jsonb
language sql
security invoker
set search_path = ''
as $$
  with piece as materialized (
    select row_number() over (order by span) as number, lower(span) as starts_at, upper(span) as ends_at
    from unnest(p_missing) as span
  ),
  pair as materialized (
    select piece.number, known.id, min(piece.number) over (partition by known.id) as first_number
    from piece
    join public.gaps as known
      on known."group" = p_group
      and known.state = 'open'
      and known.starts_at < piece.ends_at
      and known.ends_at > piece.starts_at
  )
  -- A gap stays the first of its pieces that no older gap is; the others are new, but not tried for the first time.
  select coalesce(jsonb_agg(jsonb_build_object(
    'starts_at', piece.starts_at, 'ends_at', piece.ends_at, 'keeper', matched.keeper, 'parent', matched.parent
  )), '[]')
  from piece
  cross join lateral (
    select min(pair.id) filter (where pair.first_number = piece.number) as keeper, min(pair.id) as parent
    from pair
    where pair.number = piece.number
  ) as matched;
$$;

comment on function public.match_gaps(text, tstzmultirange, timestamptz) is
  'What is missing of a group, piece by piece, each with the open gap that it is (keeper) or was part of (parent).';

create function public.change_gaps(p_group text, p_missing tstzmultirange, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_pieces constant jsonb := public.match_gaps(p_group, p_missing, p_now);
  v_parents constant jsonb := (
    select coalesce(jsonb_agg(to_jsonb(known)), '[]')
    from public.gaps as known
    where known."group" = p_group and known.state = 'open'
  );
  v_filled integer;
  v_opened integer;
begin
  update public.gaps as known
  set state = 'filled', closed_at = p_now, next_attempt_at = null, reason = null
  where known."group" = p_group
  and known.state = 'open'
  and not p_missing && tstzrange(known.starts_at, known.ends_at);
  get diagnostics v_filled = row_count;

  -- Two gaps that became one: the older one is kept.
  delete from public.gaps as known
  where known."group" = p_group
  and known.state = 'open'
  and not exists (
    select 1 from jsonb_array_elements(v_pieces) as piece where (piece ->> 'keeper')::bigint = known.id
  );

  update public.gaps as known
  set
    starts_at = piece.starts_at,
    ends_at = piece.ends_at,
    next_attempt_at = case
      when piece.starts_at < known.starts_at or piece.ends_at > known.ends_at
        then least(known.next_attempt_at, p_now)
      else known.next_attempt_at
    end
  from jsonb_to_recordset(v_pieces) as piece (keeper bigint, starts_at timestamptz, ends_at timestamptz)
  where known.id = piece.keeper
  and (known.starts_at, known.ends_at) is distinct from (piece.starts_at, piece.ends_at);

  insert into public.gaps ("group", starts_at, ends_at, attempts, found_at, next_attempt_at, reason, run_id)
  select
    p_group, piece.starts_at, piece.ends_at, coalesce(parent.attempts, 0), coalesce(parent.found_at, p_now),
    coalesce(parent.next_attempt_at, p_now), parent.reason, parent.run_id
  from jsonb_to_recordset(v_pieces) as piece (
    keeper bigint, parent bigint, starts_at timestamptz, ends_at timestamptz
  )
  left join jsonb_populate_recordset(null::public.gaps, v_parents) as parent on parent.id = piece.parent
  where piece.keeper is null
  order by piece.starts_at;
  get diagnostics v_opened = row_count;
  return jsonb_build_object('opened', v_opened, 'filled', v_filled);
end;
$$;

comment on function public.change_gaps(text, tstzmultirange, timestamptz) is
  'Makes the open gaps of a group what is missing: opens, narrows, joins and fills; returns how many were opened and '
  'filled.';

create function public.watch_group(p_look jsonb, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_group constant text := p_look ->> 'group';
  v_from constant timestamptz := (p_look ->> 'from')::timestamptz;
  v_due constant timestamptz := (p_look ->> 'due')::timestamptz;
  v_open tstzmultirange;
  v_absent tstzmultirange;
  v_missing tstzmultirange;
  v_found integer;
begin
  if (v_group <> '' and isfinite(v_from) and isfinite(v_due)) is not true then
    raise exception 'a look for gaps needs a group and two times, not %', p_look using errcode = '22023';
  end if;
  if v_from >= v_due then
    return jsonb_build_object('opened', 0, 'filled', 0);
  end if;

  select
    coalesce(range_agg(tstzrange(known.starts_at, known.ends_at)) filter (where known.state = 'open'), '{}'),
    coalesce(range_agg(tstzrange(known.starts_at, known.ends_at)) filter (where known.state = 'absent'), '{}')
  into v_open, v_absent
  from public.gaps as known
  where known."group" = v_group and known.state in ('open', 'absent');

  -- What was open before the look's span is looked at too, so that it can be filled; nothing else there is.
  v_missing := public.missing_of_look(p_look, least(v_from, lower(v_open)))
    * (v_open + tstzmultirange(tstzrange(v_from, v_due)));

  update public.gaps as known
  set state = 'filled', closed_at = p_now, reason = null
  where known."group" = v_group
  and known.state = 'absent'
  and known.starts_at >= v_from
  and known.ends_at <= v_due
  and not v_missing && tstzrange(known.starts_at, known.ends_at);
  get diagnostics v_found = row_count;

  -- What is not due any more, because a rule was changed, stays as it is.
  v_missing := v_missing - v_absent + v_open * tstzmultirange(tstzrange(v_due, null));
  return (
    select jsonb_build_object('opened', one -> 'opened', 'filled', (one ->> 'filled')::integer + v_found)
    from public.change_gaps(v_group, v_missing, p_now) as one
  );
end;
$$;

comment on function public.watch_group(jsonb, timestamptz) is
  'Brings the gaps of one group up to date. What is absent stays absent; only what goes beyond it opens a gap.';

create function public.watch_series_gaps(p_fence uuid, p_looks jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_run public.pipeline_runs := public.lock_run(p_fence);
  v_look jsonb;
  v_changed jsonb := '[]';
begin
  if v_run.status <> 'running' then
    return jsonb_build_object(
      'answer', 'fenced', 'opened', 0, 'filled', 0, 'open', 0, 'gaps', '[]'::jsonb, 'tried', '[]'::jsonb
    );
  end if;

  perform public.lock_gaps();
  for v_look in select one from jsonb_array_elements(p_looks) as one loop
    v_changed := v_changed || public.watch_group(v_look, v_now);
  end loop;
  return jsonb_build_object('answer', 'watched') || public.open_gaps(p_looks, v_now) || (
    select jsonb_build_object('opened', coalesce(sum(one.opened), 0), 'filled', coalesce(sum(one.filled), 0))
    from jsonb_to_recordset(v_changed) as one (opened integer, filled integer)
  );
end;
$$;

comment on function public.watch_series_gaps(uuid, jsonb, timestamptz) is
  'Finds what groups of series lack, from a time on until it is due; returns how many gaps were opened and filled, how '
  'many are open, and those to ask for again now, at most 500. p_now null = the clock.';

create function public.open_gaps(p_looks jsonb, p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  with known as materialized (
    select gap.*
    from public.gaps as gap
    where gap.state = 'open'
    and gap."group" in (select look.value ->> 'group' from jsonb_array_elements(p_looks) as look)
  )
  select jsonb_build_object(
    'open', (select count(*) from known),
    'tried', coalesce(
      (
        select jsonb_agg(jsonb_build_object(
          'id', longest.id,
          'group', longest."group",
          'starts_at', longest.starts_at,
          'ends_at', longest.ends_at,
          'attempts', longest.attempts
        ) order by longest."group")
        from (
          select distinct on (known."group") known.*
          from known
          where known.attempts > 0
          order by known."group", known.ends_at - known.starts_at desc, known.id
        ) as longest
      ),
      '[]'
    ),
    'gaps', coalesce(
      (
        select jsonb_agg(jsonb_build_object(
          'id', asked.id,
          'group', asked."group",
          'starts_at', asked.starts_at,
          'ends_at', asked.ends_at,
          'attempts', asked.attempts
        ) order by asked.next_attempt_at, asked.id)
        from (
          select known.*
          from known
          where known.next_attempt_at <= p_now
          order by known.next_attempt_at, known.id
          limit 500
        ) as asked
      ),
      '[]'
    )
  );
$$;

comment on function public.open_gaps(jsonb, timestamptz) is
  'How many gaps of the groups of looks are open, those to ask for again now, the longest waiting first, and of each '
  'group the longest that was asked for without success.';

revoke all on function public.missing_of_series(integer[], tstzrange, interval)
from public, anon, authenticated, service_role;
revoke all on function public.traded_days(jsonb, tstzrange) from public, anon, authenticated, service_role;
revoke all on function public.whole_intervals(tstzmultirange, timestamptz, integer, text)
from public, anon, authenticated, service_role;
revoke all on function public.missing_of_look(jsonb, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.match_gaps(text, tstzmultirange, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.change_gaps(text, tstzmultirange, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.watch_group(jsonb, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.watch_series_gaps(uuid, jsonb, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.open_gaps(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.missing_of_series(integer[], tstzrange, interval) to service_role;
grant execute on function public.traded_days(jsonb, tstzrange) to service_role;
grant execute on function public.whole_intervals(tstzmultirange, timestamptz, integer, text) to service_role;
grant execute on function public.missing_of_look(jsonb, timestamptz) to service_role;
grant execute on function public.match_gaps(text, tstzmultirange, timestamptz) to service_role;
grant execute on function public.change_gaps(text, tstzmultirange, timestamptz) to service_role;
grant execute on function public.watch_group(jsonb, timestamptz) to service_role;
grant execute on function public.watch_series_gaps(uuid, jsonb, timestamptz) to service_role;
grant execute on function public.open_gaps(jsonb, timestamptz) to service_role;
