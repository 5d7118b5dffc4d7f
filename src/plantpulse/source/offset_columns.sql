-- offset_columns.sql: the columns that hold an offset, which SQL Server compares in UTC with a time that has none.
--
-- Result columns:
--   table_name   nvarchar
--   column_name  nvarchar
--
-- It reads the catalogue alone, and sees only tables that the login may use.
--
-- Parameters: @limit int, return at most this many rows.
select top (@limit)
    known.table_name as table_name,
    known.column_name as column_name
from information_schema.columns as known
where known.data_type = N'datetimeoffset'
order by known.table_name, known.column_name;
