-- Counts the groups of the plant for each row again.

set lock_timeout = '2s';

create or replace function public.refuse_eleventh_group()
returns trigger
language plpgsql
-- It counts groups as bursts do, whatever its caller may see.
security definer
set search_path = ''
as $$
declare
  v_group public.tag_groups;
  v_polled integer;
begin
  -- The service's own calls say it before they write.
  if (select auth.uid()) is null then
    return null;
  end if;

  select g.* into v_group
  from public.tag_groups as g
  where g.id = (to_jsonb(new) ->> case tg_table_name when 'tags' then 'group_id' else 'id' end)::integer;
  if not coalesce(v_group.active and public.is_polled(v_group), false) then
    return null;
  end if;

  -- How many groups of the plant are polled is counted by one at a time.
  perform pg_advisory_xact_lock(hashtextextended('tag groups of ' || v_group.plant, 0));
  select count(*) into v_polled
  from public.tag_groups as g
  where g.plant = v_group.plant and g.active and public.is_polled(g);
  if v_polled > public.most_polled_groups() then
    raise exception '% would poll % groups and can poll %: add % with active = false, or stop another group first',
      v_group.plant, v_polled, public.most_polled_groups(), v_group.name
      using errcode = 'PT409';
  end if;
  return null;
end;
$$;
