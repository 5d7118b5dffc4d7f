-- The snapshots that the poll of %(slot)s wrote, as rows that a floor may insert for its own plant (%(plant)s). Without
-- run_id: nobody but plantpulse has runs.
select
  floor.id as asset_id, s.snapshot_timestamp, s.window_start, s.output_actual, s.slot_output, s.output_target,
  s.variance_percent, s.status, s.oee_current, s.oee_source, s.downtime_minutes, s.good_count, s.reject_count,
  s.labor_headcount, s.unplanned_output, s.is_planned_in_part, s.is_catch_up, s.is_time_ambiguous
from public.live_snapshots as s
join public.assets as ours on ours.id = s.asset_id and ours.plant = 'bench'
join public.assets as floor on floor.source_key = ours.source_key and floor.plant = %(plant)s
where s.snapshot_timestamp = %(slot)s;
