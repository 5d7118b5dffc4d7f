-- A Wednesday afternoon in two packaging lines; what a poll at 18:00 makes of it stands in test_custom_queries.

insert into Equipment (EquipmentId, ParentEquipmentId, EquipmentLevel, EquipmentCode, Description) values
    (1, null, N'site', N'HAM', N'Hamburg'),
    (10, 1, N'area', N'PACK', N'Packaging hall'),
    (20, 10, N'line', N'L1', N'Cans'),
    (21, 10, N'line', N'L2', N'Kegs'),
    (100, 20, N'unit', N'FILLER', N'Can filler'),
    (101, 20, N'unit', N'PACKER', N'Tray packer'),
    (110, 21, N'unit', N'FILLER', N'Keg filler');

insert into Product (ProductId, ProductCode, PiecesPerCase) values
    (1, N'CAN-24', 24),
    (2, N'KEG-30', 1);

insert into ProductionOrder (OrderId, OrderNumber, ProductId, PlannedCases) values
    (5001, N'PO-26-5001', 1, 900),
    (5002, N'PO-26-5002', 2, 240);

insert into ProductionCount (CountId, EquipmentId, OrderId, BookedAt, GoodCases, ScrapCases) values
    (1, 100, 5001, '2026-03-11T17:29:59', 99, 0),
    (2, 100, 5001, '2026-03-11T17:30:00', 10, 0),
    (3, 100, 5001, '2026-03-11T17:46:00', 9, 1),
    (4, 110, 5002, '2026-03-11T17:59:59', 30, null),
    (5, 101, 5001, '2026-03-11T17:50:00', -1, 0),
    (6, 101, 5001, '2026-03-11T17:51:00', 8, 0),
    (7, 100, 5001, '2026-03-11T18:00:00', 99, 0);

insert into EquipmentStop
    (StopId, EquipmentId, StartTime, EndTime, Reason1, Reason2, Reason3, Reason4, Comment)
values
    (
        'a0000000-0000-4000-8000-000000000001', 100, '2026-03-11T17:40:00', '2026-03-11T17:46:00',
        N'Technical', N'Conveyor', N'Chain', N'Broken link', null
    ),
    (
        'a0000000-0000-4000-8000-000000000002', 100, '2026-03-11T17:55:00', null,
        N'Organisational', null, null, null, null
    ),
    (
        'a0000000-0000-4000-8000-000000000003', 110, '2026-03-11T17:20:00', '2026-03-11T17:35:00',
        N'EHS', N'Guarding', N'SAFETY issue ', N'Light curtain', N'Schutzgitter offen'
    ),
    (
        'a0000000-0000-4000-8000-000000000004', 110, '2026-03-11T09:00:00', '2026-03-11T09:10:30',
        N'EHS', N'Near miss', null, null, null
    ),
    (
        'a0000000-0000-4000-8000-000000000005', 101, '2026-03-11T17:50:00', '2026-03-11T17:45:00',
        N'Technical', N'Safety valve', null, null, N'ends before it starts'
    );

insert into ShiftCalendar (ShiftId, AreaId, ShiftName, StartTime, EndTime) values
    (1, 10, N'early', '2026-03-11T06:00:00', '2026-03-11T14:00:00'),
    (2, 10, N'late', '2026-03-11T14:00:00', '2026-03-11T22:00:00');

insert into Attendance (AttendanceId, ShiftId, EquipmentId, PersonNumber, ClockedIn, ClockedOut) values
    (1, 2, 100, N'P1', '2026-03-11T13:55:00', null),
    (2, 2, 100, N'P2', '2026-03-11T13:58:00', '2026-03-11T17:45:00'),
    (3, 1, 100, N'P3', '2026-03-11T05:58:00', null),
    (4, 2, 100, N'P4', '2026-03-11T17:50:00', null),
    (5, 2, 110, N'P5', '2026-03-11T13:50:00', null);

insert into KeyFigure (EquipmentId, FigureCode, PeriodEnd, FigureValue) values
    (100, N'OEE', '2026-03-11T17:30:00', 0.9000),
    (100, N'OEE', '2026-03-11T17:45:00', 0.7125),
    (100, N'AVAILABILITY', '2026-03-11T17:45:00', 0.9500),
    (100, N'PERFORMANCE', '2026-03-11T17:45:00', 0.7500),
    (100, N'QUALITY', '2026-03-11T17:45:00', 1.0000),
    (100, N'MTBF', '2026-03-11T17:59:00', 42.0000);
