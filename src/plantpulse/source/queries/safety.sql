-- safety.sql: downtime records with a safety reason code.
--
-- Result columns, oldest first, so that after a cut at @limit the next poll continues there:
--   source_id    nvarchar   the record's own key, by which a corrected record is recognised; leave this
--                           column out if the table has none
--   asset        nvarchar   the asset in the source's spelling
--   reason_code  nvarchar   as typed in
--   at           datetime2  when it happened, plant-local time; null = unknown
--   minutes      number     length of the stop in minutes, may be null
--   notes        nvarchar   free text, may be null
-- Texts end with a blank, which the reader removes: the client library loses the connection when a text ends in
-- half an emoji, for instance after it was cut to fit its column.
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-11-21T06:30:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-11-22T06:30:00';  -- plant-local, not included
-- declare @reason_codes nvarchar(max) = N'|Safety Issue|LOCKOUT|';  -- as typed in, between bars
-- declare @limit int = 50000;                           -- return at most this many rows
--
-- Other table names? Change them in the inner select; the aliases stay.
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
        rtrim(cast(left(reason_code, 400) as nvarchar(400))) as spelling,
        [timestamp] as stopped_at,
        downtime_minutes as minutes,
        notes as notes
    from downtime_records
    where [timestamp] >= @from
        and [timestamp] < @until
        -- an incident that nobody gave a time is still an incident
        or [timestamp] is null
) as stop
-- The spellings come from safety_codes.sql and are compared as they are. Looked up between bars and not with LIKE, so
-- that no character of a code is a wild-card.
where charindex(N'|' + stop.spelling + N'|' collate Latin1_General_BIN2, @reason_codes) > 0
order by stop.stopped_at, stop.id;
