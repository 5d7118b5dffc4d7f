-- labor.sql: how many people work at each asset.
--
-- Result columns, newest booking first; a missing, negative or absurd headcount has its own row
-- beside the latest usable one, so that it stays visible:
--   asset      nvarchar  the asset in the source's spelling
--   headcount  number    people, from the latest record; a state is never summed
-- Texts end with a blank, which the reader removes: the client library loses the connection when a text ends in
-- half an emoji, for instance after it was cut to fit its column.
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-11-22T06:00:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-11-22T06:30:00';  -- plant-local, not included
-- declare @limit int = 50000;                           -- return at most this many rows
--
-- Other table names? Change them in the inner select; the aliases stay.
select top (@limit)
    booked.asset + N' ' as asset,
    booked.headcount as headcount
from (
    select
        locationName as asset,
        headcount as headcount,
        [timestamp] as booked_at,
        -- id decides between two rows of one instant, so that every poll picks the same one
        row_number() over (
            partition by
                locationName,
                case
                    when headcount > 1e9 then 2
                    when headcount >= 0 then 1
                    else sign(headcount)
                end
            order by [timestamp] desc, id desc
        ) as recency
    from labor_records
    where [timestamp] >= @from
        and [timestamp] < @until
) as booked
where booked.recency = 1
order by booked.booked_at desc, booked.asset;
