-- A burst reads the table of tags when it claims a group, and went on with that for as long as it polled: at the edge until somebody
-- restarted it. Now a group has a version, which every change of it or of its tags raises, and a claim brings it: what a burst
-- tells back can be compared. For old code nothing changes: it does not look at the version.

set lock_timeout = '2s';

alter table public.tag_groups add column version integer not null default 1;

comment on column public.tag_groups.version is
  'Raised by each change of how the group is read, and of its tags; whoever polls with another one claims it anew.';

create or replace function public.stamp_tag_group()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  new.updated_at := clock_timestamp();
  new.updated_by := (select auth.uid());
  -- Nobody polls what is removed.
  if new.removed_at is not null then
    new.active := false;
  end if;
  if tg_op = 'UPDATE'
    and (new.mode, new.interval_ms, new.address, new.credentials)
    is distinct from (old.mode, old.interval_ms, old.address, old.credentials)
  then
    new.version := old.version + 1;
  end if;
  return new;
end;
$$;

comment on function public.stamp_tag_group() is
  'Notes who changed a group, raises its version, and stops one that is removed.';

-- Managers change tags, and may not set a version.
create function public.note_changed_tags()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  update public.tag_groups as g
  set version = g.version + 1
  where g.id in (select changed.group_id from changed);
  return null;
end;
$$;

comment on function public.note_changed_tags() is 'Raises the versions of the groups whose tags were added, changed or deleted.';

revoke all on function public.note_changed_tags() from public, anon, authenticated, service_role;

create trigger note_added_tags
after insert on public.tags
referencing new table as changed
for each statement execute function public.note_changed_tags();

create trigger note_changed_tags
after update on public.tags
referencing new table as changed
for each statement execute function public.note_changed_tags();

create trigger note_deleted_tags
after delete on public.tags
referencing old table as changed
for each statement execute function public.note_changed_tags();

create or replace function public.tag_group_as_json(p_group public.tag_groups)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'id', p_group.id,
    'plant', p_group.plant,
    'name', p_group.name,
    'mode', p_group.mode,
    'interval_ms', p_group.interval_ms,
    'address', p_group.address,
    'driver', p_group.driver,
    'credentials', p_group.credentials,
    'active', p_group.active,
    'version', p_group.version,
    'updated_at', p_group.updated_at,
    'tags', coalesce(
      jsonb_agg(public.tag_as_json(tag) order by tag.position) filter (where tag.role = 'value'), '[]'
    ),
    'trigger_tag', (jsonb_agg(public.tag_as_json(tag)) filter (where tag.role = 'trigger')) -> 0,
    -- Without a trigger there is nothing to acknowledge.
    'acknowledge_tag', case when bool_or(tag.role = 'trigger')
      then (jsonb_agg(public.tag_as_json(tag)) filter (where tag.role = 'acknowledge')) -> 0
    end
  )
  from (select 1) as always
  left join public.tags as tag on tag.group_id = p_group.id and tag.removed_at is null;
$$;

create function public.changed_tag_groups(p_holder uuid, p_states jsonb)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(jsonb_agg(g.id order by g.id), '[]')
  from jsonb_to_recordset(p_states) as told (g integer, version integer)
  join public.tag_groups as g on g.id = told.g and g.version <> told.version
  join public.tag_leases as lease on lease.group_id = g.id and lease.holder = p_holder and lease.ended_at is null;
$$;

comment on function public.changed_tag_groups(uuid, jsonb) is
  'Groups that a holder polls as they were before somebody changed them or their tags.';

revoke all on function public.changed_tag_groups(uuid, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.changed_tag_groups(uuid, jsonb) to service_role;
