-- quality.sql: good and rejected units of each asset in the window.
--
-- Result columns:
--   asset     nvarchar  the asset in the source's spelling
--   good      float     sum of the good units
--   rejected  float     sum of the rejected units
-- Negative, missing and absurd counts (beyond 1e9) have sums of their own, so that malformed rows stay visible. An
-- asset without such rows has one row.
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
    checked.asset + N' ' as asset,
    sum(checked.good) as good,
    sum(checked.rejected) as rejected
from (
    select
        locationName as asset,
        -- float and bounded: neither the sum of an int column nor that of a float column may overflow, as
        -- that would end the query
        case
            when good_count > 1e12 then 1e12
            when good_count < -1e12 then -1e12
            else cast(good_count as float)
        end as good,
        case
            when reject_count > 1e12 then 1e12
            when reject_count < -1e12 then -1e12
            else cast(reject_count as float)
        end as rejected,
        case
            when good_count > 1e9 then 2
            when good_count >= 0 then 1
            else sign(good_count)
        end as good_plausibility,
        case
            when reject_count > 1e9 then 2
            when reject_count >= 0 then 1
            else sign(reject_count)
        end as rejected_plausibility
    from quality_records
    where [timestamp] >= @from
        and [timestamp] < @until
) as checked
group by checked.asset, checked.good_plausibility, checked.rejected_plausibility
order by checked.asset, checked.good_plausibility, checked.rejected_plausibility;
