-- Samples of tags could not be stored. One call of a burst stores what it read, renews its turns, hears what is asked of
-- it, and ends its run if it is the last one; whoever it is and however often it is sent, each slot is written once, by
-- the one it belongs to. New functions: old code is not touched.

set lock_timeout = '2s';

create function public.roll_tag_minutes(p_group_ids integer[], p_minutes timestamptz[])
returns void
language sql
security invoker
set search_path = ''
set jit = off
as $$
  with asked as materialized (
    select distinct one.group_id, one.minute from unnest(p_group_ids, p_minutes) as one (group_id, minute)
  ),
  sample as materialized (
    select asked.group_id, asked.minute, found.*
    from asked
    cross join lateral (
      select s.quality, s."values", s.wide_values, s.texts, s.qualities
      from public.tag_samples as s
      where s.group_id = asked.group_id
      and s.slot >= asked.minute
      and s.slot < asked.minute + interval '1 minute'
    ) as found
  ),
  whole as materialized (
    select
      sample.group_id, sample.minute,
      count(*)::integer as rows,
      (count(*) filter (where sample.quality <> 0))::integer as bad,
      coalesce(bool_or(sample.texts is not null), false) as has_texts,
      coalesce(bool_or(sample.qualities is not null), false) as has_qualities
    from sample
    group by sample.group_id, sample.minute
  ),
  figure as (
    select
      sample.group_id, sample.minute, one.position,
      count(coalesce(one.wide, one.narrow))::integer as number,
      min(coalesce(one.wide, one.narrow)) as low,
      max(coalesce(one.wide, one.narrow)) as high,
      avg(coalesce(one.wide, one.narrow)) as mean,
      count(one.wide) > 0 as is_wide
    from sample
    cross join lateral unnest(sample."values", sample.wide_values) with ordinality as one (narrow, wide, position)
    group by sample.group_id, sample.minute, one.position
  ),
  worded as (
    select
      sample.group_id, sample.minute, one.key::integer as position,
      count(*)::integer as number,
      -- An integer with more digits than a double keeps is a figure all the same.
      min(large.value) as low, max(large.value) as high, avg(large.value) as mean
    from sample
    join whole on whole.group_id = sample.group_id and whole.minute = sample.minute and whole.has_texts
    cross join lateral jsonb_each_text(sample.texts) as one (key, value)
    left join public.tags as tag
      on tag.group_id = sample.group_id
      and tag.position = one.key::integer
      and tag.data_type in ('int64', 'uint64')
    cross join lateral (
      select case when tag.id is not null and one.value ~ '^-?\d{1,30}(\.\d+)?$' then one.value::double precision end
    ) as large (value)
    -- Its rounded figure may stand beside it: then it has been counted.
    where one.value is not null and sample.wide_values[one.key::integer] is null
    group by sample.group_id, sample.minute, one.key
  ),
  doubted as (
    select sample.group_id, sample.minute, one.key::integer as position, count(*)::integer as number
    from sample
    join whole on whole.group_id = sample.group_id and whole.minute = sample.minute and whole.has_qualities
    cross join lateral jsonb_each_text(sample.qualities) as one (key, value)
    -- What is uncertain has a value.
    where one.value not in ('0', '7')
    group by sample.group_id, sample.minute, one.key
  ),
  -- In a row that is bad as a whole, every tag that was there is.
  absent as (
    select whole.group_id, whole.minute, tag.position::integer as position, whole.bad as number
    from whole
    join public.tags as tag
      on tag.group_id = whole.group_id
      and tag.role = 'value'
      and tag.created_at < whole.minute + interval '1 minute'
      and (tag.removed_at is null or tag.removed_at > whole.minute)
    where whole.bad > 0
  ),
  part as (
    select f.group_id, f.minute, f.position, f.number, 0 as bad, f.low, f.high, f.mean, f.is_wide from figure as f
    union all
    select w.group_id, w.minute, w.position, w.number, 0, w.low, w.high, w.mean, true from worded as w
    union all
    select d.group_id, d.minute, d.position, 0, d.number, null, null, null, false from doubted as d
    union all
    select a.group_id, a.minute, a.position, 0, a.number, null, null, null, false from absent as a
    union all
    -- No hole is left between positions.
    select h.group_id, h.minute, place.position, 0, 0, null, null, null, false
    from (
      select w.group_id, w.minute, max(w.position) as last from worded as w group by w.group_id, w.minute
      union all
      select d.group_id, d.minute, max(d.position) from doubted as d group by d.group_id, d.minute
      union all
      select a.group_id, a.minute, max(a.position) from absent as a group by a.group_id, a.minute
    ) as h
    cross join lateral generate_series(1, h.last) as place (position)
  ),
  tag as (
    select
      part.group_id, part.minute, part.position,
      sum(part.number) as number,
      sum(part.bad) as bad,
      min(part.low) as low,
      max(part.high) as high,
      sum(part.mean * part.number) filter (where part.mean is not null)
      / nullif(sum(part.number) filter (where part.mean is not null), 0) as mean,
      bool_or(part.is_wide) as is_wide
    from part
    group by part.group_id, part.minute, part.position
  )
  insert into public.tag_minutes as kept (
    group_id, rows, minute, lows, highs, means, wide_lows, wide_highs, wide_means, counts, bads
  )
  select
    tag.group_id,
    whole.rows,
    tag.minute,
    array_agg(case when not tag.is_wide then tag.low end::real order by tag.position),
    array_agg(case when not tag.is_wide then tag.high end::real order by tag.position),
    array_agg(case when not tag.is_wide then tag.mean end::real order by tag.position),
    case when bool_or(tag.is_wide and tag.low is not null)
      then array_agg(case when tag.is_wide then tag.low end order by tag.position)
    end,
    case when bool_or(tag.is_wide and tag.low is not null)
      then array_agg(case when tag.is_wide then tag.high end order by tag.position)
    end,
    case when bool_or(tag.is_wide and tag.low is not null)
      then array_agg(case when tag.is_wide then tag.mean end order by tag.position)
    end,
    case when bool_or(tag.number <> whole.rows) then array_agg(tag.number::smallint order by tag.position) end,
    case when bool_or(tag.bad > 0) then array_agg(tag.bad::smallint order by tag.position) end
  from tag
  join whole on whole.group_id = tag.group_id and whole.minute = tag.minute
  group by tag.group_id, tag.minute, whole.rows
  on conflict (group_id, minute) do update set
    rows = excluded.rows,
    lows = excluded.lows,
    highs = excluded.highs,
    means = excluded.means,
    wide_lows = excluded.wide_lows,
    wide_highs = excluded.wide_highs,
    wide_means = excluded.wide_means,
    counts = excluded.counts,
    bads = excluded.bads
  -- A minute that has lost samples to the clean-up is not replaced by what is left of it.
  where excluded.rows >= kept.rows;
$$;

comment on function public.roll_tag_minutes(integer[], timestamptz[]) is
  'Works out minutes of groups anew from their samples; harmless to repeat. The groups are locked (lock_tag_groups).';

create function public.judge_tag_rise(p_lease public.tag_leases, p_slot timestamptz, p_now timestamptz)
returns text
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_before public.tag_leases;
  v_interval interval;
begin
  select lease.* into v_before
  from public.tag_leases as lease
  where lease.group_id = p_lease.group_id and lease.first_slot < p_lease.first_slot
  order by lease.first_slot desc
  limit 1;
  select make_interval(secs => g.interval_ms / 1000.0) into v_interval
  from public.tag_groups as g
  where g.id = p_lease.group_id;

  return case
    when v_before.holder is null then 'stored'
    when v_before.level_slot >= p_slot - v_interval then case when v_before.level then 'dropped' else 'stored' end
    when v_before.ended_at is null and v_before.expires_at > p_now then 'later'
    else 'stored'
  end;
end;
$$;

comment on function public.judge_tag_rise(public.tag_leases, timestamptz, timestamptz) is
  'Whether a bit that a successor finds set in its first slot has risen there: stored; dropped, because its predecessor saw '
  'it set in the slot before; or later, while that is not known.';

create function public.store_tag_samples(p_holder uuid, p_rows jsonb, p_now timestamptz)
returns jsonb
language sql
security invoker
set search_path = ''
set jit = off
as $$
  with sent as materialized (
    select
      row.g, row.s, row.v, row.w, row.t, row.q, row.b, row.ms,
      case
        when lease.holder is null
        or row.s < lease.first_slot
        or row.s >= lease.until_slot
        or row.s > p_now + interval '1 minute' then 'refused'
        when row.doubtful then public.judge_tag_rise(lease, row.s, p_now)
        else 'stored'
      end as answer
    from jsonb_to_recordset(p_rows) as row (
      g integer, s timestamptz, v real[], w double precision[], t jsonb, q jsonb, b smallint, ms integer,
      doubtful boolean
    )
    left join public.tag_leases as lease on lease.group_id = row.g and lease.holder = p_holder
  ),
  stored as (
    insert into public.tag_samples (group_id, read_ms, quality, slot, "values", wide_values, texts, qualities)
    select
      sent.g, least(sent.ms, 32767), coalesce(sent.b, 0), sent.s, sent.v, sent.w,
      nullif(nullif(sent.t, 'null'), '{}'), nullif(nullif(sent.q, 'null'), '{}')
    from sent
    where sent.answer = 'stored'
    on conflict do nothing
    returning group_id, slot, quality
  )
  select jsonb_build_object(
    'stored', (select count(*) from stored),
    'repeated',
    (select count(*) from sent where sent.answer in ('stored', 'dropped')) - (select count(*) from stored),
    'refused', (select coalesce(jsonb_agg(distinct sent.g), '[]') from sent where sent.answer = 'refused'),
    'later', (
      select coalesce(jsonb_agg(jsonb_build_array(sent.g, sent.s)), '[]') from sent where sent.answer = 'later'
    ),
    -- What follows from the rows for their groups.
    'groups', (
      select coalesce(jsonb_agg(written), '[]')
      from (
        select
          stored.group_id,
          max(stored.slot) as newest,
          max(stored.slot) filter (where stored.quality = 0) as newest_good,
          array_agg(distinct date_trunc('minute', stored.slot)) as minutes
        from stored
        group by stored.group_id
      ) as written
    )
  );
$$;

comment on function public.store_tag_samples(uuid, jsonb, timestamptz) is
  'Stores the rows whose slots are the holder''s, each once; says how many, and which groups have rows that are not.';

create function public.note_tag_states(
  p_holder uuid, p_sequence bigint, p_states jsonb, p_written jsonb, p_now timestamptz
)
returns void
language sql
security invoker
set search_path = ''
as $$
  update public.tag_states as kept
  set
    success_count = kept.success_count + told.polls,
    error_count = kept.error_count + told.errors,
    dropped_count = kept.dropped_count + told.dropped,
    dropped_at = case when told.dropped > 0 then p_now else kept.dropped_at end,
    last_poll_at = case
      when told.polls + told.errors > 0 then greatest(kept.last_poll_at, coalesce(written.newest, told.level_slot, p_now))
      else greatest(kept.last_poll_at, written.newest)
    end,
    last_good_at = case
      when told.polls > 0 then greatest(kept.last_good_at, coalesce(written.newest_good, told.level_slot, p_now))
      else greatest(kept.last_good_at, written.newest_good)
    end,
    last_error_code = case when told.is_news then told.error ->> 'code' else kept.last_error_code end,
    last_error = case when told.is_news then left(told.error ->> 'message', 1000) else kept.last_error end,
    last_error_at = case when told.is_news then told.error_at else kept.last_error_at end,
    -- The rest is what is so now, which a predecessor or successor does not say.
    runner = case when told.is_reader then told.runner else kept.runner end,
    flushed_at = case when told.is_reader then p_now else kept.flushed_at end,
    state = case when told.is_reader then told.state else kept.state end,
    failing_since = case
      when not told.is_reader then kept.failing_since
      when told.state = 'failing' then coalesce(kept.failing_since, told.error_at, p_now)
    end,
    queue_length = case when told.is_reader then told.queue else kept.queue_length end,
    queue_highest = case when told.is_reader then told.queue_highest else kept.queue_highest end,
    queue_limit = case when told.is_reader then told.queue_limit else kept.queue_limit end,
    jitter_ms = case when told.is_reader then told.jitter_ms else kept.jitter_ms end,
    read_ms = case when told.is_reader then told.read_ms else kept.read_ms end,
    cpu_percent = case when told.is_reader then told.cpu_percent else kept.cpu_percent end,
    memory_mb = case when told.is_reader then told.memory_mb else kept.memory_mb end
  from (
    select
      said.g, said.state, said.queue, said.queue_highest, said.queue_limit, said.jitter_ms, said.read_ms,
      said.cpu_percent, said.memory_mb, said.level_slot, said.error,
      coalesce(said.polls, 0) as polls,
      coalesce(said.errors, 0) as errors,
      coalesce(said.dropped, 0) as dropped,
      coalesce(said.error, 'null') <> 'null' as is_news,
      (said.error ->> 'at')::timestamptz as error_at,
      lease.runner,
      (lease.until_slot is null or lease.until_slot > p_now) and not exists (
        select 1
        from public.live_tag_leases(lease.group_id, p_now) as before
        where before.first_slot < lease.first_slot
      ) as is_reader
    from jsonb_to_recordset(p_states) as said (
      g integer, state text, polls bigint, errors bigint, error jsonb, queue integer, queue_highest integer,
      queue_limit integer, dropped bigint, jitter_ms real, read_ms real, cpu_percent real, memory_mb real,
      level_slot timestamptz
    )
    join public.tag_leases as lease on lease.group_id = said.g and lease.holder = p_holder
    where p_sequence is null or p_sequence > lease.sequence
  ) as told
  left join jsonb_to_recordset(p_written) as written (
    group_id integer, newest timestamptz, newest_good timestamptz
  ) on written.group_id = told.g
  where kept.group_id = told.g;
$$;

comment on function public.note_tag_states(uuid, bigint, jsonb, jsonb, timestamptz) is
  'Notes what a holder says of its groups; a call that is repeated, or overtaken by a later one, adds nothing.';

create function public.renew_tag_leases(p_holder uuid, p_put jsonb, p_written jsonb, p_now timestamptz)
returns void
language sql
security invoker
set search_path = ''
as $$
  update public.tag_leases as kept
  set
    expires_at = case
      when kept.ended_at is not null then kept.expires_at
      else p_now + make_interval(secs => (p_put ->> 'lease_s')::double precision)
    end,
    -- A turn that is over before it begins was nobody's.
    began_at = coalesce(kept.began_at, case
      when (written.group_id is not null or kept.first_slot <= p_now)
      and (kept.until_slot is null or kept.until_slot > kept.first_slot) then p_now
    end),
    ended_at = coalesce(kept.ended_at, case when p_put -> 'ended' @> to_jsonb(kept.group_id) then p_now end),
    sequence = greatest(kept.sequence, (p_put ->> 'sequence')::bigint),
    -- What was seen in a slot of the next turn is not this one's to say, unless the bit has not changed.
    level = case
      when seen.level_slot is null then kept.level
      when seen.level_slot < coalesce(kept.until_slot, 'infinity') then seen.level
      else kept.level
    end,
    level_slot = case
      when seen.level_slot is null then kept.level_slot
      when seen.level_slot < coalesce(kept.until_slot, 'infinity') then seen.level_slot
      when seen.level = kept.level then kept.until_slot
      else kept.level_slot
    end
  from public.tag_leases as mine
  left join jsonb_to_recordset(p_written) as written (group_id integer) on written.group_id = mine.group_id
  left join jsonb_to_recordset(p_put -> 'states') as seen (g integer, level boolean, level_slot timestamptz)
    on seen.g = mine.group_id
    and seen.level is not null
    and (mine.level_slot is null or seen.level_slot > mine.level_slot)
  where mine.holder = p_holder
  and kept.group_id = mine.group_id
  and kept.holder = mine.holder;
$$;

comment on function public.renew_tag_leases(uuid, jsonb, jsonb, timestamptz) is
  'Renews the turns of a holder, begins those whose first slot has come, ends those that it says have ended.';

create function public.roll_due_tag_minutes(p_group_ids integer[], p_written jsonb, p_now timestamptz)
returns void
language plpgsql
security invoker
set search_path = ''
as $$
declare
  -- Samples of the last seconds may still be under way.
  v_until constant timestamptz := date_trunc('minute', p_now - interval '10 seconds');
  v_group_ids integer[];
  v_minutes timestamptz[];
begin
  select array_agg(due.group_id), array_agg(due.minute) into v_group_ids, v_minutes
  from (
    select s.group_id, date_trunc('minute', sample.slot) as minute
    from public.tag_states as s
    join public.tag_samples as sample on sample.group_id = s.group_id and sample.slot >= s.rolled_until
    where s.group_id = any (p_group_ids)
    and sample.slot < v_until
    and s.rolled_until < v_until
    group by 1, 2
    union
    -- Rows that came late.
    select written.group_id, minute
    from jsonb_to_recordset(p_written) as written (group_id integer, minutes timestamptz[])
    join public.tag_states as s on s.group_id = written.group_id
    cross join lateral unnest(written.minutes) as minute
    where minute < s.rolled_until
    union
    -- Perhaps nobody goes on, so the last minute of a turn is not left for later.
    select lease.group_id, date_trunc('minute', sample.slot)
    from public.tag_leases as lease
    join public.tag_states as s on s.group_id = lease.group_id
    join public.tag_samples as sample on sample.group_id = lease.group_id and sample.slot >= greatest(s.rolled_until, v_until)
    where lease.group_id = any (p_group_ids)
    and lease.ended_at = p_now
    and not exists (select 1 from public.live_tag_leases(lease.group_id, p_now))
  ) as due;

  if v_group_ids is not null then
    perform public.roll_tag_minutes(v_group_ids, v_minutes);
  end if;

  update public.tag_states as s
  set rolled_until = v_until
  where s.group_id = any (p_group_ids) and s.rolled_until < v_until;
end;
$$;

comment on function public.roll_due_tag_minutes(integer[], jsonb, timestamptz) is
  'Works out the minutes of groups that are over for ten seconds, and again those that rows came late for.';

create function public.hear_tag_commands(p_plant text, p_now timestamptz)
returns void
language sql
security invoker
set search_path = ''
as $$
  update public.tag_commands as command
  set
    heard_at = coalesce(command.heard_at, p_now),
    done_at = case when not exists (
      select 1
      from public.tag_groups as g
      where g.plant = command.plant
      and (command.group_id is null or g.id = command.group_id)
      and case command.kind
        when 'stop' then exists (select 1 from public.live_tag_leases(g.id, p_now))
        else g.active and public.is_polled(g) and not exists (
          select 1 from public.live_tag_leases(g.id, p_now) as lease where lease.began_at is not null
        )
      end
    ) then p_now end
  where command.plant = p_plant and command.done_at is null;
$$;

comment on function public.hear_tag_commands(text, timestamptz) is
  'Notes that a burst has heard what was asked, and which of it is done.';

create function public.put_tag_samples(p_put jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_holder constant uuid := (p_put ->> 'holder')::uuid;
  v_plant text := p_put ->> 'plant';
  v_mine integer[];
  v_stored jsonb;
  v_most constant integer := coalesce((p_put ->> 'most')::integer, 10);
begin
  v_mine := array(select lease.group_id from public.tag_leases as lease where lease.holder = v_holder);
  perform public.lock_tag_groups(v_mine);

  -- Whoever was relieved twice and is not heard of any more writes nothing: what it has now may have been read at any time.
  delete from public.tag_leases as old
  where old.group_id = any (v_mine)
  and (old.ended_at is not null or old.expires_at <= v_now)
  and (
    select count(*)
    from public.tag_leases as later
    where later.group_id = old.group_id and later.first_slot > old.first_slot and later.began_at is not null
  ) >= 2;

  v_stored := public.store_tag_samples(v_holder, coalesce(p_put -> 'rows', '[]'), v_now);
  perform public.note_tag_states(
    v_holder, (p_put ->> 'sequence')::bigint, coalesce(p_put -> 'states', '[]'), v_stored -> 'groups', v_now
  );
  perform public.renew_tag_leases(v_holder, p_put, v_stored -> 'groups', v_now);
  perform public.roll_due_tag_minutes(v_mine, v_stored -> 'groups', v_now);

  if v_plant is null then
    select g.plant into v_plant from public.tag_groups as g where g.id = any (v_mine) limit 1;
  end if;
  if exists (select 1 from public.tag_commands as c where c.plant = v_plant and c.done_at is null) then
    perform public.hear_tag_commands(v_plant, v_now);
  end if;

  return v_stored - 'groups' || jsonb_build_object(
    'at', v_now,
    'stops', (
      select coalesce(jsonb_object_agg(lease.group_id, lease.until_slot), '{}')
      from public.tag_leases as lease
      where lease.holder = v_holder and lease.ended_at is null and lease.until_slot is not null
    ),
    'inactive', (
      select coalesce(jsonb_agg(g.id order by g.id), '[]')
      from public.tag_leases as lease
      join public.tag_groups as g on g.id = lease.group_id
      where lease.holder = v_holder and lease.ended_at is null and not g.active
    ),
    'lost', (
      select coalesce(jsonb_agg(distinct named.g), '[]')
      from (
        select (one -> 'g')::integer as g
        from jsonb_array_elements(coalesce(p_put -> 'states', '[]') || coalesce(p_put -> 'rows', '[]')) as one
      ) as named
      where not exists (
        select 1 from public.tag_leases as lease where lease.holder = v_holder and lease.group_id = named.g
      )
    ),
    'unclaimed', (
      select coalesce(jsonb_agg(free.id order by free.id), '[]')
      from (
        select g.id, count(held.group_id) over () as held
        from public.tag_groups as g
        left join lateral (
          select lease.group_id from public.live_tag_leases(g.id, v_now) as lease limit 1
        ) as held on true
        where g.plant = v_plant and (held.group_id is not null or (g.active and public.is_polled(g)))
      ) as free
      where free.held < v_most
      and not exists (select 1 from public.live_tag_leases(free.id, v_now))
    ),
    -- The last call of a run: what it read and its end are one transaction.
    'run', case when coalesce(p_put -> 'completion', 'null') <> 'null'
      then public.complete_run(v_holder, p_put -> 'completion', v_now)
    end
  );
end;
$$;

comment on function public.put_tag_samples(jsonb, timestamptz) is
  'What a burst sends every two seconds: samples and states of its groups, which it has ended, and the end of its run. '
  'Returns what was stored, where it has to stop, which groups are stopped or lost, and which nobody reads.';

revoke all on function public.roll_tag_minutes(integer[], timestamptz[]) from public, anon, authenticated, service_role;
revoke all on function public.judge_tag_rise(public.tag_leases, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.store_tag_samples(uuid, jsonb, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.note_tag_states(uuid, bigint, jsonb, jsonb, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.renew_tag_leases(uuid, jsonb, jsonb, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.roll_due_tag_minutes(integer[], jsonb, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.hear_tag_commands(text, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.put_tag_samples(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.roll_tag_minutes(integer[], timestamptz[]) to service_role;
grant execute on function public.judge_tag_rise(public.tag_leases, timestamptz, timestamptz) to service_role;
grant execute on function public.store_tag_samples(uuid, jsonb, timestamptz) to service_role;
grant execute on function public.note_tag_states(uuid, bigint, jsonb, jsonb, timestamptz) to service_role;
grant execute on function public.renew_tag_leases(uuid, jsonb, jsonb, timestamptz) to service_role;
grant execute on function public.roll_due_tag_minutes(integer[], jsonb, timestamptz) to service_role;
grant execute on function public.hear_tag_commands(text, timestamptz) to service_role;
grant execute on function public.put_tag_samples(jsonb, timestamptz) to service_role;
