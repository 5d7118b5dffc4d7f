-- output.sql: how many units each asset made, bucket by bucket, counted back from @until.
--
-- Result columns, newest bucket first:
--   asset    nvarchar   the asset in the source's spelling
--   bucket   int        0 = the newest @bucket_s seconds before @until, 1 = the ones before them, ...
--   units    float      sum of the counts, in units
--   last_at  datetime2  the newest row of the sum, plant-local time, in the first row of each bucket; null in the
--                       others. It shows a column in another clock. Of each sum it is right too, and slower: the client
--                       makes a date of it. The newest of the bucket would be too: max() over a partition keeps all rows
--                       in tempdb and reads them again
-- Negative, missing and absurd counts (beyond 1e9) have sums of their own, so that malformed rows stay visible. So
-- an asset has one to four rows in a bucket.
-- Texts end with a blank, which the reader removes: the client library loses the connection when a text ends in
-- half an emoji, for instance after it was cut to fit its column.
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-11-22T06:00:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-11-22T06:30:00';  -- plant-local, not included
-- declare @bucket_s int = 900;                          -- length of a bucket in seconds
-- declare @limit int = 50000;                           -- return at most this many rows
--
-- Other table names? Change them in the inner select; the aliases stay.
select top (@limit)
    counted.asset + N' ' as asset,
    counted.bucket as bucket,
    sum(counted.units) as units,
    case
        when row_number() over (
            partition by counted.bucket
            order by counted.asset, counted.plausibility
        ) = 1
            then max(counted.counted_at)
    end as last_at
from (
    select
        locationName as asset,
        -- minus one second: a row exactly one bucket before @until belongs to the newer bucket
        (datediff(second, [timestamp], @until) - 1) / @bucket_s as bucket,
        -- float and bounded: neither the sum of an int column nor that of a float column may overflow, as
        -- that would end the query
        case
            when output_count > 1e12 then 1e12
            when output_count < -1e12 then -1e12
            else cast(output_count as float)
        end as units,
        case
            when output_count > 1e9 then 2
            when output_count >= 0 then 1
            else sign(output_count)
        end as plausibility,
        [timestamp] as counted_at
    from production_data
    where [timestamp] >= @from
        and [timestamp] < @until
) as counted
group by counted.asset, counted.bucket, counted.plausibility
order by counted.bucket, counted.asset, counted.plausibility;
