-- lock_holders.sql: the sessions that hold a lock on a table which a reader has to wait for.
--
-- Result columns, the oldest request first:
--   table_name    nvarchar
--   session_id    int
--   login_name    nvarchar
--   host_name     nvarchar   may be null
--   program_name  nvarchar   may be null
--   status        nvarchar   running, or sleeping: then a transaction was left open
--   since_s       int        seconds since the session's last request began
--
-- Only with VIEW SERVER STATE (error 300 without it). It reads the server's own lists, and no row of the plant's.
--
-- Parameters: @limit int, return at most this many rows.
select top (@limit)
    object_name(cast(held.resource_associated_entity_id as int)) as table_name,
    holder.session_id as session_id,
    holder.login_name as login_name,
    holder.host_name as host_name,
    holder.program_name as program_name,
    holder.status as status,
    datediff(second, holder.last_request_start_time, getdate()) as since_s
from sys.dm_tran_locks as held
inner join sys.dm_exec_sessions as holder on holder.session_id = held.request_session_id
where held.resource_type = N'OBJECT'
    and held.resource_database_id = db_id()
    and held.request_status = N'GRANT'
    and held.request_mode in (N'X', N'IX', N'SIX', N'UIX', N'BU', N'Sch-M')
    and held.request_session_id <> @@spid
order by holder.last_request_start_time, holder.session_id;
