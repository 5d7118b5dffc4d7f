-- permissions.sql: the login's permissions to change something. A poll needs none of them.
--
-- Result columns, the database first:
--   securable   nvarchar   the database, or a table as schema.table
--   permission  nvarchar   INSERT, UPDATE, DELETE, ALTER, CONTROL or CREATE TABLE
--
-- Parameters: @limit int, return at most this many rows.
select top (@limit)
    held.securable as securable,
    held.[permission] as [permission]
from (
    select
        0 as place,
        db_name() as securable,
        wanted.[permission] as [permission]
    from (values (N'CONTROL'), (N'ALTER'), (N'INSERT'), (N'UPDATE'), (N'DELETE'), (N'CREATE TABLE')) as wanted ([permission])
    where has_perms_by_name(db_name(), N'DATABASE', wanted.[permission]) = 1
    union all
    select
        1 as place,
        known.table_schema + N'.' + known.table_name as securable,
        wanted.[permission] as [permission]
    from information_schema.tables as known
    cross join (values (N'INSERT'), (N'UPDATE'), (N'DELETE'), (N'ALTER')) as wanted ([permission])
    where has_perms_by_name(
            quotename(known.table_schema) + N'.' + quotename(known.table_name), N'OBJECT', wanted.[permission]
        ) = 1
) as held
order by held.place, held.securable, held.[permission];
