-- quality.sql: good and scrap pieces of each unit in the window.
--
-- Result columns:
--   asset     nvarchar  line and unit, as in L1/FILLER
--   good      float     pieces
--   rejected  float     pieces
-- Negative, missing and absurd amounts have rows of their own.
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-03-11T17:30:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-03-11T18:00:00';  -- plant-local, not included
-- declare @limit int = 50000;                           -- return at most this many rows
select top (@limit)
    checked.asset + N' ' as asset,
    sum(checked.good) as good,
    sum(checked.scrap) as rejected
from (
    select
        line.EquipmentCode + N'/' + unit.EquipmentCode as asset,
        cast(booking.GoodCases * product.PiecesPerCase as float) as good,
        cast(coalesce(booking.ScrapCases, 0) * product.PiecesPerCase as float) as scrap,
        case
            when booking.GoodCases < 0 or booking.ScrapCases < 0 then -1
            when booking.GoodCases > 1e9 or booking.ScrapCases > 1e9 then 2
            when booking.GoodCases >= 0 then 1
        end as plausibility
    from ProductionCount as booking
    inner join ProductionOrder as ordered on ordered.OrderId = booking.OrderId
    inner join Product as product on product.ProductId = ordered.ProductId
    inner join Equipment as unit on unit.EquipmentId = booking.EquipmentId
    inner join Equipment as line on line.EquipmentId = unit.ParentEquipmentId
    where booking.BookedAt >= @from
        and booking.BookedAt < @until
) as checked
group by checked.asset, checked.plausibility
order by checked.asset, checked.plausibility;
