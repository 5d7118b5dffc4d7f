-- A plant with as few words as possible: each byte of its questions is broken once.
-- Output and stops are the same in every slot, so it does not matter which of them a poll reads.
create table made (asset nvarchar(20) null, bucket int null, units float null, last_at datetime2(3) null);
insert into made (asset, bucket, units) values
    ('PRESS-01', 0, 7), ('PRESS-01', 1, 7), ('PRESS-01', 2, 7), ('PRESS-01', 3, 7);
create table stop (id int null, a nvarchar(20) null, r nvarchar(20) null, s datetime2(3) null, e datetime2(3) null, m float null, n nvarchar(20) null);
insert into stop values (1, 'PAINT-01', 'Safety Issue', '2026-03-11T11:52:00', '2026-03-11T11:54:00', 2, N'näh');
create table seen (asset nvarchar(20) null, oee float null, at datetime2(3) null, good float null, rejected float null, headcount int null);
insert into seen values ('PRESS-01', 0.71, '2026-03-11T11:55:00', 6, 1, 3);
