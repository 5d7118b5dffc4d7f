-- oee.sql: the OEE that the MES itself reports, the latest of each unit in the window. The MES has a row for each
-- figure; that of OEE is taken. The figures are fractions: oee_scale is to say so.
--
-- Result columns, newest first:
--   asset  nvarchar  line and unit, as in L1/FILLER
--   oee    float     fraction
--   at     datetime  end of the period, plant-local time
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-03-11T17:30:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-03-11T18:00:00';  -- plant-local, not included
-- declare @limit int = 50000;                           -- return at most this many rows
select top (@limit)
    line.EquipmentCode + N'/' + unit.EquipmentCode + N' ' as asset,
    cast(reported.oee as float) as oee,
    reported.period_end as [at]
from (
    select
        EquipmentId as equipment_id,
        PeriodEnd as period_end,
        FigureValue as oee,
        row_number() over (partition by EquipmentId order by PeriodEnd desc) as recency
    from KeyFigure
    where PeriodEnd >= @from
        and PeriodEnd < @until
        and FigureCode = N'OEE'
) as reported
inner join Equipment as unit on unit.EquipmentId = reported.equipment_id
inner join Equipment as line on line.EquipmentId = unit.ParentEquipmentId
where reported.recency = 1
order by reported.period_end desc, reported.equipment_id;
