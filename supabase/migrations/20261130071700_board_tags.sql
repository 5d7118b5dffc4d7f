-- The page of machine tags asks every two seconds while it is open: for groups, queues, commands and the newest values. That were three calls, and their
-- answers are of three instants. How a group does stays in tag_status, and what its tags are in tag_values.
-- New functions: the old code keeps working.

create function public.tag_group_hour(p_group_id integer, p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'from', min(minute.at),
    'minutes', 60,
    'samples', jsonb_agg(coalesce(polled.samples, 0) order by minute.at),
    'bad', jsonb_agg(coalesce(polled.bad, 0) order by minute.at),
    'read_ms', jsonb_agg(polled.read_ms order by minute.at)
  )
  from (
    -- The present minute is not over.
    select date_trunc('minute', p_now) - n * interval '1 minute' as at from generate_series(1, 60) as n
  ) as minute
  left join (
    select
      date_bin('1 minute', s.slot, '2000-01-01 00:00+00') as at,
      count(*) as samples,
      count(*) filter (where s.quality <> 0) as bad,
      round(avg(s.read_ms), 1) as read_ms
    from public.tag_samples as s
    where s.group_id = p_group_id
    and s.slot >= date_trunc('minute', p_now) - interval '60 minutes'
    and s.slot < date_trunc('minute', p_now)
    group by 1
  ) as polled on polled.at = minute.at;
$$;

comment on function public.tag_group_hour(integer, timestamptz) is
  'How a group of tags was read in each of the last 60 whole minutes: samples, those of them without a value, and how long a read took (milliseconds).';

revoke all on function public.tag_group_hour(integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.tag_group_hour(integer, timestamptz) to authenticated, service_role;

create function public.board_tags(p_plant text, p_with_history boolean default true, p_now timestamptz default null)
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
  v_plant constant jsonb := public.board_plant(p_plant);
  v_groups jsonb;
  v_values jsonb;
begin
  if v_plant is null then
    return jsonb_build_object('now', v_now, 'plant', null);
  end if;
  v_groups := public.tag_status(p_plant, v_now)::jsonb -> 'groups';
  select jsonb_object_agg(newest.content ->> 'group', newest.content) into v_values
  from jsonb_array_elements(public.tag_values(p_plant, null, v_now)::jsonb -> 'groups') as newest (content);

  return jsonb_build_object(
    'now', v_now,
    'plant', v_plant,
    'may_command', public.signs_for(p_plant),
    'groups', coalesce((
      select jsonb_agg(
        known.content - '{plant,first_slot,until_slot,lease_expires_at,has_successor}'::text[] || jsonb_build_object(
          -- A burst is heard of every two seconds, and relieved by the next one within a minute and a half.
          'stale_after', case when known.content ->> 'state' not in ('stopped', 'waiting')
            then (known.content ->> 'flushed_at')::timestamptz + interval '90 seconds'
          end,
          'command', command.content,
          'sample', case when sample.content ->> 'slot' is not null then jsonb_build_object(
            'at', sample.content -> 'slot', 'quality', sample.content -> 'quality', 'read_ms', sample.content -> 'read_ms'
          ) end,
          'tags', sample.content -> 'tags'
        ) || case
          when p_with_history then jsonb_build_object('history', public.tag_group_hour((known.content ->> 'id')::integer, v_now))
          else '{}'
        end
        order by known.content ->> 'name'
      )
      from jsonb_array_elements(v_groups) as known (content)
      cross join lateral (select v_values -> (known.content ->> 'name') as content) as sample
      left join lateral (
        select jsonb_build_object(
          'id', one.id,
          'kind', one.kind,
          'requested_at', one.requested_at,
          'requested_by', coalesce(one.requested_by_name, one.requested_by::text),
          'heard_at', one.heard_at,
          'done_at', one.done_at
        ) as content
        from public.tag_commands as one
        where one.plant = p_plant and (one.group_id is null or one.group_id = (known.content ->> 'id')::integer)
        order by one.requested_at desc, one.id desc
        limit 1
      ) as command on true
    ), '[]')
  );
end;
$$;

comment on function public.board_tags(text, boolean, timestamptz) is
  'The page of a plant''s machine tags: each group with its state, queue, newest command and newest values, and how the last hour went if it is asked for.';

revoke all on function public.board_tags(text, boolean, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.board_tags(text, boolean, timestamptz) to authenticated, service_role;
