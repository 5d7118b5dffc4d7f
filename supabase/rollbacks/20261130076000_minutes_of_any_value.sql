-- Lets one value that is too small for its column fail the minutes of all groups again.

set lock_timeout = '2s';

create or replace function public.roll_tag_minutes(p_group_ids integer[], p_minutes timestamptz[])
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

drop function public.work_out_tag_minutes(integer[], timestamptz[]);
