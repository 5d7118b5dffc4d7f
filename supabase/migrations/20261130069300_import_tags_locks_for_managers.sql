-- Anybody with an account could hold up the bursts of any plant: an import takes the lock behind which groups are claimed before
-- anything says whether the caller may import, and may work for 30 s. Now only managers of the plant and the service take it.
-- Nothing changes for old code.

set lock_timeout = '2s';

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

  select jsonb_agg(jsonb_build_object('group', wrong."group", 'tag', wrong.tag, 'reason', wrong.reason)) into v_errors
  from (
    select g.name as "group", null as tag, reason.told as reason
    from jsonb_to_recordset(v_groups) as g (
      place integer, name text, mode text, interval_ms integer, address text, number integer
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
