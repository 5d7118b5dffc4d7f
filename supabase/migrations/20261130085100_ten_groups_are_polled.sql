-- An import of 13 active groups was taken without a word, and so was a manager's row, but bursts poll ten groups of a plant: three
-- were refused to each burst from then on. Now an import refuses those groups line by line, and a manager's row is refused like a
-- start. How many there may be stands once. The service may still write rows as it likes. Nothing changes for old code: it shows
-- what an import says.

set lock_timeout = '2s';

create function public.most_polled_groups()
returns integer
language plpgsql
-- Neither immutable nor SQL: a plan that has its value in it would ask nobody's rights.
stable
security invoker
set search_path = ''
as $$
begin
  return 10;
end;
$$;

comment on function public.most_polled_groups() is 'How many groups of a plant are polled side by side: as many as one burst can.';

create function public.activate_imported(p_plant text, p_groups jsonb, p_tags jsonb, p_gone text[])
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  with wanted as (
    select
      told.one,
      told.place,
      known.id is null and told.one ->> 'active' is null as is_open,
      coalesce((told.one ->> 'active')::boolean, known.active, true) as is_active,
      coalesce(known.active and public.is_polled(known), false) as was_polled,
      exists (
        select 1 from jsonb_array_elements(p_tags) as tag
        where tag ->> 'group' = told.one ->> 'name' and tag ->> 'role' = 'value'
      ) and (
        told.one ->> 'mode' = 'fixed'
        or exists (
          select 1 from jsonb_array_elements(p_tags) as tag
          where tag ->> 'group' = told.one ->> 'name' and tag ->> 'role' = 'trigger'
        )
      ) as is_polled
    from jsonb_array_elements(p_groups) with ordinality as told (one, place)
    left join public.tag_groups as known on known.id = (told.one ->> 'id')::integer
  ),
  others as (
    select count(*) as number
    from public.tag_groups as g
    where g.plant = p_plant
    and g.active
    and g.name <> all (p_gone)
    and not exists (select 1 from jsonb_array_elements(p_groups) as told where told ->> 'name' = g.name)
    and public.is_polled(g)
  ),
  -- What is polled stays so; what the import says comes before what it leaves open.
  placed as (
    select
      wanted.*,
      case when wanted.is_active and wanted.is_polled then others.number + row_number() over (
        partition by wanted.is_active and wanted.is_polled
        order by wanted.was_polled desc, wanted.is_open, wanted.place
      ) else 0 end > public.most_polled_groups() as is_beyond
    from wanted
    cross join others
  )
  select coalesce(jsonb_agg(
    placed.one || jsonb_build_object(
      'active', case when placed.is_open then to_jsonb(not placed.is_beyond) else placed.one -> 'active' end,
      'is_too_many', placed.is_beyond and not placed.is_open and not placed.was_polled
    ) order by placed.place
  ), '[]')
  from placed;
$$;

comment on function public.activate_imported(text, jsonb, jsonb, text[]) is
  'Returns the groups of an import, with `active` where it is left open (as long as there is room), and `is_too_many` for those '
  'that the import would have polled beyond most_polled_groups().';

create or replace function public.import_tags(p_import jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_plant constant text := p_import ->> 'plant';
  v_is_preview constant boolean := coalesce((p_import ->> 'is_preview')::boolean, false);
  v_gone constant text[] := array(
    select normalize(btrim(one), nfc) from jsonb_array_elements_text(coalesce(p_import -> 'removed_groups', '[]')) as one
  );
  v_groups jsonb;
  v_tags jsonb;
  v_errors jsonb;
  v_changes jsonb;
begin
  -- Bursts wait behind this lock. Whoever may import nothing is refused by Row Level Security, and holds up nobody.
  if not v_is_preview and (
    current_user <> 'authenticated'
    or exists (
      select 1
      from public.plant_members as m
      where m.user_id = (select auth.uid()) and m.role = 'manager' and m.plant in (v_plant, '*')
    )
  ) then
    perform pg_advisory_xact_lock(hashtextextended('tag groups of ' || v_plant, 0));
  end if;

  select coalesce(jsonb_agg(jsonb_build_object(
    'place', g.place,
    'name', normalize(btrim(g.name), nfc),
    'id', known.id,
    'was_removed', known.removed_at is not null,
    'mode', coalesce(g.mode, 'fixed'),
    'interval_ms', coalesce(g.interval_ms, 1000),
    'address', g.address,
    'credentials', g.credentials,
    'active', g.active,
    'number', jsonb_array_length(coalesce(g.tags, '[]')),
    'before', case when known.removed_at is null and known.id is not null then jsonb_build_object(
      'mode', known.mode, 'interval_ms', known.interval_ms, 'address', known.address,
      'credentials', known.credentials, 'active', known.active
    ) end
  ) order by g.place), '[]') into v_groups
  from rows from (jsonb_to_recordset(p_import -> 'groups') as (
    name text, mode text, interval_ms integer, address text, credentials text, active boolean, tags jsonb
  )) with ordinality as g (name, mode, interval_ms, address, credentials, active, tags, place)
  left join public.tag_groups as known on known.plant = v_plant and known.name = normalize(btrim(g.name), nfc);

  select coalesce(jsonb_agg(jsonb_build_object(
    'group_place', g.place,
    'group', normalize(btrim(g.name), nfc),
    'place', tag.place,
    'name', normalize(btrim(tag.name), nfc),
    'address', tag.address,
    'data_type', tag.data_type,
    'length', coalesce(tag.length, 0),
    'order', tag."order",
    'scale', coalesce(tag.scale, 1),
    'offset', coalesce(tag."offset", 0),
    'unit', tag.unit,
    'role', coalesce(tag.role, 'value')
  ) order by g.place, tag.place), '[]') into v_tags
  from rows from (jsonb_to_recordset(p_import -> 'groups') as (name text, tags jsonb))
    with ordinality as g (name, tags, place)
  cross join lateral rows from (jsonb_to_recordset(coalesce(g.tags, '[]')) as (
    name text, address text, data_type text, length integer, "order" text, scale double precision,
    "offset" double precision, unit text, role text
  )) with ordinality as tag (name, address, data_type, length, "order", scale, "offset", unit, role, place);

  v_groups := public.activate_imported(v_plant, v_groups, v_tags, v_gone);

  select jsonb_agg(jsonb_build_object('group', wrong."group", 'tag', wrong.tag, 'reason', wrong.reason)) into v_errors
  from (
    select g.name as "group", null as tag, reason.told as reason
    from jsonb_to_recordset(v_groups) as g (
      place integer, name text, mode text, interval_ms integer, address text, number integer, is_too_many boolean
    )
    cross join lateral (
      values
        (case when coalesce(g.name, '') = '' then 'a group has a name' end),
        (case when g.place > (
          select min(other.place) from jsonb_to_recordset(v_groups) as other (place integer, name text)
          where other.name = g.name
        ) then 'it is in the import twice' end),
        (case when g.mode not in ('fixed', 'handshake') then 'its mode is fixed or handshake' end),
        (case when g.interval_ms not between 200 and 3600000
          then 'its interval is 200 ms to an hour (3,600,000 ms)' end),
        (case when coalesce(split_part(g.address, '://', 1), '') not in ('modbus', 'opc.tcp', 's7', 'slmp', 'enip')
          then 'its address begins with modbus://, opc.tcp://, s7://, slmp:// or enip://' end),
        (case when g.is_too_many then format(
          'a plant polls %s groups at most: import it with is_active no, or stop or remove another group',
          public.most_polled_groups()
        ) end),
        (case when g.number > 500 then 'it has more than 500 tags: make another group' end),
        (case when g.name = any (v_gone) then 'it is imported and removed at the same time' end)
    ) as reason (told)
    union all
    select tag."group", tag.name, reason.told
    from jsonb_to_recordset(v_tags) as tag (
      group_place integer, "group" text, place integer, name text, address text, data_type text, role text
    )
    cross join lateral (
      values
        (case when coalesce(tag.name, '') = '' then 'a tag has a name' end),
        (case when coalesce(btrim(tag.address), '') = '' then 'a tag has an address' end),
        (case when coalesce(tag.data_type, '') not in (
          'bool', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64', 'string'
        ) then 'its data type is unknown' end),
        (case when tag.role not in ('value', 'trigger', 'acknowledge')
          then 'its role is value, trigger or acknowledge' end),
        (case when tag.role in ('trigger', 'acknowledge') and tag.data_type <> 'bool'
          then 'a trigger and an acknowledgement are bits: bool' end),
        (case when tag.place > (
          select min(other.place)
          from jsonb_to_recordset(v_tags) as other (group_place integer, place integer, name text)
          where other.group_place = tag.group_place and other.name = tag.name
        ) then 'it is in the group twice' end),
        (case when tag.role <> 'value' and tag.place > (
          select min(other.place)
          from jsonb_to_recordset(v_tags) as other (group_place integer, place integer, role text)
          where other.group_place = tag.group_place and other.role = tag.role
        ) then 'a group has one trigger and one acknowledgement' end),
        (case when tag.role = 'acknowledge' and not exists (
          select 1
          from jsonb_to_recordset(v_tags) as other (group_place integer, role text)
          where other.group_place = tag.group_place and other.role = 'trigger'
        ) then 'without a trigger there is nothing to acknowledge' end)
    ) as reason (told)
    union all
    select gone.name, null, 'it is not there'
    from unnest(v_gone) as gone (name)
    where not exists (
      select 1 from public.tag_groups as g where g.plant = v_plant and g.name = gone.name and g.removed_at is null
    )
  ) as wrong
  where wrong.reason is not null;

  -- What changes, before anything does. A group that is stopped stays so if the import does not say otherwise.
  select coalesce(jsonb_agg(change), '[]') into v_changes
  from (
    select jsonb_build_object(
      'group', g.name,
      'tag', null,
      'change', case
        when g.before is null then 'added'
        when g.before <> jsonb_build_object(
          'mode', g.mode, 'interval_ms', g.interval_ms, 'address', g.address, 'credentials', g.credentials,
          'active', coalesce(g.active, (g.before ->> 'active')::boolean)
        ) then 'changed'
        else 'unchanged'
      end
    ) as change
    from jsonb_to_recordset(v_groups) as g (
      name text, mode text, interval_ms integer, address text, credentials text, active boolean, before jsonb
    )
    union all
    select jsonb_build_object(
      'group', tag."group",
      'tag', tag.name,
      'change', case
        when known.id is null or known.removed_at is not null then 'added'
        when (
          known.address, known.data_type, known.length, known.byte_order, known.scale, known.shift_by, known.unit, known.role
        ) is distinct from (
          tag.address, tag.data_type, tag.length, tag."order", tag.scale, tag."offset", tag.unit, tag.role
        ) then 'changed'
        else 'unchanged'
      end
    )
    from jsonb_to_recordset(v_tags) as tag (
      "group" text, name text, address text, data_type text, length integer, "order" text, scale double precision,
      "offset" double precision, unit text, role text
    )
    left join public.tag_groups as g on g.plant = v_plant and g.name = tag."group"
    left join public.tags as known on known.group_id = g.id and known.name = tag.name
    union all
    select jsonb_build_object('group', g.name, 'tag', known.name, 'change', 'removed')
    from jsonb_to_recordset(v_groups) as g (id integer, name text)
    join public.tags as known on known.group_id = g.id and known.removed_at is null
    where not exists (
      select 1 from jsonb_to_recordset(v_tags) as tag ("group" text, name text)
      where tag."group" = g.name and tag.name = known.name
    )
    union all
    select jsonb_build_object('group', gone.name, 'tag', null, 'change', 'removed')
    from unnest(v_gone) as gone (name)
  ) as told;

  if v_errors is null and not v_is_preview then
    perform public.apply_tag_import(v_plant, v_groups, v_tags, v_gone, v_now);
  end if;

  return jsonb_build_object(
    'answer', case when v_errors is not null then 'refused' when v_is_preview then 'preview' else 'imported' end,
    'errors', coalesce(v_errors, '[]'),
    'changes', v_changes,
    'added', (select count(*) from jsonb_array_elements(v_changes) as c where c ->> 'change' = 'added'),
    'changed', (select count(*) from jsonb_array_elements(v_changes) as c where c ->> 'change' = 'changed'),
    'removed', (select count(*) from jsonb_array_elements(v_changes) as c where c ->> 'change' = 'removed'),
    'unchanged', (select count(*) from jsonb_array_elements(v_changes) as c where c ->> 'change' = 'unchanged'),
    -- Groups of the import that are there and not polled: perhaps ten others are.
    'inactive', (
      select coalesce(jsonb_agg(g.name order by g.name), '[]')
      from public.tag_groups as g
      join jsonb_to_recordset(v_groups) as wanted (name text) on wanted.name = g.name
      where g.plant = v_plant and not g.active
    )
  );
end;
$$;

create or replace function public.apply_tag_import(
  p_plant text, p_groups jsonb, p_tags jsonb, p_gone text[], p_now timestamptz
)
returns boolean
language plpgsql
security invoker
set search_path = ''
as $$
begin
  update public.tag_groups as g
  set removed_at = p_now
  where g.plant = p_plant and g.name = any (p_gone) and g.removed_at is null;

  update public.tag_groups as g
  set
    mode = wanted.mode,
    interval_ms = wanted.interval_ms,
    address = wanted.address,
    credentials = wanted.credentials,
    active = coalesce(wanted.active, g.active),
    removed_at = null
  from jsonb_to_recordset(p_groups) as wanted (
    id integer, mode text, interval_ms integer, address text, credentials text, active boolean
  )
  where g.id = wanted.id
  and (
    g.removed_at is not null
    or (g.mode, g.interval_ms, g.address, g.credentials, g.active)
    is distinct from
    (wanted.mode, wanted.interval_ms, wanted.address, wanted.credentials, coalesce(wanted.active, g.active))
  );

  insert into public.tag_groups (plant, name, mode, interval_ms, address, credentials, active)
  select
    p_plant, wanted.name, wanted.mode, wanted.interval_ms, wanted.address, wanted.credentials,
    coalesce(wanted.active, false)
  from jsonb_to_recordset(p_groups) as wanted (
    place integer, id integer, name text, mode text, interval_ms integer, address text, credentials text, active boolean
  )
  where wanted.id is null
  order by wanted.place;

  update public.tags as tag
  set removed_at = p_now
  from jsonb_to_recordset(p_groups) as wanted (name text)
  join public.tag_groups as g on g.plant = p_plant and g.name = wanted.name
  where tag.group_id = g.id
  and tag.removed_at is null
  and not exists (
    select 1 from jsonb_to_recordset(p_tags) as named ("group" text, name text)
    where named."group" = g.name and named.name = tag.name
  );

  -- A role that goes from one tag to another is nobody's for a moment.
  update public.tags as tag
  set role = 'value'
  from jsonb_to_recordset(p_tags) as named ("group" text, name text, role text)
  join public.tag_groups as g on g.plant = p_plant and g.name = named."group"
  where tag.group_id = g.id and tag.name = named.name and tag.role <> 'value' and tag.role <> named.role;

  -- One that comes back takes its old position, because its row was kept.
  update public.tags as tag
  set
    address = named.address,
    data_type = named.data_type,
    length = named.length,
    byte_order = named."order",
    scale = named.scale,
    shift_by = named."offset",
    unit = named.unit,
    role = named.role,
    removed_at = null
  from jsonb_to_recordset(p_tags) as named (
    "group" text, name text, address text, data_type text, length integer, "order" text, scale double precision,
    "offset" double precision, unit text, role text
  )
  join public.tag_groups as g on g.plant = p_plant and g.name = named."group"
  where tag.group_id = g.id
  and tag.name = named.name
  and (
    tag.removed_at is not null
    or (tag.address, tag.data_type, tag.length, tag.byte_order, tag.scale, tag.shift_by, tag.unit, tag.role)
    is distinct from
    (named.address, named.data_type, named.length, named."order", named.scale, named."offset", named.unit, named.role)
  );

  insert into public.tags (group_id, name, address, data_type, length, byte_order, scale, shift_by, unit, role)
  select
    g.id, named.name, named.address, named.data_type, named.length, named."order", named.scale, named."offset", named.unit,
    named.role
  from jsonb_to_recordset(p_tags) as named (
    "group" text, place integer, name text, address text, data_type text, length integer, "order" text,
    scale double precision, "offset" double precision, unit text, role text
  )
  join public.tag_groups as g on g.plant = p_plant and g.name = named."group"
  where not exists (select 1 from public.tags as known where known.group_id = g.id and known.name = named.name)
  order by g.id, named.place;
  return true;
end;
$$;

create or replace function public.apply_tag_command()
returns trigger
language plpgsql
-- Operators may not change groups, only start and stop them. Row Level Security has let the row in before this runs.
security definer
set search_path = ''
as $$
declare
  v_most constant integer := public.most_polled_groups();
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

create function public.refuse_eleventh_group()
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

comment on function public.refuse_eleventh_group() is
  'Refuses what a person changes if more groups of the plant would be polled than can be.';

-- At the end of a transaction, because a group gets its tags after its row.
create constraint trigger refuse_eleventh_group after insert or update of active, mode on public.tag_groups
deferrable initially deferred
for each row when (new.active) execute function public.refuse_eleventh_group();

create constraint trigger refuse_eleventh_group after insert or update of role, removed_at on public.tags
deferrable initially deferred
for each row when (new.removed_at is null and new.role <> 'acknowledge') execute function public.refuse_eleventh_group();

revoke all on function public.most_polled_groups() from public, anon, authenticated, service_role;
revoke all on function public.activate_imported(text, jsonb, jsonb, text[]) from public, anon, authenticated, service_role;
revoke all on function public.refuse_eleventh_group() from public, anon, authenticated, service_role;
grant execute on function public.most_polled_groups() to authenticated, service_role;
grant execute on function public.activate_imported(text, jsonb, jsonb, text[]) to authenticated, service_role;
-- An import of a manager counts with it.
grant execute on function public.is_polled(public.tag_groups) to authenticated;
