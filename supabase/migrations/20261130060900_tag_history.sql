-- What a tag was could not be asked. The answer is one document: the Data API would cut rows at a thousand without saying so.
-- New function: old code is not touched.

set lock_timeout = '2s';

create function public.tag_history(
  p_plant text,
  p_group text,
  p_tag text,
  p_from timestamptz,
  p_until timestamptz,
  p_resolution text default 'auto',
  p_now timestamptz default null
)
returns json
language plpgsql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
set jit = off
as $$
declare
  v_most constant integer := 200000;
  -- A chart shows no more, and a day of seconds is quicker read as minutes.
  v_most_of_auto constant integer := 10000;
  v_resolution text := coalesce(p_resolution, 'auto');
  v_group public.tag_groups;
  v_tag public.tags;
  v_points bigint;
  v_answer json;
begin
  if v_resolution not in ('raw', 'minute', 'auto') then
    raise exception 'a resolution is raw, minute or auto' using errcode = 'P0001';
  end if;
  if (p_from < p_until) is not true then
    raise exception 'a span begins before it ends' using errcode = 'P0001';
  end if;

  select g.* into v_group from public.tag_groups as g where g.plant = p_plant and g.name = p_group;
  if not found then
    raise exception 'there is no group % in %', p_group, p_plant using errcode = 'P0001';
  end if;
  select tag.* into v_tag
  from public.tags as tag
  where tag.group_id = v_group.id and tag.name = p_tag and tag.role = 'value';
  if not found then
    raise exception 'there is no tag % in the group % of %', p_tag, p_group, p_plant using errcode = 'P0001';
  end if;

  if v_resolution <> 'minute' then
    select count(*) into v_points
    from (
      select 1
      from public.tag_samples as s
      where s.group_id = v_group.id and s.slot >= p_from and s.slot < p_until
      limit v_most + 1
    ) as counted;
  end if;
  if v_resolution = 'auto' then
    v_resolution := case
      when v_points > v_most_of_auto then 'minute'
      -- Some of the span is older than what is kept of the samples.
      when exists (
        select 1
        from public.tag_minutes as m
        where m.group_id = v_group.id
        and m.minute >= p_from
        and m.minute < p_until
        and m.minute + interval '1 minute' <= coalesce(
          (select min(s.slot) from public.tag_samples as s where s.group_id = v_group.id), 'infinity'
        )
      ) then 'minute'
      else 'raw'
    end;
  end if;
  if v_resolution = 'minute' then
    select count(*) into v_points
    from (
      select 1
      from public.tag_minutes as m
      where m.group_id = v_group.id and m.minute >= p_from and m.minute < p_until
      limit v_most + 1
    ) as counted;
  end if;
  if v_points > v_most then
    raise exception 'the span has more than % points: ask for a shorter one, or for minutes', v_most
      using errcode = 'P0001';
  end if;

  if v_resolution = 'raw' then
    select json_build_object(
      'at', coalesce(json_agg(point.slot order by point.slot), '[]'),
      'values', coalesce(json_agg(point.value order by point.slot), '[]'),
      'qualities', coalesce(json_agg(point.quality order by point.slot), '[]')
    ) into v_answer
    from (
      select
        s.slot,
        case
          when s.texts ? v_tag.position::text then case v_tag.data_type
            when 'string' then to_json(s.texts ->> v_tag.position::text)
            -- All digits of a large integer. What was a string before the type changed is a string still.
            else case when s.texts ->> v_tag.position::text ~ '^-?\d{1,30}$'
              then (s.texts ->> v_tag.position::text)::numeric::text::json
              else to_json(s.texts ->> v_tag.position::text)
            end
          end
          when s.wide_values[v_tag.position] is not null then to_json(s.wide_values[v_tag.position])
          when v_tag.data_type = 'bool' then to_json(s."values"[v_tag.position] <> 0)
          else to_json(s."values"[v_tag.position])
        end as value,
        coalesce((s.qualities ->> v_tag.position::text)::smallint, s.quality) as quality
      from public.tag_samples as s
      where s.group_id = v_group.id and s.slot >= p_from and s.slot < p_until
    ) as point;
  else
    select json_build_object(
      'at', coalesce(json_agg(m.minute order by m.minute), '[]'),
      'low', coalesce(json_agg(
        coalesce(to_json(m.wide_lows[v_tag.position]), to_json(m.lows[v_tag.position])) order by m.minute
      ), '[]'),
      'high', coalesce(json_agg(
        coalesce(to_json(m.wide_highs[v_tag.position]), to_json(m.highs[v_tag.position])) order by m.minute
      ), '[]'),
      'mean', coalesce(json_agg(
        coalesce(to_json(m.wide_means[v_tag.position]), to_json(m.means[v_tag.position])) order by m.minute
      ), '[]'),
      'count', coalesce(json_agg(
        case when m.counts is null then m.rows else coalesce(m.counts[v_tag.position], 0) end order by m.minute
      ), '[]'),
      'bad', coalesce(json_agg(coalesce(m.bads[v_tag.position], 0) order by m.minute), '[]')
    ) into v_answer
    from public.tag_minutes as m
    where m.group_id = v_group.id and m.minute >= p_from and m.minute < p_until;
  end if;

  return json_build_object(
    'plant', p_plant,
    'group', v_group.name,
    'tag', v_tag.name,
    'data_type', v_tag.data_type,
    'unit', v_tag.unit,
    'from', p_from,
    'until', p_until,
    'resolution', v_resolution,
    'at', v_answer -> 'at',
    'values', v_answer -> 'values',
    'low', v_answer -> 'low',
    'high', v_answer -> 'high',
    'mean', v_answer -> 'mean',
    'count', v_answer -> 'count',
    'bad', v_answer -> 'bad',
    'qualities', v_answer -> 'qualities'
  );
end;
$$;

comment on function public.tag_history(text, text, text, timestamptz, timestamptz, text, timestamptz) is
  'What a tag was in a span, as one document: its samples (raw), its minutes, or what suits the span (auto). Refuses more '
  'than 200,000 points. p_now is ignored.';

revoke all on function public.tag_history(text, text, text, timestamptz, timestamptz, text, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.tag_history(text, text, text, timestamptz, timestamptz, text, timestamptz)
to authenticated, service_role;
