-- safety.sql: downtime records whose reason code says that somebody's safety was at stake.
--
-- Result columns, oldest first, so that a poll that is cut off at @limit goes on from there the next time:
--   source_id    nvarchar   the record's own key, which lets a corrected record be recognised; a plant
--                           whose table has none leaves this column out
--   asset        nvarchar   the asset as the source spells it
--   reason_code  nvarchar   as typed in
--   at           datetime2  when it happened, plant-local time; null = not known
--   minutes      number     length of the stop in minutes, may be null
--   notes        nvarchar   free text, may be null
-- Texts come with a blank behind them, which the reader takes off: the client library loses the connection
-- over a text that ends in half an emoji, as one that was cut to fit its column can.
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-11-21T06:30:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-11-22T06:30:00';  -- plant-local, not included
-- declare @reason_codes nvarchar(4000) = N'|safety issue|lockout|';  -- lower case, between bars
-- declare @limit int = 50000;                           -- at most so many result rows
--
-- Tables named otherwise? Change the names in the inner select; the aliases stay.
select top (@limit)
    cast(stop.id as nvarchar(100)) as source_id,
    stop.asset + N' ' as asset,
    left(stop.reason_code, 400) + N' ' as reason_code,
    stop.stopped_at as [at],
    stop.minutes as minutes,
    substring(stop.notes, 1, 3999) + N' ' as notes
from (
    select
        id as id,
        locationName as asset,
        reason_code as reason_code,
        -- tabs, line breaks and no-break spaces (9, 10, 13, 160) count as blanks
        lower(ltrim(rtrim(
            replace(replace(replace(replace(
                left(reason_code, 400), nchar(9), N' '), nchar(10), N' '), nchar(13), N' '), nchar(160), N' ')
        ))) as spaced_code,
        [timestamp] as stopped_at,
        downtime_minutes as minutes,
        notes as notes
    from downtime_records
    where [timestamp] >= @from
        and [timestamp] < @until
        -- an incident that nobody gave a time is still an incident
        or [timestamp] is null
) as stop
-- Compared in lower case, so that it holds under case-sensitive collations too; looked up between bars and
-- not with LIKE, so that no character of a code is a wild-card. The three replaces leave one blank of many.
where charindex(
        N'|' + replace(replace(replace(stop.spaced_code, N' ', N'<>'), N'><', N''), N'<>', N' ') + N'|',
        @reason_codes
    ) > 0
order by stop.stopped_at, stop.id;
