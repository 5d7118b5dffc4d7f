-- The plant's five tables as carelessly typed as they come: names in CHAR columns or without a limit, amounts
-- as float or as long decimals, times that may be missing, nothing indexed. For `dirt`.
-- T-SQL, one statement per semicolon.

create table production_data (
    id bigint identity(1, 1) not null primary key,
    locationName nchar(60) null,
    output_count float null,
    [timestamp] datetime2(3) null
);

create table oee_metrics (
    id bigint identity(1, 1) not null primary key,
    locationName nvarchar(400) null,
    oee float null,
    availability float null,
    performance float null,
    quality float null,
    [timestamp] datetime2(7) null
);

create table downtime_records (
    id bigint identity(1, 1) not null primary key,
    locationName nvarchar(4000) null,
    reason_code nvarchar(max) null,
    downtime_minutes float null,
    [timestamp] datetime2(3) null,
    notes nvarchar(max) null
);

create table quality_records (
    id bigint identity(1, 1) not null primary key,
    locationName nchar(60) null,
    good_count decimal(38, 0) null,
    reject_count decimal(38, 0) null,
    [timestamp] datetime2(3) null
);

create table labor_records (
    id bigint identity(1, 1) not null primary key,
    locationName nvarchar(400) null,
    headcount decimal(38, 1) null,
    hours_worked float null,
    [timestamp] datetime2(0) null
);
