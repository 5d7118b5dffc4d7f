-- Storing a collection: values, what they replace, metrics, failures and flags in one transaction, together with the end
-- of the run if it is the last one. New functions: old code is not touched.

set lock_timeout = '2s';

create function public.register_series(p_series jsonb, p_keys text[], p_now timestamptz)
returns void
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_changed record;
begin
  -- Two commits of the same series wait for each other here: first by key, then by id, always in that order.
  insert into public.series (key, kind, subject, part, source, unit, time_zone, "group", created_at)
  select distinct on (one.key)
    one.key, one.kind, one.subject, one.part, one.source, one.unit, one.time_zone, one."group", p_now
  from jsonb_to_recordset(p_series) as one (
    key text, kind text, subject text, part text, source text, unit text, time_zone text, "group" text
  )
  where not exists (select 1 from public.series as known where known.key = one.key)
  order by one.key
  on conflict (key) do nothing;

  perform from public.series as known
  where known.key = any (p_keys || array(select one ->> 'key' from jsonb_array_elements(p_series) as one))
  order by known.id
  for no key update;

  select known.key, known.unit as old_unit, one.unit as new_unit into v_changed
  from jsonb_to_recordset(p_series) as one (key text, unit text)
  join public.series as known on known.key = one.key
  where known.unit is distinct from one.unit
  limit 1;
  if found then
    raise exception 'the unit of % was % and is now %: store the new values under a key of their own',
      v_changed.key, v_changed.old_unit, v_changed.new_unit using errcode = '22023';
  end if;

  update public.series as known
  set source = one.source, time_zone = one.time_zone, "group" = one."group"
  from jsonb_to_recordset(p_series) as one (key text, source text, time_zone text, "group" text)
  where known.key = one.key
  and (known.source, known.time_zone, known."group") is distinct from (one.source, one.time_zone, one."group");
end;
$$;

comment on function public.register_series(jsonb, text[], timestamptz) is
  'Enters series that are new, and locks those of a commit in one order. The unit of a series never changes.';

create function public.checked_blocks(p_blocks jsonb)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_wrong record;
begin
  select block.series, block.start, block.minutes, known.id is null as is_unknown into v_wrong
  from jsonb_to_recordset(p_blocks) as block (series text, start timestamptz, minutes integer, "values" jsonb)
  left join public.series as known on known.key = block.series
  where known.id is null
  or (
    isfinite(block.start)
    and block.start between '1900-01-01 00:00+00' and '2200-01-01 00:00+00'
    and date_trunc('minute', block.start) = block.start
    and block.minutes between 1 and 527040
    and jsonb_typeof(block."values") = 'array'
  ) is not true
  limit 1;
  if found then
    raise exception 'a block of % cannot be stored: %', coalesce(v_wrong.series, 'no series'), case
      when v_wrong.is_unknown then 'the series is not known'
      else 'its start, minutes or values cannot be'
    end using errcode = '22023';
  end if;

  return coalesce(
    (
      select jsonb_agg(jsonb_build_object(
        'series_id', known.id,
        'start', block.start,
        'minutes', block.minutes,
        'until', block.start + make_interval(mins => block.minutes * jsonb_array_length(block."values")),
        'values', block."values"
      ) order by block.position)
      from rows from (jsonb_to_recordset(p_blocks) as (
        series text, start timestamptz, minutes integer, "values" jsonb
      )) with ordinality as block (series, start, minutes, "values", position)
      join public.series as known on known.key = block.series
      where jsonb_array_length(block."values") > 0
    ),
    '[]'
  );
end;
$$;

comment on function public.checked_blocks(jsonb) is
  'The blocks of a batch with the ids of their series and their ends, without empty ones; refuses all if one cannot be.';

create function public.write_newer_points(p_blocks jsonb, p_known_at timestamptz, p_now timestamptz)
returns jsonb
language sql
security invoker
set search_path = ''
set enable_mergejoin = off
set jit = off
as $$
  with block as materialized (
    select
      b.series_id, b.start, b.minutes, b.until, b."values",
      -- A stored interval that reaches into two blocks is looked at with the first one.
      greatest(
        b.start - make_interval(mins => known.longest_minutes - 1),
        lag(b.until) over (partition by b.series_id order by b.start)
      ) as looked_from
    from jsonb_to_recordset(p_blocks) as b (
      series_id integer, start timestamptz, minutes integer, until timestamptz, "values" jsonb
    )
    join public.series as known on known.id = b.series_id
  ),
  incoming as materialized (
    select
      block.series_id,
      block.start + make_interval(mins => block.minutes * (one.number::integer - 1)) as at,
      block.minutes,
      one.value::numeric as value
    from block
    cross join lateral jsonb_array_elements_text(block."values") with ordinality as one (value, number)
  ),
  stored as materialized (
    select point.*
    from block
    cross join lateral (
      select p.ctid as place, p.series_id, p.at, p.minutes, p.value, p.known_at
      from public.series_points as p
      where p.series_id = block.series_id
      and p.at >= block.looked_from
      and p.at < block.until
      and p.at + make_interval(mins => p.minutes) > block.start
    ) as point
  ),
  paired as materialized (
    select
      coalesce(incoming.series_id, stored.series_id) as series_id,
      coalesce(incoming.at, stored.at) as at,
      incoming.minutes, incoming.value,
      incoming.series_id is not null as is_incoming,
      stored.place, stored.minutes as old_minutes, stored.value as old_value, stored.known_at as old_known_at,
      stored.minutes is not distinct from incoming.minutes
      and stored.value is not distinct from incoming.value as is_same
    from incoming
    full join stored on stored.series_id = incoming.series_id and stored.at = incoming.at
  ),
  superseded as (
    insert into public.series_revisions (series_id, at, minutes, value, known_at, superseded_at)
    select p.series_id, p.at, p.old_minutes, p.old_value, p.old_known_at, p_known_at
    from paired as p
    where p.place is not null and not p.is_same
  ),
  removed as (
    delete from public.series_points as p
    where p.ctid = any (array(select gone.place from paired as gone where not gone.is_incoming))
  ),
  written as (
    insert into public.series_points as p (series_id, at, minutes, value, known_at)
    select i.series_id, i.at, i.minutes, i.value, p_known_at
    from paired as i
    where i.is_incoming and not i.is_same
    on conflict (series_id, at) do update
    set minutes = excluded.minutes, value = excluded.value, known_at = excluded.known_at
  ),
  noted as (
    insert into public.series_readings (series_id, known_at, starts_at, until, stored_at)
    select block.series_id, p_known_at, block.start, block.until, p_now
    from block
  )
  select coalesce(jsonb_agg(counted), '[]')
  from (
    select
      p.series_id,
      count(*) as read,
      count(*) filter (where p.place is null) as new,
      count(*) filter (where p.place is not null and not p.is_same) as revised,
      count(*) filter (where p.is_same) as unchanged,
      0 as older
    from paired as p
    where p.is_incoming
    group by p.series_id
  ) as counted;
$$;

comment on function public.write_newer_points(jsonb, timestamptz, timestamptz) is
  'Stores blocks that are newer than everything known of their series and do not overlap; returns counts by series.';

create function public.positions(p_start timestamptz, p_minutes integer, p_at timestamptz, p_until timestamptz)
returns setof integer
language sql
immutable
security invoker
set search_path = ''
as $$
  select generate_series(
    floor(extract(epoch from p_at - p_start) / (60 * p_minutes))::integer,
    ceil(extract(epoch from p_until - p_start) / (60 * p_minutes))::integer - 1
  );
$$;

comment on function public.positions(timestamptz, integer, timestamptz, timestamptz) is
  'The intervals of a block, counted from 0 at its start, that a span touches; some may be outside of the block.';

-- The past is entered as if the reply had come in time. A reply holds from when it was known until the next reply about
-- the same time. What held before ends earlier; if a later reply said it again, it holds again from that reply on.
create function public.write_late_points(p_blocks jsonb, p_known_at timestamptz, p_now timestamptz)
returns jsonb
language sql
security invoker
set search_path = ''
-- The planner thinks that every step has a few rows, and would compare all rows of a block with each other.
set enable_nestloop = off
set enable_mergejoin = off
set jit = off
as $$
  with block as materialized (
    select
      b.number, b.series_id, b.start, b.minutes, b.until, b."values",
      b.start - make_interval(mins => known.longest_minutes - 1) as looked_from
    from rows from (jsonb_to_recordset(p_blocks) as (
      series_id integer, start timestamptz, minutes integer, until timestamptz, "values" jsonb
    )) with ordinality as b (series_id, start, minutes, until, "values", number)
    join public.series as known on known.id = b.series_id
  ),
  version as materialized (
    select block.number, block.start, block.minutes as step, held.*
    from block
    cross join lateral (
      select
        true as is_current, p.ctid as place, p.series_id, p.at, p.minutes, p.value,
        p.at + make_interval(mins => p.minutes) as until, p.known_at, 'infinity'::timestamptz as superseded_at
      from public.series_points as p
      where p.series_id = block.series_id
      and p.at >= block.looked_from
      and p.at < block.until
      and p.at + make_interval(mins => p.minutes) > block.start
      union all
      select
        false, r.ctid, r.series_id, r.at, r.minutes, r.value,
        r.at + make_interval(mins => r.minutes), r.known_at, r.superseded_at
      from public.series_revisions as r
      where r.series_id = block.series_id
      and r.at >= block.looked_from
      and r.at < block.until
      and r.at + make_interval(mins => r.minutes) > block.start
      and r.superseded_at > p_known_at
    ) as held
  ),
  said as (
    select block.number, block.start, block.minutes as step, read.starts_at as at, read.until, read.known_at
    from block
    cross join lateral (
      select r.starts_at, r.until, r.known_at
      from public.series_readings as r
      where r.series_id = block.series_id
      and r.known_at >= p_known_at
      and r.starts_at < block.until
      and r.until > block.start
    ) as read
    union all
    -- The readings of long ago are removed, but what they wrote is not.
    select version.number, version.start, version.step, version.at, version.until, version.known_at
    from version
    where version.known_at >= p_known_at
  ),
  answered as materialized (
    select
      said.number,
      place.position,
      min(said.known_at) filter (where said.known_at > p_known_at) as next_at,
      bool_or(said.known_at = p_known_at) as is_taken
    from said
    cross join lateral public.positions(said.start, said.step, said.at, said.until) as place (position)
    group by said.number, place.position
  ),
  incoming as materialized (
    select
      block.number,
      one.number::integer - 1 as position,
      block.series_id,
      block.start + make_interval(mins => block.minutes * (one.number::integer - 1)) as at,
      block.minutes,
      one.value::numeric as value
    from block
    cross join lateral jsonb_array_elements_text(block."values") with ordinality as one (value, number)
  ),
  judged as materialized (
    select
      i.*,
      answered.next_at,
      -- Of two replies of the same instant the first one counts; this one may be the same again.
      coalesce(answered.is_taken, false) as is_taken,
      same.place is not null as is_same,
      there.place is not null as is_known
    from incoming as i
    left join answered on answered.number = i.number and answered.position = i.position
    left join version as same
      on same.number = i.number
      and same.at = i.at
      and same.minutes = i.minutes
      and same.value is not distinct from i.value
      and same.known_at <= p_known_at
      and same.superseded_at > p_known_at
    left join version as there on there.number = i.number and there.at = i.at and there.is_current
  ),
  entered as materialized (
    select j.* from judged as j where not j.is_taken and not j.is_same
  ),
  ended as materialized (
    select touched.*, again.at as again_at
    from (
      select distinct on (version.is_current, version.place) version.*
      from version
      cross join lateral public.positions(version.start, version.step, version.at, version.until) as place (position)
      join entered on entered.number = version.number and entered.position = place.position
      where version.known_at < p_known_at
    ) as touched
    cross join lateral (
      select min(r.known_at) as at
      from public.series_readings as r
      where r.series_id = touched.series_id
      and r.known_at > p_known_at
      and r.known_at < touched.superseded_at
      and r.starts_at < touched.until
      and r.until > touched.at
    ) as again
  ),
  begun_earlier as materialized (
    -- The next reply said the same: the value holds from this one on.
    select e.series_id, e.at, version.is_current, version.place
    from entered as e
    join version
      on version.number = e.number
      and version.at = e.at
      and version.minutes = e.minutes
      and version.value is not distinct from e.value
      and version.known_at = e.next_at
  ),
  current_begun_earlier as (
    update public.series_points as p
    set known_at = p_known_at
    where p.ctid = any (array(select b.place from begun_earlier as b where b.is_current))
  ),
  revision_begun_earlier as (
    update public.series_revisions as r
    set known_at = p_known_at
    where r.ctid = any (array(select b.place from begun_earlier as b where not b.is_current))
  ),
  revision_ended as (
    update public.series_revisions as r
    set superseded_at = p_known_at
    where r.ctid = any (array(select e.place from ended as e where not e.is_current))
  ),
  revised as (
    insert into public.series_revisions (series_id, at, minutes, value, known_at, superseded_at)
    select e.series_id, e.at, e.minutes, e.value, e.known_at, p_known_at
    from ended as e
    where e.is_current
    union all
    select e.series_id, e.at, e.minutes, e.value, e.again_at, e.superseded_at
    from ended as e
    where not e.is_current and e.again_at is not null
    union all
    select e.series_id, e.at, e.minutes, e.value, p_known_at, e.next_at
    from entered as e
    where e.next_at is not null
    and not exists (select 1 from begun_earlier as b where b.series_id = e.series_id and b.at = e.at)
  ),
  removed as (
    delete from public.series_points as p
    where p.ctid = any (array(
      select e.place
      from ended as e
      where e.is_current
      and e.again_at is null
      and not exists (
        select 1 from entered as n where n.series_id = e.series_id and n.at = e.at and n.next_at is null
      )
    ))
  ),
  written as (
    insert into public.series_points as p (series_id, at, minutes, value, known_at)
    select e.series_id, e.at, e.minutes, e.value, p_known_at
    from entered as e
    where e.next_at is null
    union all
    select e.series_id, e.at, e.minutes, e.value, e.again_at
    from ended as e
    where e.is_current and e.again_at is not null
    on conflict (series_id, at) do update
    set minutes = excluded.minutes, value = excluded.value, known_at = excluded.known_at
  ),
  noted as (
    insert into public.series_readings (series_id, known_at, starts_at, until, stored_at)
    select
      island.series_id, p_known_at, min(island.at), max(island.at) + make_interval(mins => min(island.minutes)), p_now
    from (
      select j.*, j.position - row_number() over (partition by j.number order by j.position) as run
      from judged as j
      where not j.is_taken
    ) as island
    group by island.series_id, island.number, island.run
  )
  select coalesce(jsonb_agg(counted), '[]')
  from (
    select
      j.series_id,
      count(*) as read,
      count(*) filter (where not j.is_same and not j.is_taken and j.next_at is null and not j.is_known) as new,
      count(*) filter (where not j.is_same and not j.is_taken and j.next_at is null and j.is_known) as revised,
      count(*) filter (where j.is_same) as unchanged,
      count(*) filter (where not j.is_same and (j.is_taken or j.next_at is not null)) as older
    from judged as j
    group by j.series_id
  ) as counted;
$$;

comment on function public.write_late_points(jsonb, timestamptz, timestamptz) is
  'Enters blocks that do not overlap into the past of their series, where a newer reply is known; returns counts by '
  'series.';

create function public.write_batch(p_blocks jsonb, p_known_at timestamptz, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_newer jsonb;
  v_late jsonb;
  v_block jsonb;
  v_counts jsonb := '[]';
begin
  if exists (
    select 1
    from (
      select b.start, lag(b.until) over (partition by b.series_id order by b.start) as before_until
      from jsonb_to_recordset(p_blocks) as b (series_id integer, start timestamptz, until timestamptz)
    ) as neighbour
    where neighbour.start < neighbour.before_until
  ) then
    -- One reply that says two things of the same time: the first counts.
    for v_block in select one from jsonb_array_elements(p_blocks) as one loop
      v_counts := v_counts || public.write_batch(jsonb_build_array(v_block), p_known_at, p_now);
    end loop;
    return v_counts;
  end if;

  select
    jsonb_agg(block) filter (where known.known_at < p_known_at),
    jsonb_agg(block) filter (where known.known_at >= p_known_at)
  into v_newer, v_late
  from jsonb_array_elements(p_blocks) as block
  join public.series as known on known.id = (block ->> 'series_id')::integer;

  if v_newer is not null then
    v_counts := v_counts || public.write_newer_points(v_newer, p_known_at, p_now);
  end if;
  if v_late is not null then
    v_counts := v_counts || public.write_late_points(v_late, p_known_at, p_now);
  end if;

  update public.series as known
  set
    known_at = greatest(known.known_at, p_known_at),
    longest_minutes = greatest(known.longest_minutes, block.minutes)
  from (
    select b.series_id, max(b.minutes) as minutes
    from jsonb_to_recordset(p_blocks) as b (series_id integer, minutes integer)
    group by b.series_id
  ) as block
  where known.id = block.series_id;
  return v_counts;
end;
$$;

comment on function public.write_batch(jsonb, timestamptz, timestamptz) is
  'Stores the checked blocks of one reply; the series are locked. Returns counts by series, a series perhaps twice.';

create function public.keep_collection(
  p_run public.pipeline_runs, p_collection jsonb, p_counts jsonb
)
returns void
language sql
security invoker
set search_path = ''
as $$
  insert into public.collections (
    run_id, pipeline, source, kind, subject, asked_from, asked_until, started_at, ended_at, status,
    points_read, points_new, points_revised, error_code, error_message, api_ms, processing_ms, requests, bytes
  )
  select
    p_run.id, p_run.pipeline, one.source, one.kind, one.subject, one.asked_from, one.asked_until, one.started_at,
    one.ended_at, one.status, counted.read, counted.new, counted.revised, one.error_code, one.error_message,
    one.api_ms, one.processing_ms, one.requests, one.bytes
  from jsonb_to_record(p_collection) as one (
    source text, kind text, subject text, asked_from timestamptz, asked_until timestamptz, started_at timestamptz,
    ended_at timestamptz, status text, error_code text, error_message text, api_ms integer, processing_ms integer,
    requests integer, bytes bigint
  )
  cross join (
    select
      coalesce(sum(count.read), 0) as read, coalesce(sum(count.new), 0) as new,
      coalesce(sum(count.revised), 0) as revised
    from jsonb_to_recordset(p_counts) as count (read integer, new integer, revised integer)
  ) as counted
  on conflict on constraint collections_once do nothing;
$$;

comment on function public.keep_collection(public.pipeline_runs, jsonb, jsonb) is
  'Writes the metrics of one question of a run, once, with what became of its values.';

create function public.keep_failed_batches(
  p_run public.pipeline_runs, p_failed jsonb, p_resolved jsonb, p_now timestamptz
)
returns void
language sql
security invoker
set search_path = ''
as $$
  update public.failed_batches as known
  set resolved_at = p_now
  where known.id in (select one::bigint from jsonb_array_elements_text(p_resolved) as one)
  and known.resolved_at is null;

  insert into public.failed_batches as known (
    run_id, source, kind, subject, asked_from, asked_until, code, message, reply, failed_at
  )
  select distinct on (one.source, one.kind, one.subject, one.asked_from, one.asked_until)
    p_run.id, one.source, one.kind, one.subject, one.asked_from, one.asked_until, one.code, one.message,
    coalesce(one.reply, ''), p_now
  from jsonb_to_recordset(p_failed) as one (
    source text, kind text, subject text, asked_from timestamptz, asked_until timestamptz, code text, message text,
    reply text
  )
  order by one.source, one.kind, one.subject, one.asked_from, one.asked_until
  on conflict (source, kind, subject, asked_from, asked_until) where resolved_at is null
  do update set
    run_id = excluded.run_id,
    code = excluded.code,
    message = excluded.message,
    reply = excluded.reply,
    failed_at = excluded.failed_at,
    attempts = known.attempts + 1
  -- A commit that is repeated counts no second attempt.
  where known.run_id <> excluded.run_id;
$$;

comment on function public.keep_failed_batches(public.pipeline_runs, jsonb, jsonb, timestamptz) is
  'Writes down which replies could not be used, once for a span until it is resolved, and which are resolved.';

create function public.flag_points(p_flags jsonb, p_now timestamptz)
returns void
language sql
security invoker
set search_path = ''
as $$
  insert into public.series_flags as known (series_id, at, value, reason, flagged_at)
  select distinct on (flagged.series_id, flagged.at, flagged.reason)
    flagged.series_id, flagged.at, flagged.value, flagged.reason, p_now
  from (
    select
      series.id as series_id, moment.at::timestamptz as at, one.reason,
      case
        when one."values" is null then point.value
        else (one."values" ->> (moment.number::integer - 1))::numeric
      end as value
    from jsonb_to_recordset(p_flags) as one (series text, at jsonb, "values" jsonb, reason text)
    join public.series as series on series.key = one.series
    cross join lateral jsonb_array_elements_text(one.at) with ordinality as moment (at, number)
    left join public.series_points as point
      on point.series_id = series.id and point.at = moment.at::timestamptz
  ) as flagged
  order by flagged.series_id, flagged.at, flagged.reason
  on conflict on constraint series_flags_once
  do update set value = excluded.value, flagged_at = excluded.flagged_at
  where known.value is distinct from excluded.value;
$$;

comment on function public.flag_points(jsonb, timestamptz) is
  'Flags values: those that are sent along, for values that are held back, else those that are stored.';

create function public.keep_quality(p_quality jsonb, p_now timestamptz)
returns void
language sql
security invoker
set search_path = ''
as $$
  insert into public.series_quality as known (
    series_id, day, due_minutes, covered_minutes, timely_minutes, points, invalid, suspect,
    completeness, timeliness, accuracy, computed_at, first_completeness, first_accuracy, first_computed_at
  )
  select distinct on (series.id, one.day)
    series.id, one.day, one.due_minutes, one.covered_minutes, one.timely_minutes, one.points, one.invalid,
    one.suspect, one.completeness, one.timeliness, one.accuracy, p_now, one.completeness, one.accuracy, p_now
  from jsonb_to_recordset(p_quality) as one (
    series text, day date, due_minutes integer, covered_minutes integer, timely_minutes integer, points integer,
    invalid integer, suspect integer, completeness numeric, timeliness numeric, accuracy numeric
  )
  join public.series as series on series.key = one.series
  order by series.id, one.day
  on conflict on constraint series_quality_once
  do update set
    due_minutes = excluded.due_minutes,
    covered_minutes = excluded.covered_minutes,
    timely_minutes = excluded.timely_minutes,
    points = excluded.points,
    invalid = excluded.invalid,
    suspect = excluded.suspect,
    completeness = excluded.completeness,
    timeliness = excluded.timeliness,
    accuracy = excluded.accuracy,
    computed_at = excluded.computed_at
  where (
    known.due_minutes, known.covered_minutes, known.timely_minutes, known.points, known.invalid, known.suspect,
    known.completeness, known.timeliness, known.accuracy
  ) is distinct from (
    excluded.due_minutes, excluded.covered_minutes, excluded.timely_minutes, excluded.points, excluded.invalid,
    excluded.suspect, excluded.completeness, excluded.timeliness, excluded.accuracy
  );
$$;

comment on function public.keep_quality(jsonb, timestamptz) is
  'Writes how good days of series are; what was computed first stays beside it.';

create function public.lock_gaps()
returns void
language sql
security invoker
set search_path = ''
as $$
  select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('gaps of series', 0));
$$;

comment on function public.lock_gaps() is 'One transaction changes gaps at a time; it is taken after every other lock.';

create function public.note_gap_attempts(p_run public.pipeline_runs, p_attempts jsonb, p_now timestamptz)
returns void
language plpgsql
security invoker
set search_path = ''
as $$
begin
  if coalesce(jsonb_array_length(p_attempts), 0) = 0 then
    return;
  end if;

  perform public.lock_gaps();
  update public.gaps as known
  set
    state = coalesce(one.state, 'open'),
    -- A commit that is repeated counts no second attempt, and a publisher that did not answer none at all.
    attempts = known.attempts + case
      when known.run_id is distinct from p_run.id and coalesce(one.is_answered, true) then 1 else 0
    end,
    next_attempt_at = case when coalesce(one.state, 'open') = 'open' then one.next_attempt_at end,
    closed_at = case when coalesce(one.state, 'open') <> 'open' then p_now end,
    reason = one.reason,
    run_id = p_run.id
  from jsonb_to_recordset(p_attempts) as one (
    id bigint, state text, next_attempt_at timestamptz, reason text, is_answered boolean
  )
  where known.id = one.id and known.state = 'open';
end;
$$;

comment on function public.note_gap_attempts(public.pipeline_runs, jsonb, timestamptz) is
  'Writes down what came of asking for gaps again; a gap that is closed stays as it is.';

create function public.sum_of_counts(p_counts jsonb)
returns jsonb
language sql
immutable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'read', coalesce(sum(one.read), 0),
    'new', coalesce(sum(one.new), 0),
    'revised', coalesce(sum(one.revised), 0),
    'unchanged', coalesce(sum(one.unchanged), 0),
    'older', coalesce(sum(one.older), 0)
  )
  from jsonb_to_recordset(p_counts) as one (
    read integer, new integer, revised integer, unchanged integer, older integer
  );
$$;

comment on function public.sum_of_counts(jsonb) is 'What became of values, over several series.';

create function public.write_batches(p_run public.pipeline_runs, p_batches jsonb, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_batch jsonb;
  v_known_at timestamptz;
  v_counts jsonb;
  v_all jsonb := '[]';
begin
  if (
    select sum(jsonb_array_length(block -> 'values'))
    from jsonb_path_query(p_batches, '$[*].blocks[*]') as block
    where jsonb_typeof(block -> 'values') = 'array'
  ) > 200000 then
    raise exception 'a commit has at most 200000 values' using errcode = '22023';
  end if;

  for v_batch in select one from jsonb_array_elements(p_batches) as one loop
    v_known_at := (v_batch ->> 'known_at')::timestamptz;
    if (isfinite(v_known_at) and v_known_at <= p_now + interval '1 hour') is not true then
      raise exception 'a reply cannot be known at %: check the clock', coalesce(v_batch ->> 'known_at', 'no time')
        using errcode = '22023';
    end if;
    v_counts := public.write_batch(public.checked_blocks(v_batch -> 'blocks'), v_known_at, p_now);
    if jsonb_typeof(v_batch -> 'collection') = 'object' then
      perform public.keep_collection(p_run, v_batch -> 'collection', v_counts);
    end if;
    v_all := v_all || v_counts;
  end loop;
  return v_all;
end;
$$;

comment on function public.write_batches(public.pipeline_runs, jsonb, timestamptz) is
  'Stores the replies of a commit, one after the other, each with its metrics; returns counts by series.';

create function public.named_series(p_commit jsonb)
returns text[]
language sql
immutable
security invoker
set search_path = ''
as $$
  select array(
    select distinct one #>> '{}'
    from (
      select jsonb_path_query(p_commit, 'lax $.batches[*].blocks[*].series')
      union all
      select jsonb_path_query(p_commit, 'lax $.flags[*].series')
      union all
      select jsonb_path_query(p_commit, 'lax $.quality[*].series')
    ) as named (one)
  );
$$;

comment on function public.named_series(jsonb) is 'The keys of the series that a commit writes anything of.';

create function public.with_points_counted(p_completion jsonb, p_counts jsonb)
returns jsonb
language sql
immutable
security invoker
set search_path = ''
as $$
  select jsonb_set(
    p_completion,
    '{report,counts}',
    coalesce(p_completion #> '{report,counts}', '{}') || (
      select jsonb_object_agg(
        'points_' || counted.name,
        counted.number::bigint
        + coalesce((p_completion #>> array['report', 'counts', 'points_' || counted.name])::bigint, 0)
      )
      from jsonb_each_text(p_counts) as counted (name, number)
    )
  );
$$;

comment on function public.with_points_counted(jsonb, jsonb) is
  'The completion of a run whose report also counts the points of the commit that ends it.';

create function public.commit_series(p_fence uuid, p_commit jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_nothing constant jsonb := jsonb_build_object('points', public.sum_of_counts('[]'), 'series', '{}'::jsonb);
  v_run public.pipeline_runs := public.lock_run(p_fence);
  v_unknown text;
  v_counts jsonb;
  v_ended jsonb;
begin
  if v_run.status in ('succeeded', 'partial') then
    return jsonb_build_object('answer', 'repeated', 'report', public.run_report(v_run)) || v_nothing;
  end if;

  if v_run.status <> 'running' then
    return jsonb_build_object('answer', 'fenced', 'report', null) || v_nothing;
  end if;

  perform public.register_series(
    coalesce(p_commit -> 'series', '[]'), public.named_series(p_commit), v_now
  );
  select named.key into v_unknown
  from unnest(public.named_series(p_commit)) as named (key)
  where not exists (select 1 from public.series as known where known.key = named.key)
  limit 1;
  if found then
    raise exception 'the series % is not known', v_unknown using errcode = '22023';
  end if;

  v_counts := public.write_batches(v_run, coalesce(p_commit -> 'batches', '[]'), v_now);
  perform public.flag_points(coalesce(p_commit -> 'flags', '[]'), v_now);
  perform public.keep_quality(coalesce(p_commit -> 'quality', '[]'), v_now);
  perform public.keep_failed_batches(
    v_run, coalesce(p_commit -> 'failed', '[]'), coalesce(p_commit -> 'resolved', '[]'), v_now
  );
  perform public.note_gap_attempts(v_run, p_commit -> 'gap_attempts', v_now);
  if jsonb_typeof(p_commit -> 'completion') = 'object' then
    v_ended := public.complete_run(
      p_fence, public.with_points_counted(p_commit -> 'completion', public.sum_of_counts(v_counts)), v_now
    );
  end if;
  return v_nothing
    || coalesce(v_ended, jsonb_build_object('answer', 'committed', 'report', null))
    || jsonb_build_object('points', public.sum_of_counts(v_counts), 'series', public.counts_of_series(v_counts));
end;
$$;

comment on function public.commit_series(uuid, jsonb, timestamptz) is
  'Stores what a run collected, all or nothing, and with a completion ends the run: committed, repeated or fenced. '
  'p_now null = the clock.';

create function public.counts_of_series(p_counts jsonb)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(by_series.key, by_series.counts), '{}')
  from (
    select known.key, public.sum_of_counts(jsonb_agg(one)) as counts
    from jsonb_array_elements(p_counts) as one
    join public.series as known on known.id = (one ->> 'series_id')::integer
    group by known.key
  ) as by_series;
$$;

comment on function public.counts_of_series(jsonb) is 'What became of the values of each series, by key.';

revoke all on function public.register_series(jsonb, text[], timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.checked_blocks(jsonb) from public, anon, authenticated, service_role;
revoke all on function public.write_newer_points(jsonb, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.positions(timestamptz, integer, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.write_late_points(jsonb, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.write_batch(jsonb, timestamptz, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.keep_collection(public.pipeline_runs, jsonb, jsonb)
from public, anon, authenticated, service_role;
revoke all on function public.keep_failed_batches(public.pipeline_runs, jsonb, jsonb, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.flag_points(jsonb, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.keep_quality(jsonb, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.lock_gaps() from public, anon, authenticated, service_role;
revoke all on function public.note_gap_attempts(public.pipeline_runs, jsonb, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.sum_of_counts(jsonb) from public, anon, authenticated, service_role;
revoke all on function public.with_points_counted(jsonb, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.write_batches(public.pipeline_runs, jsonb, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.named_series(jsonb) from public, anon, authenticated, service_role;
revoke all on function public.commit_series(uuid, jsonb, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.counts_of_series(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.register_series(jsonb, text[], timestamptz) to service_role;
grant execute on function public.checked_blocks(jsonb) to service_role;
grant execute on function public.write_newer_points(jsonb, timestamptz, timestamptz) to service_role;
grant execute on function public.positions(timestamptz, integer, timestamptz, timestamptz) to service_role;
grant execute on function public.write_late_points(jsonb, timestamptz, timestamptz) to service_role;
grant execute on function public.write_batch(jsonb, timestamptz, timestamptz) to service_role;
grant execute on function public.keep_collection(public.pipeline_runs, jsonb, jsonb) to service_role;
grant execute on function public.keep_failed_batches(public.pipeline_runs, jsonb, jsonb, timestamptz) to service_role;
grant execute on function public.flag_points(jsonb, timestamptz) to service_role;
grant execute on function public.keep_quality(jsonb, timestamptz) to service_role;
grant execute on function public.lock_gaps() to service_role;
grant execute on function public.note_gap_attempts(public.pipeline_runs, jsonb, timestamptz) to service_role;
grant execute on function public.sum_of_counts(jsonb) to service_role;
grant execute on function public.with_points_counted(jsonb, jsonb) to service_role;
grant execute on function public.write_batches(public.pipeline_runs, jsonb, timestamptz) to service_role;
grant execute on function public.named_series(jsonb) to service_role;
grant execute on function public.commit_series(uuid, jsonb, timestamptz) to service_role;
grant execute on function public.counts_of_series(jsonb) to service_role;
