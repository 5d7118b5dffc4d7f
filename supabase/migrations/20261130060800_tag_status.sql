-- Nobody could see how the polling goes, what the tags are now, or which there are. New functions: old code is not touched.

set lock_timeout = '2s';

create function public.tag_status(p_plant text default null, p_now timestamptz default null)
returns json
language sql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
set jit = off
as $$
  with now as (select coalesce(p_now, clock_timestamp()) as at),
  live as materialized (
    select
      lease.group_id,
      min(lease.first_slot) as first_slot,
      (array_agg(lease.runner order by lease.first_slot))[1] as runner,
      (array_agg(lease.until_slot order by lease.first_slot))[1] as until_slot,
      (array_agg(lease.expires_at order by lease.first_slot))[1] as expires_at,
      bool_or(lease.began_at is not null) as has_begun,
      count(*) > 1 as has_successor
    from public.tag_leases as lease
    cross join now
    where lease.ended_at is null
    and lease.expires_at > now.at
    and (lease.until_slot is null or lease.until_slot > now.at)
    group by lease.group_id
  ),
  counted as materialized (
    select
      tag.group_id,
      count(*) filter (where tag.role = 'value') as tags,
      bool_or(tag.role = 'trigger') as has_trigger
    from public.tags as tag
    where tag.removed_at is null
    group by tag.group_id
  )
  select json_build_object('at', now.at, 'groups', (
    select coalesce(json_agg(json_build_object(
      'id', g.id,
      'plant', g.plant,
      'name', g.name,
      'mode', g.mode,
      'interval_ms', g.interval_ms,
      'driver', g.driver,
      'address', g.address,
      'active', g.active,
      'tag_count', coalesce(counted.tags, 0),
      'state', case
        when not g.active then 'stopped'
        when g.mode = 'handshake' and not coalesce(counted.has_trigger, false) then 'waiting'
        when live.group_id is null then case
          -- The next burst comes within a minute.
          when g.updated_at > now.at - interval '90 seconds' then 'starting'
          else 'missing'
        end
        when not live.has_begun then 'starting'
        when s.state = 'failing' then 'failing'
        else 'polling'
      end,
      'runner', coalesce(live.runner, s.runner),
      'first_slot', live.first_slot,
      'until_slot', live.until_slot,
      'lease_expires_at', live.expires_at,
      'has_successor', coalesce(live.has_successor, false),
      'flushed_at', s.flushed_at,
      'last_poll_at', s.last_poll_at,
      'last_good_at', s.last_good_at,
      'success_count', coalesce(s.success_count, 0),
      'error_count', coalesce(s.error_count, 0),
      'last_error_code', s.last_error_code,
      'last_error', s.last_error,
      'last_error_at', s.last_error_at,
      'failing_since', s.failing_since,
      'queue_length', s.queue_length,
      'queue_highest', s.queue_highest,
      'queue_limit', s.queue_limit,
      'dropped_count', coalesce(s.dropped_count, 0),
      'dropped_at', s.dropped_at,
      'jitter_ms', s.jitter_ms,
      'read_ms', s.read_ms,
      'cpu_percent', s.cpu_percent,
      'memory_mb', s.memory_mb
    ) order by g.plant, g.name), '[]')
    from public.tag_groups as g
    left join counted on counted.group_id = g.id
    left join live on live.group_id = g.id
    left join public.tag_states as s on s.group_id = g.id
    where (p_plant is null or g.plant = p_plant) and g.removed_at is null
  ))
  from now;
$$;

comment on function public.tag_status(text, timestamptz) is
  'How each group of a plant (null = of all) does: polling, starting, failing, stopped, waiting (for a call), or missing '
  '(it is to be polled, and nobody does).';

create function public.tag_values(p_plant text, p_group text default null, p_now timestamptz default null)
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

comment on function public.tag_values(text, text, timestamptz) is
  'The newest sample of a plant''s groups, or of one, with the names of the tags; slot is null where there is none.';

create function public.tag_list(p_plant text default null, p_now timestamptz default null)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
as $$
  select jsonb_build_object('groups', coalesce(jsonb_agg(public.tag_group_as_json(g) order by g.plant, g.name), '[]'))
  from public.tag_groups as g
  where (p_plant is null or g.plant = p_plant) and g.removed_at is null;
$$;

comment on function public.tag_list(text, timestamptz) is
  'The groups of a plant (null = of all) with their tags, as import_tags takes them. p_now is ignored.';

revoke all on function public.tag_status(text, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.tag_values(text, text, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.tag_list(text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.tag_status(text, timestamptz) to authenticated, service_role;
grant execute on function public.tag_values(text, text, timestamptz) to authenticated, service_role;
grant execute on function public.tag_list(text, timestamptz) to service_role;
