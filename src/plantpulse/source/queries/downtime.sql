-- downtime.sql: the stops of each asset that reach into the window, uncut.
--
-- Result columns, newest stop first:
--   asset        nvarchar   the asset in the source's spelling
--   reason_code  nvarchar   as typed in, may be null
--   started_at   datetime2  plant-local time
--   ended_at     datetime2  plant-local time; null = still open; before started_at = malformed
--   minutes      float      length of the stop, if the table has that and no end: ended_at is then a sum by the wall
--                           clock, an hour off over a change of the clock. Null = still open; leave the column out
--                           if the table has the end
-- Texts end with a blank, which the reader removes: the client library loses the connection when a text ends in
-- half an emoji, for instance after it was cut to fit its column.
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-11-22T06:00:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-11-22T06:30:00';  -- plant-local, not included
-- declare @limit int = 50000;                           -- return at most this many rows
--
-- Other table names? Change them in the inner select; the aliases stay. If the
-- table has the end of a stop, return it as ended_at instead of the dateadd, and no minutes.
select top (@limit)
    stop.asset + N' ' as asset,
    left(stop.reason_code, 400) + N' ' as reason_code,
    stop.started_at as started_at,
    stop.ended_at as ended_at,
    stop.minutes as minutes
from (
    select
        id as id,
        locationName as asset,
        reason_code as reason_code,
        [timestamp] as started_at,
        -- Minutes are bounded before they are added: one mistyped row must not overflow the date and end
        -- the query. Beyond a year reads as a year, which still covers any window; below zero reads as
        -- minus one, which shows as malformed.
        dateadd(
            second,
            cast(
                60 * case
                    when downtime_minutes > 525600 then 525600
                    when downtime_minutes < 0 then -1
                    else downtime_minutes
                end as int
            ),
            -- and of the conditions below the server may test the one on ended_at first: a row dated in the
            -- year 9999 must not overflow either
            case when [timestamp] < @until then [timestamp] end
        ) as ended_at,
        cast(
            case
                when downtime_minutes > 525600 then 525600
                when downtime_minutes < 0 then -1
                else downtime_minutes
            end as float
        ) as minutes
    from downtime_records
    -- Seven days: a stop is found by its start, so one that began before the window and reaches into it
    -- would be missed without looking back. Longer asks the index for more rows at every poll; a stop that
    -- is older and still open drops out of sight, because records that nobody closed would never end.
    where [timestamp] >= dateadd(day, -7, @from)
        and [timestamp] < @until
) as stop
where stop.ended_at is null
    or stop.ended_at > @from
    or stop.started_at >= @from
order by stop.started_at desc, stop.id desc;
