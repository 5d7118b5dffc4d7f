-- The part of an order-based MES that a poll needs, as such products have it: equipment as a tree of ids, amounts
-- booked on orders in cases, stops from instant to instant with reasons as text in four levels, shifts as rows,
-- attendance by person, key figures by name. Times are plant-local without a zone.
-- T-SQL, one statement per semicolon. The query files for it stand in examples/queries/order-based-mes.

create table Equipment (
    EquipmentId int not null primary key,
    ParentEquipmentId int null,
    EquipmentLevel nvarchar(20) not null,
    EquipmentCode nvarchar(50) not null,
    Description nvarchar(200) null
);

create table Product (
    ProductId int not null primary key,
    ProductCode nvarchar(50) not null,
    PiecesPerCase int not null
);

create table ProductionOrder (
    OrderId int not null primary key,
    OrderNumber nvarchar(20) not null,
    ProductId int not null,
    PlannedCases decimal(18, 3) not null
);

create table ProductionCount (
    CountId bigint not null primary key,
    EquipmentId int not null,
    OrderId int not null,
    BookedAt datetime not null,
    GoodCases decimal(18, 3) null,
    ScrapCases decimal(18, 3) null
);

create table EquipmentStop (
    StopId uniqueidentifier not null primary key,
    EquipmentId int not null,
    StartTime datetime not null,
    EndTime datetime null,
    Reason1 nvarchar(100) null,
    Reason2 nvarchar(100) null,
    Reason3 nvarchar(100) null,
    Reason4 nvarchar(100) null,
    Comment nvarchar(max) null
);

create table ShiftCalendar (
    ShiftId int not null primary key,
    AreaId int not null,
    ShiftName nvarchar(20) not null,
    StartTime datetime not null,
    EndTime datetime not null
);

create table Attendance (
    AttendanceId int not null primary key,
    ShiftId int not null,
    EquipmentId int not null,
    PersonNumber nvarchar(20) not null,
    ClockedIn datetime not null,
    ClockedOut datetime null
);

create table KeyFigure (
    EquipmentId int not null,
    FigureCode nvarchar(20) not null,
    PeriodEnd datetime not null,
    FigureValue decimal(9, 4) null
);
