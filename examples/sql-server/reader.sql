-- The login that plantpulse polls with: it may read five tables and do nothing else.
--
-- Run it once on the plant's SQL Server as somebody who may create logins (securityadmin) and users in the
-- database (db_owner). Put the database's name for mes in both places, and a password of your own for the
-- one below: long, random, kept only in the cloud's secret store. Running it again changes nothing.
-- With query files of your own (queries_dir) grant the tables that those read instead.

use master;
go

if suser_id('plantpulse_reader') is null
    create login plantpulse_reader
        with password = '<a password of your own>', check_policy = on, check_expiration = off, default_database = mes;
go

use mes;
go

if user_id('plantpulse_reader') is null
    create user plantpulse_reader for login plantpulse_reader;
go

-- A member of no role but public: never db_datareader, which may read every table.
grant select on dbo.production_data to plantpulse_reader;
grant select on dbo.downtime_records to plantpulse_reader;
grant select on dbo.oee_metrics to plantpulse_reader;
grant select on dbo.quality_records to plantpulse_reader;
grant select on dbo.labor_records to plantpulse_reader;

-- Whatever public may have been given: this login writes nothing and runs nothing.
deny insert, update, delete, execute, alter on schema::dbo to plantpulse_reader;
go
