-- oee.sql: the OEE that the MES itself reports, the latest of each unit in the window. One row a figure becomes
-- one row with four columns. The figures are fractions: oee_scale is to say so.
--
-- Result columns, newest first:
--   asset         nvarchar  line and unit, as in L1/FILLER
--   oee           decimal   fraction
--   availability  decimal   fraction, may be null
--   performance   decimal   fraction, may be null
--   quality       decimal   fraction, may be null
--   at            datetime  end of the period, plant-local time
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-03-11T17:30:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-03-11T18:00:00';  -- plant-local, not included
-- declare @limit int = 50000;                           -- return at most this many rows
select top (@limit)
    line.EquipmentCode + N'/' + unit.EquipmentCode + N' ' as asset,
    reported.oee as oee,
    reported.availability as availability,
    reported.performance as performance,
    reported.quality as quality,
    reported.period_end as [at]
from (
    select
        figures.EquipmentId as equipment_id,
        figures.period_end as period_end,
        figures.oee as oee,
        figures.availability as availability,
        figures.performance as performance,
        figures.quality as quality,
        row_number() over (partition by figures.EquipmentId order by figures.period_end desc) as recency
    from (
        select
            EquipmentId as EquipmentId,
            PeriodEnd as period_end,
            max(case when FigureCode = N'OEE' then FigureValue end) as oee,
            max(case when FigureCode = N'AVAILABILITY' then FigureValue end) as availability,
            max(case when FigureCode = N'PERFORMANCE' then FigureValue end) as performance,
            max(case when FigureCode = N'QUALITY' then FigureValue end) as quality
        from KeyFigure
        where PeriodEnd >= @from
            and PeriodEnd < @until
            and FigureCode in (N'OEE', N'AVAILABILITY', N'PERFORMANCE', N'QUALITY')
        group by EquipmentId, PeriodEnd
    ) as figures
) as reported
inner join Equipment as unit on unit.EquipmentId = reported.equipment_id
inner join Equipment as line on line.EquipmentId = unit.ParentEquipmentId
where reported.recency = 1
order by reported.period_end desc, reported.equipment_id;
