-- offset_columns.sql: the columns that hold an offset, which SQL Server compares in UTC with a time that has none.
--
-- Result columns:
--   table_name   nvarchar
--   column_name  nvarchar
--
-- It reads the catalogue alone, and sees only tables that the login may use. In a database with a case-sensitive
-- collation the catalogue's names are upper case.
--
-- Parameters: @limit int, return at most this many rows.
select top (@limit)
    known.TABLE_NAME as table_name,
    known.COLUMN_NAME as column_name
from INFORMATION_SCHEMA.COLUMNS as known
where known.DATA_TYPE = N'datetimeoffset'
order by known.TABLE_NAME, known.COLUMN_NAME;
