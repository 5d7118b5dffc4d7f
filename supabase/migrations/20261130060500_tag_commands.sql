-- Operators could not start or stop the polling. A row in tag_commands does it, under Row Level Security; what cannot be is
-- refused in words. New functions: old code is not touched.

set lock_timeout = '2s';

create function public.apply_tag_command()
returns trigger
language plpgsql
-- Operators may not change groups, only start and stop them. Row Level Security has let the row in before this runs.
security definer
set search_path = ''
as $$
declare
  -- As many as one burst polls side by side (claim_tag_groups).
  v_most constant integer := 10;
  v_groups public.tag_groups[];
  v_changed integer[];
  v_polled integer;
begin
  -- How many groups of the plant are polled is counted by one at a time.
  perform pg_advisory_xact_lock(hashtextextended('tag groups of ' || new.plant, 0));

  select array_agg(g order by g.id) into v_groups
  from public.tag_groups as g
  where g.plant = new.plant and g.removed_at is null and (new.group_id is null or g.id = new.group_id);
  if v_groups is null then
    raise exception '%', case
      when new.group_id is null then format('there are no groups of tags in %s', new.plant)
      else format('there is no group %s in %s', new.group_id, new.plant)
    end using errcode = 'P0001';
  end if;

  v_changed := array(select g.id from unnest(v_groups) as g where g.active <> (new.kind = 'start') order by g.id);
  if cardinality(v_changed) = 0 then
    raise exception '% %', case
      when new.group_id is null then format('all groups of %s are', new.plant)
      else format('the group %s of %s is', (v_groups[1]).name, new.plant)
    end, case new.kind when 'start' then 'active already' else 'stopped already' end using errcode = 'PT409';
  end if;

  if new.kind = 'start' then
    select count(*) into v_polled
    from public.tag_groups as g
    where g.plant = new.plant and (g.active or g.id = any (v_changed)) and public.is_polled(g);
    -- A group that waits for calls is none of them, so one of those can always be started.
    if v_polled > v_most and exists (
      select 1 from unnest(v_groups) as g where g.id = any (v_changed) and public.is_polled(g)
    ) then
      raise exception '% would poll % groups and can poll %: stop another group first', new.plant, v_polled, v_most
        using errcode = 'PT409';
    end if;
  end if;

  update public.tag_groups as g
  set active = new.kind = 'start'
  where g.id = any (v_changed);

  -- Where nobody polls, there is nothing to wait for.
  update public.tag_commands as command
  set done_at = new.requested_at
  where command.id = new.id
  and not exists (
    select 1
    from unnest(v_groups) as g
    where g.id = any (v_changed)
    and case new.kind
      when 'start' then public.is_polled(g)
      else exists (select 1 from public.live_tag_leases(g.id, new.requested_at))
    end
  );
  return null;
end;
$$;

comment on function public.apply_tag_command() is
  'Starts or stops what a row of tag_commands asks for; refuses an unknown group, what is so already, and an eleventh group.';

create trigger apply_tag_command after insert on public.tag_commands
for each row execute function public.apply_tag_command();

revoke all on function public.apply_tag_command() from public, anon, authenticated, service_role;
