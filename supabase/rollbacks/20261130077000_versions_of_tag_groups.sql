-- Takes the versions of groups away again.

set lock_timeout = '2s';

drop function public.changed_tag_groups(uuid, jsonb);

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

drop trigger note_deleted_tags on public.tags;
drop trigger note_changed_tags on public.tags;
drop trigger note_added_tags on public.tags;
drop function public.note_changed_tags();

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
  return new;
end;
$$;

comment on function public.stamp_tag_group() is 'Notes who changed a group, and stops one that is removed.';

alter table public.tag_groups drop column version;
