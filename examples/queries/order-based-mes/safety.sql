-- safety.sql: stops of which one of the four reason levels is a safety code.
--
-- Result columns, oldest first, so that after a cut at @limit the next poll continues there:
--   source_id    nvarchar  the stop's own key
--   asset        nvarchar  line and unit, as in L1/FILLER
--   reason_code  nvarchar  the level that is a safety code; should two be, the rows are one event
--   at           datetime  when the stop began, plant-local time
--   minutes      float     its length, null while it is open
--   notes        nvarchar  the comment, may be null
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-03-10T18:00:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-03-11T18:00:00';  -- plant-local, not included
-- declare @reason_codes nvarchar(max) = N'|SAFETY issue|Near miss|';  -- as typed in, between bars
-- declare @limit int = 50000;                           -- return at most this many rows
select top (@limit)
    cast(stop.StopId as nvarchar(36)) as source_id,
    line.EquipmentCode + N'/' + unit.EquipmentCode + N' ' as asset,
    level.reason + N' ' as reason_code,
    stop.StartTime as [at],
    datediff(second, stop.StartTime, stop.EndTime) / 60.0 as minutes,
    substring(stop.Comment, 1, 3999) + N' ' as notes
from EquipmentStop as stop
cross apply (values (stop.Reason1), (stop.Reason2), (stop.Reason3), (stop.Reason4)) as level (reason)
inner join Equipment as unit on unit.EquipmentId = stop.EquipmentId
inner join Equipment as line on line.EquipmentId = unit.ParentEquipmentId
where stop.StartTime >= @from
    and stop.StartTime < @until
    -- The spellings that safety_codes.sql found, compared as they are. Looked up between bars and not with LIKE, so that
    -- no character of a reason is a wild-card.
    and charindex(N'|' + rtrim(level.reason) + N'|' collate Latin1_General_BIN2, @reason_codes) > 0
order by stop.StartTime, stop.StopId;
