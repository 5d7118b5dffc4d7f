-- oee.sql: the OEE that the source itself reports, the latest figure of each asset in the window.
--
-- Result columns, newest first; a missing, negative or absurd figure has its own row beside the latest usable one,
-- so that it stays visible:
--   asset  nvarchar   the asset in the source's spelling
--   oee    number     percent or fraction: one scale for the whole plant, set in plantpulse.yaml
--   at     datetime2  when it was reported, plant-local time
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
    reported.asset + N' ' as asset,
    -- float: the client reads decimals three times as slowly
    cast(reported.oee as float) as oee,
    reported.reported_at as [at]
from (
    select
        locationName as asset,
        oee as oee,
        [timestamp] as reported_at,
        -- id decides between two rows of one instant, so that every poll picks the same one
        row_number() over (
            partition by
                locationName,
                case
                    when oee > 1e9 then 2
                    when oee >= 0 then 1
                    else sign(oee)
                end
            order by [timestamp] desc, id desc
        ) as recency
    from oee_metrics
    where [timestamp] >= @from
        and [timestamp] < @until
) as reported
where reported.recency = 1
order by reported.reported_at desc, reported.asset;
