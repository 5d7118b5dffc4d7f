-- permissions.sql: the login's permissions to change something. A poll needs none of them.
--
-- Result columns, the plant's own database first and the server's own last:
--   kind        nvarchar   DATABASE, SCHEMA, OBJECT or PROCEDURE
--   securable   nvarchar   the database, the schema, or a table or procedure as [schema].[name]
--   permission  nvarchar   CONTROL, ALTER, INSERT, UPDATE, DELETE, CREATE TABLE or EXECUTE
--
-- The owner of a schema may create and change what is in it, without a permission on the database. A procedure
-- writes with its owner's rights, so that EXECUTE is enough. master and tempdb are everybody's neighbours. In a
-- database with a case-sensitive collation the catalogue's names are upper case.
--
-- Parameters: @limit int, return at most this many rows.
select top (@limit)
    held.kind as kind,
    held.securable as securable,
    held.[permission] as [permission]
from (
    select
        case when known.name = db_name() then 0 else 4 end as place,
        N'DATABASE' as kind,
        known.name as securable,
        wanted.[permission] as [permission]
    from (select db_name() as name union select N'master' union select N'tempdb') as known
    cross join (
        values (N'CONTROL'), (N'ALTER'), (N'INSERT'), (N'UPDATE'), (N'DELETE'), (N'CREATE TABLE')
    ) as wanted ([permission])
    where has_perms_by_name(known.name, N'DATABASE', wanted.[permission]) = 1
    union all
    select
        1 as place,
        N'SCHEMA' as kind,
        known.SCHEMA_NAME as securable,
        wanted.[permission] as [permission]
    from INFORMATION_SCHEMA.SCHEMATA as known
    cross join (values (N'ALTER'), (N'INSERT'), (N'UPDATE'), (N'DELETE')) as wanted ([permission])
    where has_perms_by_name(quotename(known.SCHEMA_NAME), N'SCHEMA', wanted.[permission]) = 1
    union all
    select
        2 as place,
        N'OBJECT' as kind,
        quotename(known.TABLE_SCHEMA) + N'.' + quotename(known.TABLE_NAME) as securable,
        wanted.[permission] as [permission]
    from INFORMATION_SCHEMA.TABLES as known
    cross join (values (N'INSERT'), (N'UPDATE'), (N'DELETE'), (N'ALTER')) as wanted ([permission])
    where has_perms_by_name(
            quotename(known.TABLE_SCHEMA) + N'.' + quotename(known.TABLE_NAME), N'OBJECT', wanted.[permission]
        ) = 1
    union all
    select
        3 as place,
        N'PROCEDURE' as kind,
        quotename(known.ROUTINE_SCHEMA) + N'.' + quotename(known.ROUTINE_NAME) as securable,
        N'EXECUTE' as [permission]
    from INFORMATION_SCHEMA.ROUTINES as known
    where known.ROUTINE_TYPE = N'PROCEDURE'
        and has_perms_by_name(
            quotename(known.ROUTINE_SCHEMA) + N'.' + quotename(known.ROUTINE_NAME), N'OBJECT', N'EXECUTE'
        ) = 1
) as held
order by held.place, held.securable, held.[permission];
