-- output_sums.sql: what output.sql would return, summed up by bucket, so that a poll sees whether anything changed.
--
-- Result columns, newest bucket first:
--   bucket     int       as in output.sql
--   row_count  int       how many rows output.sql returns for the bucket
--   sums       nvarchar  a text that differs as soon as the pieces of any unit in the bucket do
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-03-11T17:30:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-03-11T18:00:00';  -- plant-local, not included
-- declare @bucket_s int = 900;                          -- length of a bucket in seconds
-- declare @limit int = 50000;                           -- return at most this many rows
select top (@limit)
    grouped.bucket as bucket,
    count(*) as row_count,
    concat(
        sum(grouped.bookings), N' ', sum(grouped.pieces), N' ', sum(grouped.pieces * grouped.group_number)
    ) as sums
from (
    select
        counted.bucket as bucket,
        count_big(*) as bookings,
        cast(coalesce(sum(counted.pieces), 0) as decimal(28, 6)) as pieces,
        -- a number for each sum: units that move from a negative, refused row to a right one leave the sum of both
        cast(
            substring(hashbytes('SHA2_256', concat(counted.asset, N'/', counted.plausibility)), 1, 5) as bigint
        ) as group_number
    from (
        select
            cast(line.EquipmentCode + N'/' + unit.EquipmentCode as nvarchar(400))
                collate Latin1_General_BIN2 as asset,
            (datediff(second, booking.BookedAt, @until) - 1) / @bucket_s as bucket,
            -- a missing scrap amount means none; a missing good amount stays missing
            cast((booking.GoodCases + coalesce(booking.ScrapCases, 0)) * product.PiecesPerCase as float) as pieces,
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
    ) as counted
    group by counted.asset, counted.bucket, counted.plausibility
) as grouped
group by grouped.bucket
order by grouped.bucket;
