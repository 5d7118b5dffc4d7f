-- The Data API cuts a read at 1,000 rows without a word: of a day of 200 assets a board saw 5 of 97 slots. These functions
-- answer a board's questions whole, in one JSON document. New functions: old code is not touched.

create function public.latest_snapshots(p_plant text default null)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select json_build_object('assets', coalesce(json_agg(
    json_build_object(
      'asset_id', asset.id,
      'plant', asset.plant,
      'name', asset.name,
      'area', asset.area,
      'is_active', asset.is_active,
      'is_mapped', asset.is_mapped,
      'snapshot', latest.told
    ) order by asset.plant, asset.name, asset.id
  ), '[]'))
  -- Row level security leaves the assets of the caller's plants.
  from public.assets as asset
  left join lateral (
    select to_json(s) as told
    from public.live_snapshots as s
    where s.asset_id = asset.id
    order by s.snapshot_timestamp desc
    limit 1
  ) as latest on true
  where p_plant is null or asset.plant = p_plant;
$$;

comment on function public.latest_snapshots(text) is
  'Every asset that the caller may read, of one plant or of all, with its latest snapshot (null without one).';

revoke all on function public.latest_snapshots(text) from public, anon, authenticated, service_role;
grant execute on function public.latest_snapshots(text) to authenticated, service_role;

create function public.snapshots_by_slot(
  p_plant text, p_hours integer default 24, p_now timestamptz default null
)
returns json
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_now constant timestamptz := coalesce(p_now, now());
begin
  if p_plant is null then
    raise exception 'p_plant must name a plant' using errcode = '22023';
  end if;
  if p_hours is null or p_hours not between 1 and 168 then
    raise exception 'p_hours must be 1 to 168 hours, not %', coalesce(p_hours::text, 'null') using errcode = '22023';
  end if;
  return (
    select json_build_object('plant', p_plant, 'slots', coalesce(json_agg(
      json_build_object('snapshot_timestamp', slot.snapshot_timestamp, 'snapshots', slot.told)
      order by slot.snapshot_timestamp
    ), '[]'))
    from (
      select found.snapshot_timestamp, json_agg(found.told order by found.asset_id) as told
      from public.assets as asset
      -- Asset by asset: a plan for the whole time would read the snapshots of every plant.
      cross join lateral (
        select s.snapshot_timestamp, s.asset_id, to_json(s) as told
        from public.live_snapshots as s
        where s.asset_id = asset.id
        and s.snapshot_timestamp >= v_now - make_interval(hours => p_hours)
        and s.snapshot_timestamp <= v_now
        order by s.snapshot_timestamp
        limit 1000000
      ) as found
      where asset.plant = p_plant
      group by found.snapshot_timestamp
    ) as slot
  );
end;
$$;

comment on function public.snapshots_by_slot(text, integer, timestamptz) is
  'The snapshots of a plant''s last hours (1 to 168), by slot, the oldest slot first; both ends included.';

revoke all on function public.snapshots_by_slot(text, integer, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.snapshots_by_slot(text, integer, timestamptz) to authenticated, service_role;
