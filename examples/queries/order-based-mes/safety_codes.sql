-- safety_codes.sql: every spelling of a reason in the look-back, on all four levels; plantpulse finds the safety codes.
--
-- Result columns:
--   reason_code  nvarchar  as typed in, without the blanks behind it; each spelling once
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-03-10T18:00:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-03-11T18:00:00';  -- plant-local, not included
-- declare @limit int = 50000;                           -- return at most this many rows
select top (@limit)
    level.reason collate Latin1_General_BIN2 + N' ' as reason_code
from EquipmentStop as stop
cross apply (
    values (rtrim(stop.Reason1)), (rtrim(stop.Reason2)), (rtrim(stop.Reason3)), (rtrim(stop.Reason4))
) as level (reason)
where stop.StartTime >= @from
    and stop.StartTime < @until
-- Binary, so that two spellings that are one to the server's collation are both shown.
group by level.reason collate Latin1_General_BIN2
order by level.reason collate Latin1_General_BIN2;
