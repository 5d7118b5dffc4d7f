-- System views as SQL Server documents them, as far as plantpulse reads them. Part of the schema `mssql`, after
-- times.sql; runs any number of times. Source: "sys.dm_tran_locks", "sys.dm_exec_sessions", "COLUMNS".

create or replace function mssql.db_id() returns integer
language sql immutable return 5;

create or replace function mssql.object_name(id integer) returns text
language sql stable return (select held.relname::text from pg_catalog.pg_class as held where held.oid = id::oid);

-- smalldatetime cannot be told from datetime2(0), nor datetime from datetime2(3).
create or replace view mssql.columns as
select
  current_database()::text as table_catalog,
  'dbo'::text as table_schema,
  held.relname::text as table_name,
  coalesce(pg_catalog.col_description(one.attrelid, one.attnum), one.attname::text) as column_name,
  one.attnum::integer as ordinal_position,
  case kind.typname
    when 'timestamp' then case one.atttypmod when 3 then 'datetime' else 'datetime2' end
    when 'int2' then 'smallint' when 'int4' then 'int' when 'int8' then 'bigint'
    when 'float4' then 'real' when 'float8' then 'float' when 'numeric' then 'decimal'
    when 'varchar' then 'nvarchar' when 'text' then 'nvarchar' when 'bpchar' then 'nchar'
    when 'uuid' then 'uniqueidentifier' when 'bytea' then 'varbinary'
    else kind.typname::text
  end as data_type
from pg_catalog.pg_class as held
inner join pg_catalog.pg_attribute as one on one.attrelid = held.oid and one.attnum > 0 and not one.attisdropped
inner join pg_catalog.pg_type as kind on kind.oid = one.atttypid
where held.relnamespace = 'dbo'::regnamespace and held.relkind in ('r', 'v');

-- A session says who it is in the name that Postgres keeps of it (conversation.py).
create or replace view mssql.dm_exec_sessions as
select
  split_part(backend.application_name, '|', 2)::integer as session_id,
  split_part(backend.application_name, '|', 3) as login_name,
  split_part(backend.application_name, '|', 4) as host_name,
  split_part(backend.application_name, '|', 5) as program_name,
  case when backend.state = 'active' then 'running' else 'sleeping' end as status,
  backend.state_change at time zone current_setting('TimeZone') as last_request_end_time,
  backend.query_start at time zone current_setting('TimeZone') as last_request_start_time,
  case when backend.xact_start is null then 0 else 1 end as open_transaction_count,
  backend.pid as backend_pid
from pg_catalog.pg_stat_activity as backend
where backend.application_name like 'stand-in|%' and backend.datname = current_database();

create or replace view mssql.dm_tran_locks as
select
  'OBJECT'::text as resource_type,
  mssql.db_id() as resource_database_id,
  held.relation::bigint as resource_associated_entity_id,
  case held.mode
    when 'AccessShareLock' then 'Sch-S' when 'RowShareLock' then 'IU' when 'RowExclusiveLock' then 'IX'
    when 'ShareLock' then 'S' when 'AccessExclusiveLock' then 'X' else 'SIX'
  end as request_mode,
  case when held.granted then 'GRANT' else 'WAIT' end as request_status,
  known.session_id as request_session_id
from pg_catalog.pg_locks as held
inner join mssql.dm_exec_sessions as known on known.backend_pid = held.pid
where held.locktype = 'relation';
