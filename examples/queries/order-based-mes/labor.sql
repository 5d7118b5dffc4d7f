-- labor.sql: how many people are at each unit at the end of the window.
--
-- Result columns:
--   asset      nvarchar  line and unit, as in L1/FILLER
--   headcount  int       people clocked in at @until
-- Who forgot to clock out has left with the end of the shift.
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-03-11T17:30:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-03-11T18:00:00';  -- plant-local, not included
-- declare @limit int = 50000;                           -- return at most this many rows
select top (@limit)
    present.asset + N' ' as asset,
    sum(case when present.left_at >= @until then 1 else 0 end) as headcount
from (
    select
        line.EquipmentCode + N'/' + unit.EquipmentCode as asset,
        person.ClockedIn as came_at,
        coalesce(person.ClockedOut, shift.EndTime) as left_at
    from Attendance as person
    inner join ShiftCalendar as shift on shift.ShiftId = person.ShiftId
    inner join Equipment as unit on unit.EquipmentId = person.EquipmentId
    inner join Equipment as line on line.EquipmentId = unit.ParentEquipmentId
    -- nobody stays for more than a day: keeps the range on ClockedIn short
    where person.ClockedIn >= dateadd(day, -1, @from)
        and person.ClockedIn < @until
        and coalesce(person.ClockedOut, shift.EndTime) > @from
) as present
group by present.asset
order by present.asset;
