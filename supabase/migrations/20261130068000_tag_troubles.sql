-- Health could not see whether groups of tags are read: a run says how its burst went, and not that nobody polls a group.
-- New function: old code is not touched.

set lock_timeout = '2s';

create function public.tag_troubles(p_now timestamptz default null)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set statement_timeout = '4s'
set jit = off
as $$
  with now as (select coalesce(p_now, clock_timestamp()) as at),
  held as materialized (
    select distinct lease.group_id
    from public.tag_leases as lease
    cross join now
    where lease.ended_at is null
    and lease.expires_at > now.at
    and (lease.until_slot is null or lease.until_slot > now.at)
  )
  -- Only what may fire: thousands of groups that do well take no time.
  select jsonb_build_object('at', now.at, 'groups', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'plant', g.plant,
      'name', g.name,
      'failing_since', case when held.group_id is not null then s.failing_since end,
      'error_code', s.last_error_code,
      'error', left(s.last_error, 300),
      'queue_highest', s.queue_highest,
      'queue_limit', s.queue_limit,
      'dropped_at', s.dropped_at,
      'dropped_count', s.dropped_count,
      'unheard_since', case when held.group_id is null then greatest(s.flushed_at, g.updated_at) end
    ) order by g.plant, g.name), '[]')
    from public.tag_groups as g
    left join held on held.group_id = g.id
    left join public.tag_states as s on s.group_id = g.id
    where g.active
    and (
      g.mode = 'fixed'
      -- A group that waits for a call is polled by nobody.
      or exists (
        select 1 from public.tags as tag where tag.group_id = g.id and tag.role = 'trigger' and tag.removed_at is null
      )
    )
    and (
      held.group_id is null
      or s.failing_since is not null
      or s.queue_highest * 10 >= s.queue_limit
      or s.dropped_at > now.at - interval '1 day'
    )
  ))
  from now;
$$;

comment on function public.tag_troubles(timestamptz) is
  'Active groups of tags that fail, that nobody polls, that have a tenth of their queue full, or that dropped samples within a '
  'day: what alerts are made of.';

revoke all on function public.tag_troubles(timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.tag_troubles(timestamptz) to service_role;
