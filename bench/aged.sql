-- Snapshots of a plant that have been left lying: a row for every asset in each of the slots before `until`.
insert into public.live_snapshots (
  asset_id, snapshot_timestamp, window_start, output_actual, slot_output, output_target, variance_percent, status,
  oee_current, oee_source, downtime_minutes, good_count, reject_count, labor_headcount
)
select
  asset.id, slot.at, slot.at - interval '30 min', 50, 25, 50, 0, 'on_target', 81.5, 'reported', 1.5, 48, 2, 3
from generate_series(%(slots)s::integer, 1, -1) as number
cross join lateral (select %(until)s::timestamptz - number * interval '15 min' as at) as slot
cross join public.assets as asset
where asset.plant = %(plant)s
order by slot.at, asset.id;
