-- downtime.sql: the stops of each unit that reach into the window, whole, not clipped to it.
--
-- Result columns, newest stop first:
--   asset        nvarchar  line and unit, as in L1/FILLER
--   reason_code  nvarchar  the finest of the four levels that somebody filled in, may be null
--   started_at   datetime  plant-local time
--   ended_at     datetime  plant-local time; null = still open; before started_at = malformed
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-03-11T17:30:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-03-11T18:00:00';  -- plant-local, not included
-- declare @limit int = 50000;                           -- return at most this many rows
select top (@limit)
    line.EquipmentCode + N'/' + unit.EquipmentCode + N' ' as asset,
    coalesce(stop.Reason4, stop.Reason3, stop.Reason2, stop.Reason1) + N' ' as reason_code,
    stop.StartTime as started_at,
    stop.EndTime as ended_at
from EquipmentStop as stop
inner join Equipment as unit on unit.EquipmentId = stop.EquipmentId
inner join Equipment as line on line.EquipmentId = unit.ParentEquipmentId
-- Seven days: a stop is found by its start, so one that began before the window and reaches into it would be
-- missed without looking back.
where stop.StartTime >= dateadd(day, -7, @from)
    and stop.StartTime < @until
    and (stop.EndTime is null or stop.EndTime > @from or stop.StartTime >= @from)
order by stop.StartTime desc, stop.StopId desc;
