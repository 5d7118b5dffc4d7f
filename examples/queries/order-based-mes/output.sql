-- output.sql: pieces that each unit made, bucket by bucket, from amounts booked on orders in cases.
--
-- Result columns, newest bucket first:
--   asset    nvarchar   line and unit, as in L1/FILLER
--   bucket   int        0 = the newest @bucket_s seconds before @until, 1 = the ones before them, ...
--   units    float      pieces, good and scrap; negative, missing and absurd amounts in rows of their own
--   last_at  datetime   the newest booking of the sum, plant-local time
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-03-11T17:30:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-03-11T18:00:00';  -- plant-local, not included
-- declare @bucket_s int = 900;                          -- length of a bucket in seconds
-- declare @limit int = 50000;                           -- return at most this many rows
select top (@limit)
    counted.asset + N' ' as asset,
    counted.bucket as bucket,
    sum(counted.pieces) as units,
    max(counted.booked_at) as last_at
from (
    select
        line.EquipmentCode + N'/' + unit.EquipmentCode as asset,
        (datediff(second, booking.BookedAt, @until) - 1) / @bucket_s as bucket,
        -- a missing scrap amount means none; a missing good amount stays missing
        cast((booking.GoodCases + coalesce(booking.ScrapCases, 0)) * product.PiecesPerCase as float) as pieces,
        case
            when booking.GoodCases < 0 or booking.ScrapCases < 0 then -1
            when booking.GoodCases > 1e9 or booking.ScrapCases > 1e9 then 2
            when booking.GoodCases >= 0 then 1
        end as plausibility,
        booking.BookedAt as booked_at
    from ProductionCount as booking
    inner join ProductionOrder as ordered on ordered.OrderId = booking.OrderId
    inner join Product as product on product.ProductId = ordered.ProductId
    inner join Equipment as unit on unit.EquipmentId = booking.EquipmentId
    inner join Equipment as line on line.EquipmentId = unit.ParentEquipmentId
    where booking.BookedAt >= @from
        and booking.BookedAt < @until
) as counted
group by counted.asset, counted.bucket, counted.plausibility
order by counted.bucket, counted.asset, counted.plausibility;
