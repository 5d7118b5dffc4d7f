-- The tables that the query files in src/plantpulse/source/queries read when nothing else is configured,
-- as a plant's database might have them: local time without a zone, and next to nothing forbidden.
-- T-SQL, one statement per semicolon. Every poll asks for a range of [timestamp], so each table has it indexed.

create table production_data (
    id bigint identity(1, 1) not null primary key,
    locationName nvarchar(100) null,
    output_count int null,
    [timestamp] datetime2(3) not null
);
create index ix_production_data_timestamp on production_data ([timestamp]);

create table oee_metrics (
    id bigint identity(1, 1) not null primary key,
    locationName nvarchar(100) null,
    oee decimal(9, 2) null,
    availability decimal(9, 2) null,
    performance decimal(9, 2) null,
    quality decimal(9, 2) null,
    [timestamp] datetime2(3) not null
);
create index ix_oee_metrics_timestamp on oee_metrics ([timestamp]);

create table downtime_records (
    id bigint identity(1, 1) not null primary key,
    locationName nvarchar(100) null,
    reason_code nvarchar(100) null,
    downtime_minutes int null,
    [timestamp] datetime2(3) not null,
    notes nvarchar(1000) null
);
create index ix_downtime_records_timestamp on downtime_records ([timestamp]);

create table quality_records (
    id bigint identity(1, 1) not null primary key,
    locationName nvarchar(100) null,
    good_count int null,
    reject_count int null,
    [timestamp] datetime2(3) not null
);
create index ix_quality_records_timestamp on quality_records ([timestamp]);

create table labor_records (
    id bigint identity(1, 1) not null primary key,
    locationName nvarchar(100) null,
    headcount int null,
    hours_worked decimal(9, 2) null,
    [timestamp] datetime2(3) not null
);
create index ix_labor_records_timestamp on labor_records ([timestamp]);
