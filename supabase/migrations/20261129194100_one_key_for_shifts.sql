-- Shifts and cost centers were compared letter by letter: Early and early over the same hours doubled a target, and so
-- did a second shift of another name. They get keys like assets. One shift with two targets at a time is refused, in
-- whatever spelling; another shift over the same hours may be meant, and is asked about.
-- Of rows that are one by their key the first keeps it; `plantpulse check` names the others, which count as before.
-- Works beside old code: names without a key get SQL's, and it does not look at questions.

set lock_timeout = '2s';

alter table public.cost_centers add column name_key text;

update public.cost_centers as kept
set name_key = ranked.key || case when ranked.place > 1 then chr(31) || kept.id else '' end
from (
  select
    one.id,
    public.fallback_key(one.name) as key,
    row_number() over (partition by one.plant, public.fallback_key(one.name) order by one.id) as place
  from public.cost_centers as one
) as ranked
where ranked.id = kept.id;

alter table public.cost_centers alter column name_key set not null;

alter table public.cost_centers add constraint cost_centers_name_key_key unique (plant, name_key);

comment on column public.cost_centers.name_key is
  'What name is compared by (normalise_key in plant/text.py), handed in with it.';

create trigger cost_centers_fill_name_key
before insert on public.cost_centers
for each row when (new.name_key is null)
execute function public.fill_name_key('name', 'name_key');

create trigger cost_centers_rename
before update of name on public.cost_centers
for each row when (new.name is distinct from old.name and new.name_key = old.name_key)
execute function public.fill_name_key('name', 'name_key');

alter table public.shift_targets add column shift_key text;

update public.shift_targets as kept
set shift_key = ranked.key || case when ranked.place > 1 then chr(31) || kept.id else '' end
from (
  select
    one.id,
    public.fallback_key(one.shift_name) as key,
    row_number() over (partition by one.asset_id, public.fallback_key(one.shift_name), one.valid_from order by one.id) as place
  from public.shift_targets as one
) as ranked
where ranked.id = kept.id;

alter table public.shift_targets alter column shift_key set not null;

alter table public.shift_targets add constraint shift_targets_shift_key_key unique (asset_id, shift_key, valid_from);

comment on column public.shift_targets.shift_key is
  'What shift_name is compared by (normalise_key in plant/text.py), handed in with it.';

create trigger shift_targets_fill_shift_key
before insert on public.shift_targets
for each row when (new.shift_key is null)
execute function public.fill_name_key('shift_name', 'shift_key');

create trigger shift_targets_rename
before update of shift_name on public.shift_targets
for each row when (new.shift_name is distinct from old.shift_name and new.shift_key = old.shift_key)
execute function public.fill_name_key('shift_name', 'shift_key');

create function public.weekly_minutes(p_starts_at time, p_ends_at time, p_days_of_week smallint[])
returns int4multirange
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  -- Minutes since Monday 00:00; the shift that crosses into Monday stands at both ends of the week.
  select range_agg(int4range(week.first, week.first + worked.minutes))
  from (
    select
      (extract(epoch from p_starts_at) / 60)::integer as first,
      ((extract(epoch from p_ends_at - p_starts_at) / 60)::integer + 1439) % 1440 + 1 as minutes
  ) as worked
  cross join unnest(p_days_of_week) as day (number)
  cross join lateral (
    select worked.first + (day.number - 1) * 1440 + shifted.by as first
    from (values (0), (-10080)) as shifted (by)
  ) as week
  where week.first + worked.minutes > 0;
$$;

comment on function public.weekly_minutes(time, time, smallint[]) is
  'When a shift is worked, in minutes since Monday 00:00, breaks included.';

revoke all on function public.weekly_minutes(time, time, smallint[]) from public, anon, authenticated, service_role;
grant execute on function public.weekly_minutes(time, time, smallint[]) to service_role;

-- Both an import and `plantpulse check` ask this; lines are those of the import, null for rows that are there.
create function public.shifts_at_once(p_wanted jsonb)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  with wanted as (
    select
      row.line, row.asset_id, row.shift_key, row.key ->> 'shift_name' as shift_name,
      daterange((row.key ->> 'valid_from')::date, (row.after ->> 'valid_until')::date) as days,
      public.weekly_minutes(
        (row.after ->> 'starts_at')::time, (row.after ->> 'ends_at')::time,
        array(select jsonb_array_elements_text(row.after -> 'days_of_week')::smallint)
      ) as minutes
    from jsonb_to_recordset(coalesce(p_wanted, '[]')) as row (
      line integer, asset_id bigint, shift_key text, key jsonb, after jsonb
    )
    where row.asset_id is not null
  ),
  every_target as (
    select wanted.* from wanted
    union all
    select
      null, kept.asset_id, kept.shift_key, kept.shift_name, daterange(kept.valid_from, kept.valid_until),
      public.weekly_minutes(kept.starts_at, kept.ends_at, kept.days_of_week)
    from public.shift_targets as kept
    where kept.asset_id in (select wanted.asset_id from wanted)
    and (kept.asset_id, kept.shift_key, kept.valid_from) not in (
      select wanted.asset_id, wanted.shift_key, lower(wanted.days) from wanted
    )
  )
  select jsonb_agg(jsonb_build_object(
    'line', wanted.line,
    'other_line', other.line,
    'message', format(
      'shift %s works at the same hours as shift %s%s: both targets count, added up',
      to_json(wanted.shift_name), to_json(other.shift_name), coalesce(' in line ' || other.line, '')
    )
  ) order by wanted.line, other.line)
  from wanted
  join every_target as other
    on other.asset_id = wanted.asset_id
    and other.shift_key <> wanted.shift_key
    and (other.line is null or other.line < wanted.line)
    and other.days && wanted.days
    and other.minutes && wanted.minutes;
$$;

comment on function public.shifts_at_once(jsonb) is
  'Questions about the shift targets of an import that hold at the hours of another shift of the asset; null without any.';

revoke all on function public.shifts_at_once(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.shifts_at_once(jsonb) to service_role;

create function public.doubtful_names()
returns jsonb
language sql
stable
security invoker
set search_path = ''
set statement_timeout = '10s'
as $$
  with twins as (
    select a.plant, 'asset' as kind, a.source_name as name, owner.source_name as other
    from public.assets as a
    join public.assets as owner on owner.plant = a.plant and owner.name_key = split_part(a.name_key, chr(31), 1)
    where position(chr(31) in a.name_key) > 0
    union all
    select c.plant, 'cost center', c.name, owner.name
    from public.cost_centers as c
    join public.cost_centers as owner
      on owner.plant = c.plant and owner.name_key = split_part(c.name_key, chr(31), 1)
    where position(chr(31) in c.name_key) > 0
  ),
  targets as (
    select
      a.plant, a.source_name, t.id, t.asset_id, t.shift_name, daterange(t.valid_from, t.valid_until) as days,
      public.weekly_minutes(t.starts_at, t.ends_at, t.days_of_week) as minutes
    from public.shift_targets as t
    join public.assets as a on a.id = t.asset_id
    -- An asset with one target has none at once, and most have few.
    where exists (select 1 from public.shift_targets as u where u.asset_id = t.asset_id and u.id <> t.id)
  ),
  found as (
    select twins.plant, format('%s %s is also %s', twins.kind, to_json(twins.name), to_json(twins.other)) as what
    from twins
    union all
    select one.plant, format(
      'asset %s has the targets of shifts %s and %s at the same hours',
      to_json(one.source_name), to_json(one.shift_name), to_json(other.shift_name)
    )
    from targets as one
    join targets as other
      on other.asset_id = one.asset_id and other.id > one.id
      and other.days && one.days and other.minutes && one.minutes
  )
  select jsonb_build_object(
    'count', count(*),
    'first', coalesce((
      select jsonb_agg(shown.plant || ': ' || shown.what)
      from (select found.plant, found.what from found order by found.plant, found.what limit 5) as shown
    ), '[]')
  )
  from found;
$$;

comment on function public.doubtful_names() is
  'Assets and cost centers that are one by their keys, and targets of one asset at the same hours: how many, and the first.';

revoke all on function public.doubtful_names() from public, anon, authenticated, service_role;
grant execute on function public.doubtful_names() to service_role;

create or replace function public.import_cost_centers(
  p_plant text, p_columns text[], p_rows jsonb, p_is_dry_run boolean
)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_wanted jsonb;
begin
  select jsonb_agg(jsonb_build_object(
    'line', given.line,
    'name_key', coalesce(given.name_key, public.fallback_key(given.name)),
    'key', jsonb_build_object('name', coalesce(existing.name, given.name)),
    'before', case when existing.id is not null then jsonb_build_object(
      'standard_hourly_rate', existing.standard_hourly_rate,
      'scrap_unit_cost', existing.scrap_unit_cost
    ) end,
    'after', jsonb_build_object(
      'standard_hourly_rate', given.standard_hourly_rate,
      'scrap_unit_cost', coalesce(
        case when 'scrap_unit_cost' = any (p_columns) then given.scrap_unit_cost else existing.scrap_unit_cost end, 0
      )
    )
  ))
  into v_wanted
  from jsonb_to_recordset(p_rows) as given (
    line integer, name text, standard_hourly_rate numeric, scrap_unit_cost numeric, name_key text
  )
  left join public.cost_centers as existing
    on existing.plant = p_plant and existing.name_key = coalesce(given.name_key, public.fallback_key(given.name));

  if not p_is_dry_run then
    insert into public.cost_centers as kept (plant, name, name_key, standard_hourly_rate, scrap_unit_cost)
    select
      p_plant,
      wanted.key ->> 'name',
      wanted.name_key,
      (wanted.after ->> 'standard_hourly_rate')::numeric,
      (wanted.after ->> 'scrap_unit_cost')::numeric
    from jsonb_to_recordset(coalesce(v_wanted, '[]')) as wanted (name_key text, key jsonb, after jsonb)
    on conflict (plant, name_key) do update set
      standard_hourly_rate = excluded.standard_hourly_rate,
      scrap_unit_cost = excluded.scrap_unit_cost
    where (kept.standard_hourly_rate, kept.scrap_unit_cost)
      is distinct from (excluded.standard_hourly_rate, excluded.scrap_unit_cost);
  end if;
  return public.import_answer(v_wanted, null);
end;
$$;

create or replace function public.import_assets(p_plant text, p_columns text[], p_rows jsonb, p_is_dry_run boolean)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_wanted jsonb;
  v_errors jsonb;
begin
  perform public.correct_asset_keys(p_plant, (
    select coalesce(jsonb_agg(jsonb_build_object('name', row.source_name, 'key', row.name_key)), '[]')
    from jsonb_to_recordset(p_rows) as row (source_name text, name_key text)
  ));

  select
    jsonb_agg(jsonb_build_object(
      'line', given.line,
      'name_key', given.name_key,
      'key', jsonb_build_object('source_name', coalesce(existing.source_name, given.source_name)),
      'before', case when existing.id is not null then jsonb_build_object(
        'name', existing.name,
        'area', existing.area,
        'cost_center', existing_center.name,
        'ideal_units_per_hour', existing.ideal_units_per_hour,
        'is_active', existing.is_active,
        'is_mapped', existing.is_mapped
      ) end,
      'after', jsonb_build_object(
        'name', coalesce(
          case when 'name' = any (p_columns) then given.name end, existing.name, given.source_name
        ),
        'area', case when 'area' = any (p_columns) then given.area else existing.area end,
        'cost_center', case
          when 'cost_center' = any (p_columns) then center.name
          else existing_center.name
        end,
        'ideal_units_per_hour', case
          when 'ideal_units_per_hour' = any (p_columns) then given.ideal_units_per_hour
          else existing.ideal_units_per_hour
        end,
        'is_active', coalesce(
          case when 'is_active' = any (p_columns) then given.is_active end, existing.is_active, true
        ),
        'is_mapped', true
      )
    )),
    jsonb_agg(jsonb_build_object(
      'line', given.line,
      'column', case when given.first_line < given.line then 'source_name' else 'cost_center' end,
      'message', case
        when given.first_line < given.line then format('the same asset as in line %s', given.first_line)
        else format('there is no cost center %s: import it first', to_json(given.cost_center))
      end
    ) order by given.line)
    filter (where given.first_line < given.line or given.cost_center is not null and center.id is null)
  into v_wanted, v_errors
  from (
    select
      row.line, row.source_name, row.name, row.area, row.cost_center, row.cost_center_key,
      row.ideal_units_per_hour, row.is_active,
      coalesce(row.name_key, public.fallback_key(row.source_name)) as name_key,
      min(row.line) over (
        partition by coalesce(row.name_key, public.fallback_key(row.source_name))
      ) as first_line
    from jsonb_to_recordset(p_rows) as row (
      line integer,
      source_name text,
      name text,
      area text,
      cost_center text,
      ideal_units_per_hour numeric,
      is_active boolean,
      name_key text,
      cost_center_key text
    )
  ) as given
  left join public.assets as existing
    on existing.plant = p_plant and existing.name_key = given.name_key
  left join public.cost_centers as existing_center on existing_center.id = existing.cost_center_id
  left join public.cost_centers as center
    on center.plant = p_plant
    and center.name_key = coalesce(given.cost_center_key, public.fallback_key(given.cost_center));

  if v_errors is null and not p_is_dry_run then
    insert into public.assets as kept (
      plant, source_name, name_key, name, area, cost_center_id, ideal_units_per_hour, is_active, is_mapped
    )
    select
      p_plant,
      wanted.key ->> 'source_name',
      wanted.name_key,
      wanted.after ->> 'name',
      wanted.after ->> 'area',
      center.id,
      (wanted.after ->> 'ideal_units_per_hour')::numeric,
      (wanted.after ->> 'is_active')::boolean,
      true
    from jsonb_to_recordset(coalesce(v_wanted, '[]')) as wanted (name_key text, key jsonb, after jsonb)
    left join public.cost_centers as center
      on center.plant = p_plant and center.name = wanted.after ->> 'cost_center'
    on conflict (plant, name_key) do update set
      name = excluded.name,
      area = excluded.area,
      cost_center_id = excluded.cost_center_id,
      ideal_units_per_hour = excluded.ideal_units_per_hour,
      is_active = excluded.is_active,
      is_mapped = true
    where (kept.name, kept.area, kept.cost_center_id, kept.ideal_units_per_hour, kept.is_active, kept.is_mapped)
      is distinct from (
        excluded.name, excluded.area, excluded.cost_center_id, excluded.ideal_units_per_hour, excluded.is_active, true
      );
  end if;
  return public.import_answer(v_wanted, v_errors);
end;
$$;

create or replace function public.import_shift_targets(p_plant text, p_columns text[], p_rows jsonb, p_is_dry_run boolean)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_wanted jsonb;
  v_errors jsonb;
begin
  select
    jsonb_agg(jsonb_build_object(
      'line', given.line,
      'asset_id', asset.id,
      'shift_key', coalesce(given.shift_key, public.fallback_key(given.shift_name)),
      'key', jsonb_build_object(
        'asset', coalesce(asset.source_name, given.asset),
        'shift_name', coalesce(existing.shift_name, given.shift_name),
        'valid_from', coalesce(given.valid_from, '2000-01-01')
      ),
      'before', case when existing.id is not null then jsonb_build_object(
        'starts_at', to_char(existing.starts_at, 'HH24:MI'),
        'ends_at', to_char(existing.ends_at, 'HH24:MI'),
        'days_of_week', existing.days_of_week,
        'valid_until', existing.valid_until,
        'target_output', existing.target_output,
        'breaks', existing.breaks
      ) end,
      'after', jsonb_build_object(
        'starts_at', given.starts_at,
        'ends_at', given.ends_at,
        'days_of_week', coalesce(
          case when 'days_of_week' = any (p_columns) then given.days_of_week end,
          existing.days_of_week,
          '{1,2,3,4,5}'
        ),
        'valid_until', case
          when 'valid_until' = any (p_columns) then given.valid_until
          else existing.valid_until
        end,
        'target_output', given.target_output,
        'breaks', coalesce(
          case when 'breaks' = any (p_columns) then coalesce(given.breaks, '[]') end, existing.breaks, '[]'
        )
      )
    )),
    jsonb_agg(jsonb_build_object(
      'line', given.line,
      'column', 'asset',
      'message', format('there is no asset %s: import it first', to_json(given.asset))
    ) order by given.line) filter (where asset.id is null)
  into v_wanted, v_errors
  from jsonb_to_recordset(p_rows) as given (
    line integer,
    asset text,
    shift_name text,
    starts_at text,
    ends_at text,
    days_of_week smallint[],
    valid_from date,
    valid_until date,
    target_output numeric,
    breaks jsonb,
    asset_key text,
    shift_key text
  )
  left join public.assets as asset
    on asset.plant = p_plant and asset.name_key = coalesce(given.asset_key, public.fallback_key(given.asset))
  left join public.shift_targets as existing
    on existing.asset_id = asset.id
    and existing.shift_key = coalesce(given.shift_key, public.fallback_key(given.shift_name))
    and existing.valid_from = coalesce(given.valid_from, '2000-01-01');

  v_errors := coalesce(v_errors, public.overlapping_targets(v_wanted));
  if v_errors is null and not p_is_dry_run then
    insert into public.shift_targets as kept (
      asset_id, shift_name, shift_key, valid_from, starts_at, ends_at, days_of_week, valid_until, target_output, breaks
    )
    select
      wanted.asset_id,
      wanted.key ->> 'shift_name',
      wanted.shift_key,
      (wanted.key ->> 'valid_from')::date,
      (wanted.after ->> 'starts_at')::time,
      (wanted.after ->> 'ends_at')::time,
      array(select jsonb_array_elements_text(wanted.after -> 'days_of_week')::smallint),
      (wanted.after ->> 'valid_until')::date,
      (wanted.after ->> 'target_output')::numeric,
      wanted.after -> 'breaks'
    from jsonb_to_recordset(coalesce(v_wanted, '[]')) as wanted (asset_id bigint, shift_key text, key jsonb, after jsonb)
    on conflict (asset_id, shift_key, valid_from) do update set
      starts_at = excluded.starts_at,
      ends_at = excluded.ends_at,
      days_of_week = excluded.days_of_week,
      valid_until = excluded.valid_until,
      target_output = excluded.target_output,
      breaks = excluded.breaks
    where (kept.starts_at, kept.ends_at, kept.days_of_week, kept.valid_until, kept.target_output, kept.breaks)
      is distinct from (
        excluded.starts_at,
        excluded.ends_at,
        excluded.days_of_week,
        excluded.valid_until,
        excluded.target_output,
        excluded.breaks
      );
  end if;
  return public.import_answer(v_wanted, v_errors)
    || jsonb_build_object('questions', coalesce(public.shifts_at_once(v_wanted), '[]'));
end;
$$;

create or replace function public.overlapping_targets(p_wanted jsonb)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  with wanted as (
    select
      row.line,
      row.asset_id,
      row.key ->> 'shift_name' as shift_name,
      row.shift_key,
      (row.key ->> 'valid_from')::date as valid_from,
      (row.after ->> 'valid_until')::date as valid_until
    from jsonb_to_recordset(coalesce(p_wanted, '[]')) as row (
      line integer, asset_id bigint, shift_key text, key jsonb, after jsonb
    )
  ),
  every_target as (
    select wanted.line, wanted.asset_id, wanted.shift_key, wanted.valid_from, wanted.valid_until from wanted
    union all
    select null, kept.asset_id, split_part(kept.shift_key, chr(31), 1), kept.valid_from, kept.valid_until
    from public.shift_targets as kept
    where kept.asset_id in (select wanted.asset_id from wanted)
    and (kept.asset_id, kept.shift_key, kept.valid_from) not in (
      select wanted.asset_id, wanted.shift_key, wanted.valid_from
      from wanted
      where wanted.asset_id is not null
    )
  )
  select jsonb_agg(jsonb_build_object(
    'line', wanted.line,
    'column', 'valid_from',
    'message', format(
      'shift %s of this asset has another target from %s%s at the same time%s: end one before the other begins',
      to_json(wanted.shift_name),
      other.valid_from,
      coalesce(' to ' || other.valid_until, ''),
      coalesce(', in line ' || other.line, '')
    )
  ) order by wanted.line)
  from wanted
  join every_target as other
    on other.asset_id = wanted.asset_id
    and other.shift_key = wanted.shift_key
    and (other.line is null or other.line < wanted.line)
    and daterange(other.valid_from, other.valid_until) && daterange(wanted.valid_from, wanted.valid_until);
$$;
