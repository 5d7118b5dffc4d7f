-- Lets a text that was stored before its tag became a number fail the values of a plant again.

set lock_timeout = '2s';

create or replace function public.tag_values(p_plant text, p_group text default null, p_now timestamptz default null)
returns json
language sql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
set jit = off
as $$
  select json_build_object('at', coalesce(p_now, clock_timestamp()), 'groups', coalesce(json_agg(json_build_object(
    'group', g.name,
    'slot', newest.slot,
    'quality', newest.quality,
    'read_ms', newest.read_ms,
    'tags', (
      select coalesce(json_agg(json_build_object(
        'name', tag.name,
        'unit', tag.unit,
        'value', case
          when newest.texts ? tag.position::text then case tag.data_type
            when 'string' then to_json(newest.texts ->> tag.position::text)
            else (newest.texts ->> tag.position::text)::json
          end
          when newest.wide_values[tag.position] is not null then to_json(newest.wide_values[tag.position])
          when tag.data_type = 'bool' then to_json(newest."values"[tag.position] <> 0)
          else to_json(newest."values"[tag.position])
        end,
        'quality', coalesce((newest.qualities ->> tag.position::text)::smallint, newest.quality)
      ) order by tag.position), '[]')
      from public.tags as tag
      where tag.group_id = g.id and tag.role = 'value' and tag.removed_at is null
    )
  ) order by g.name), '[]'))
  from public.tag_groups as g
  left join lateral (
    select s.*
    from public.tag_samples as s
    where s.group_id = g.id
    order by s.slot desc
    limit 1
  ) as newest on true
  where g.plant = p_plant and (p_group is null or g.name = p_group) and g.removed_at is null;
$$;
