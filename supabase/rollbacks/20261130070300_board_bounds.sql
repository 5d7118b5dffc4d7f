-- The board's functions as they were before: without bounds.

create or replace function public.board_plant(p_plant text)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'plant', p_plant,
    'name', coalesce(known.name, p_plant),
    'time_zone', known.time_zone,
    'language', known.language,
    'currency', known.currency,
    'role', case when row_security_active('public.plant_members') then mine.role else 'manager' end,
    'slot_minutes', coalesce(known.slot_minutes, 15),
    'window_minutes', coalesce(known.window_minutes, 30),
    'offset_s', coalesce((known.schedules #>> '{live_pulse,offset_s}')::integer, 0)
  )
  from (
    select
      (array['viewer', 'operator', 'manager'])[max(array_position(array['viewer', 'operator', 'manager'], m.role))] as role,
      coalesce(bool_or(m.plant = p_plant), false) as is_named
    from public.plant_members as m
    where m.user_id = (select auth.uid())
    and m.plant in (p_plant, '*')
  ) as mine
  left join public.plants as known on known.plant = p_plant
  where (mine.role is not null or not row_security_active('public.plant_members'))
  -- A member of all plants sees those that have machines: not the one that a renamed plant was.
  and (mine.is_named or exists (select 1 from public.assets as a where a.plant = p_plant));
$$;

create or replace function public.board_plants(p_now timestamptz default null)
returns json
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  with now as (select coalesce(p_now, clock_timestamp()) as at),
  named as (
    select known.plant from public.plants as known
    union
    -- Plants of which no poll has told anything yet.
    select m.plant from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant <> '*'
    union
    select a.plant from public.assets as a where public.reads_all_plants()
  )
  select json_build_object('now', now.at, 'plants', (
    select coalesce(json_agg(json_build_object(
      'plant', shown.plant - 'offset_s',
      'as_of', poll.told -> 'as_of',
      'next_at', poll.told -> 'next_at',
      'stale_after', poll.told -> 'stale_after',
      'is_stale', poll.told -> 'is_stale',
      'poll', poll.told -> 'poll'
    ) order by lower(shown.plant ->> 'name'), named.plant), '[]')
    from named
    cross join lateral (select public.board_plant(named.plant) as plant offset 0) as shown
    cross join lateral (select public.board_poll(shown.plant, now.at) as told offset 0) as poll
    where shown.plant is not null
  ))
  from now;
$$;

create or replace function public.board_machines(
  p_plant jsonb, p_asset_id bigint, p_as_of timestamptz, p_now timestamptz, p_slots integer
)
returns table (
  asset_id bigint, name text, area text, as_of timestamptz, ends_at timestamptz, status text, units numeric, target numeric,
  oee numeric, downtime_minutes numeric, stopped_since timestamptz, stops jsonb,
  shift_name text, shift_starts_at timestamptz, shift_ends_at timestamptz, shift_target numeric,
  shift_units numeric, shift_target_so_far numeric, shift_downtime_minutes numeric, shift_oee numeric, shift_slots integer,
  shift_stops jsonb, strip text, positions integer[], oees real[]
)
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
set jit = off
as $$
#variable_conflict use_column
declare
  v_plant constant text := p_plant ->> 'plant';
  v_every_s constant integer := (p_plant ->> 'slot_minutes')::integer * 60;
  v_window constant interval := make_interval(mins => (p_plant ->> 'window_minutes')::integer);
  v_before constant timestamptz := p_as_of - make_interval(secs => v_every_s * p_slots);
  v_base constant bigint := extract(epoch from v_before)::bigint;
begin
  return query
  select
    asset.id, asset.name, asset.area, newest.as_of, newest.ends_at, newest.status, newest.units, newest.target,
    newest.oee, newest.downtime_minutes, newest.stopped_since, newest.stops,
    newest.shift_name, newest.shift_starts_at, newest.shift_ends_at, newest.shift_target,
    slots.units, slots.target, slots.downtime_minutes, slots.oee, slots.number::integer, slots.stops,
    case
      when slots.marked = p_slots then slots.strip
      else coalesce(gapped.strip || repeat('.', p_slots - gapped.last), repeat('.', p_slots))
    end,
    gapped.positions, case when slots.marked = p_slots then slots.oees else gapped.oees end
  from public.assets as asset
  left join lateral (
    select
      s.snapshot_timestamp as as_of,
      s.window_start + v_window as ends_at,
      case
        when s.snapshot_timestamp < p_as_of then 'no_data'
        when s.output_target = 0 then 'not_planned'
        when s.stopped_since is not null then 'stopped'
        else s.status
      end as status,
      s.output_actual as units, s.output_target as target, s.oee_current as oee, s.downtime_minutes, s.stopped_since, s.stops,
      -- A machine without a newest snapshot is in its shift while that lasts.
      case when shift.is_running then s.shift_name end as shift_name,
      case when shift.is_running then s.shift_starts_at end as shift_starts_at,
      case when shift.is_running then s.shift_ends_at end as shift_ends_at,
      case when shift.is_running then s.shift_target end as shift_target
    from public.live_snapshots as s
    cross join lateral (
      select s.snapshot_timestamp >= p_as_of or s.shift_ends_at > p_as_of as is_running
    ) as shift
    where s.asset_id = asset.id
    and s.snapshot_timestamp <= p_now
    order by s.snapshot_timestamp desc
    limit 1
  ) as newest on true
  left join lateral (
    select
      sum(slot.slot_output) filter (where slot.is_of_shift) as units,
      sum(slot.slot_target) filter (where slot.is_of_shift) as target,
      sum(slot.slot_downtime_minutes) filter (where slot.is_of_shift) as downtime_minutes,
      avg(slot.oee_current) filter (where slot.is_of_shift) as oee,
      count(*) filter (where slot.is_of_shift) as number,
      jsonb_agg(
        jsonb_build_object(
          'asset_id', asset.id, 'at', slot.snapshot_timestamp, 'until', slot.window_start + v_window, 'stops', slot.stops
        )
      ) filter (where slot.stops is not null and slot.shift_starts_at = newest.shift_starts_at) as stops,
      string_agg(slot.mark, '' order by slot.snapshot_timestamp) filter (where slot.is_in_strip) as strip,
      count(*) filter (where slot.is_in_strip) as marked,
      array_agg(slot.snapshot_timestamp order by slot.snapshot_timestamp) filter (where slot.is_in_strip) as ats,
      array_agg(case when slot.mark <> '-' then slot.oee_current::real end order by slot.snapshot_timestamp)
        filter (where slot.is_in_strip) as oees
    from (
      select
        s.snapshot_timestamp, s.window_start, s.slot_output, s.slot_target, s.slot_downtime_minutes, s.oee_current, s.stops,
        s.shift_starts_at,
        -- A poll off the grid has neither, and no place in the strip.
        s.snapshot_timestamp > v_before and (s.slot_output is not null or s.slot_target is not null) as is_in_strip,
        -- Where the output is not known, its target is not added either: a gap says nothing of their difference.
        s.slot_output is not null
          and s.shift_starts_at = newest.shift_starts_at and s.shift_name = newest.shift_name as is_of_shift,
        case
          when s.output_target = 0 then '-'
          when s.stopped_since is not null then '!'
          when s.status = 'below_target' then '<'
          when s.status = 'above_target' then '>'
          else '='
        end as mark
      from public.live_snapshots as s
      where s.asset_id = asset.id
      and s.snapshot_timestamp > least(v_before, newest.shift_starts_at)
      and s.snapshot_timestamp <= p_as_of
      order by s.snapshot_timestamp
    ) as slot
  ) as slots on true
  -- A slot is missing, or the grid was another one: then each mark looks for its place.
  left join lateral (
    select
      string_agg(repeat('.', mark.position - mark.last - 1) || mark.mark, '' order by mark.position) as strip,
      max(mark.position) as last,
      array_agg(mark.position order by mark.position) as positions,
      array_agg(mark.oee order by mark.position) as oees
    from (
      select found.*, lag(found.position, 1, 0) over (order by found.position) as last
      from (
        select
          substr(slots.strip, one.number::integer, 1) as mark,
          slots.oees[one.number] as oee,
          ((date_part('epoch', one.at)::bigint - v_base) / v_every_s)::integer as position
        from unnest(slots.ats) with ordinality as one (at, number)
        where slots.marked <> p_slots
        and date_part('epoch', one.at)::bigint % v_every_s = 0
      ) as found
    ) as mark
  ) as gapped on true
  where asset.plant = v_plant
  and asset.is_active
  and asset.is_mapped
  and (p_asset_id is null or asset.id = p_asset_id);
end;
$$;
