-- safety_codes.sql: every spelling of a reason code in the look-back. plantpulse decides which of them are safety
-- codes and asks safety.sql for those: no server's idea of upper and lower case can lose an incident.
--
-- Result columns:
--   reason_code  nvarchar  as typed in, without the blanks behind it; each spelling once
-- Texts end with a blank, which the reader removes: the client library loses the connection when a text ends in
-- half an emoji, for instance after it was cut to fit its column.
--
-- Parameters (remove the dashes to try it in a query window):
-- declare @from datetime2(0) = '2026-11-21T06:30:00';   -- plant-local, included
-- declare @until datetime2(0) = '2026-11-22T06:30:00';  -- plant-local, not included
-- declare @limit int = 50000;                           -- return at most this many rows
--
-- Other table names? Change them in the inner select; the aliases stay.
select top (@limit)
    typed.reason_code collate Latin1_General_BIN2 + N' ' as reason_code
from (
    select rtrim(cast(left(reason_code, 400) as nvarchar(400))) as reason_code
    from downtime_records
    where [timestamp] >= @from
        and [timestamp] < @until
        or [timestamp] is null
) as typed
-- Binary, so that two spellings that are one to the server's collation are both shown.
group by typed.reason_code collate Latin1_General_BIN2
order by typed.reason_code collate Latin1_General_BIN2;
