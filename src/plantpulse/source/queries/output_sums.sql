-- output_sums.sql: what output.sql would return, summed up by bucket, so that a poll sees whether anything changed.
--
-- Result columns, newest bucket first:
--   bucket     int       as in output.sql
--   row_count  int       how many rows output.sql returns for the bucket
--   sums       nvarchar  a text that differs as soon as the units of any asset in the bucket do
-- Nobody computes the text again: a poll compares it with that of the poll before. It holds the number of bookings, the
-- sum of the units, and the sum of the units times a number that belongs to the asset. So a booking that moves from
-- one asset to another is seen, although the plain sum stays the same. The number is taken from a hash of the name:
-- CHECKSUM is equal for many pairs of names.
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-11-22T06:00:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-11-22T06:30:00';  -- plant-local, not included
-- declare @bucket_s int = 900;                          -- length of a bucket in seconds
-- declare @limit int = 50000;                           -- return at most this many rows
--
-- Other table names? Change them in the inner select as in output.sql; the aliases stay.
select top (@limit)
    grouped.bucket as bucket,
    count(*) as row_count,
    -- exact decimals: a sum of floats that depends on the order of rows would seem to change by itself
    concat(
        sum(grouped.bookings), N' ', sum(grouped.units), N' ', sum(grouped.units * grouped.group_number)
    ) as sums
from (
    select
        counted.bucket as bucket,
        count_big(*) as bookings,
        cast(coalesce(sum(counted.units), 0) as decimal(28, 6)) as units,
        -- 40 bits: 90 million rows of 1e12 units do not overflow decimal(38, 6). It is the number of a sum, not of
        -- an asset: units that move from a negative, refused row to a right one leave the sum of both
        cast(
            substring(hashbytes('SHA2_256', concat(counted.asset, N'/', counted.plausibility)), 1, 5) as bigint
        ) as group_number
    from (
        select
            -- binary, so that the hash is that of the group, and not of one of its spellings
            rtrim(cast(locationName as nvarchar(400))) collate Latin1_General_BIN2 as asset,
            (datediff(second, [timestamp], @until) - 1) / @bucket_s as bucket,
            case
                when output_count > 1e12 then 1e12
                when output_count < -1e12 then -1e12
                else cast(output_count as float)
            end as units,
            case
                when output_count > 1e9 then 2
                when output_count >= 0 then 1
                else sign(output_count)
            end as plausibility
        from production_data
        where [timestamp] >= @from
            and [timestamp] < @until
    ) as counted
    group by counted.asset, counted.bucket, counted.plausibility
) as grouped
group by grouped.bucket
order by grouped.bucket;
