-- Shifts and cost centers are compared letter by letter again.

set lock_timeout = '2s';

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
    'key', jsonb_build_object('name', given.name),
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
    line integer, name text, standard_hourly_rate numeric, scrap_unit_cost numeric
  )
  left join public.cost_centers as existing on existing.plant = p_plant and existing.name = given.name;

  if not p_is_dry_run then
    insert into public.cost_centers as kept (plant, name, standard_hourly_rate, scrap_unit_cost)
    select
      p_plant,
      wanted.key ->> 'name',
      (wanted.after ->> 'standard_hourly_rate')::numeric,
      (wanted.after ->> 'scrap_unit_cost')::numeric
    from jsonb_to_recordset(coalesce(v_wanted, '[]')) as wanted (key jsonb, after jsonb)
    on conflict (plant, name) do update set
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
      row.line, row.source_name, row.name, row.area, row.cost_center, row.ideal_units_per_hour, row.is_active,
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
      name_key text
    )
  ) as given
  left join public.assets as existing
    on existing.plant = p_plant and existing.name_key = given.name_key
  left join public.cost_centers as existing_center on existing_center.id = existing.cost_center_id
  left join public.cost_centers as center on center.plant = p_plant and center.name = given.cost_center;

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
      'key', jsonb_build_object(
        'asset', coalesce(asset.source_name, given.asset),
        'shift_name', given.shift_name,
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
    asset_key text
  )
  left join public.assets as asset
    on asset.plant = p_plant and asset.name_key = coalesce(given.asset_key, public.fallback_key(given.asset))
  left join public.shift_targets as existing
    on existing.asset_id = asset.id
    and existing.shift_name = given.shift_name
    and existing.valid_from = coalesce(given.valid_from, '2000-01-01');

  v_errors := coalesce(v_errors, public.overlapping_targets(v_wanted));
  if v_errors is null and not p_is_dry_run then
    insert into public.shift_targets as kept (
      asset_id, shift_name, valid_from, starts_at, ends_at, days_of_week, valid_until, target_output, breaks
    )
    select
      wanted.asset_id,
      wanted.key ->> 'shift_name',
      (wanted.key ->> 'valid_from')::date,
      (wanted.after ->> 'starts_at')::time,
      (wanted.after ->> 'ends_at')::time,
      array(select jsonb_array_elements_text(wanted.after -> 'days_of_week')::smallint),
      (wanted.after ->> 'valid_until')::date,
      (wanted.after ->> 'target_output')::numeric,
      wanted.after -> 'breaks'
    from jsonb_to_recordset(coalesce(v_wanted, '[]')) as wanted (asset_id bigint, key jsonb, after jsonb)
    on conflict (asset_id, shift_name, valid_from) do update set
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
  return public.import_answer(v_wanted, v_errors);
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
      (row.key ->> 'valid_from')::date as valid_from,
      (row.after ->> 'valid_until')::date as valid_until
    from jsonb_to_recordset(coalesce(p_wanted, '[]')) as row (line integer, asset_id bigint, key jsonb, after jsonb)
  ),
  every_target as (
    select wanted.line, wanted.asset_id, wanted.shift_name, wanted.valid_from, wanted.valid_until from wanted
    union all
    select null, kept.asset_id, kept.shift_name, kept.valid_from, kept.valid_until
    from public.shift_targets as kept
    where kept.asset_id in (select wanted.asset_id from wanted)
    and (kept.asset_id, kept.shift_name, kept.valid_from) not in (
      select wanted.asset_id, wanted.shift_name, wanted.valid_from
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
    and other.shift_name = wanted.shift_name
    and (other.line is null or other.line < wanted.line)
    and daterange(other.valid_from, other.valid_until) && daterange(wanted.valid_from, wanted.valid_until);
$$;

drop function public.doubtful_names();

drop function public.shifts_at_once(jsonb);

drop function public.weekly_minutes(time, time, smallint[]);

drop trigger shift_targets_rename on public.shift_targets;

drop trigger shift_targets_fill_shift_key on public.shift_targets;

alter table public.shift_targets drop column shift_key;

drop trigger cost_centers_rename on public.cost_centers;

drop trigger cost_centers_fill_name_key on public.cost_centers;

alter table public.cost_centers drop column name_key;
