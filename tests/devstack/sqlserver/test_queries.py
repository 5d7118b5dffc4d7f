"""T-SQL as plants' query files write it: what it means must be what SQL Server means."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pymssql
import pytest

Ask = Callable[..., list[tuple[Any, ...]]]

at = datetime.fromisoformat  # naive, as these types are


@pytest.fixture
def counts(ask: Ask, table: str) -> str:
    """A small production table: six rows of three spellings of two assets."""
    ask(
        f"create table dbo.{table} (id int identity(1, 1) not null primary key,"
        " locationName nvarchar(50) null, output_count int null,"
        " [timestamp] datetime2(0) not null, entered datetime2(3) default getdate())"
    )
    ask(
        f"insert into {table} (locationName, output_count, [timestamp]) values"
        " (N'PRESS-01', 5, '2026-11-22T06:00:00'), (N'press-01 ', 7, '2026-11-22T06:14:59'),"
        " (N'Press-01', -1, '2026-11-22T06:15:00'), (N'OVEN-02', 3, '2026-11-22T06:20:00'),"
        " (N'OVEN-02', null, '2026-11-22T06:25:00'), (N'OVEN-02', 4, '2026-11-22T06:30:00')"
    )
    return table


def names_of(connection: pymssql.Connection, query: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        names = [str(column[0]) for column in cursor.description or ()]
        cursor.fetchall()
        return names


def test_identifiers_are_found_in_any_letter_case_and_results_keep_the_querys(
    connection: pymssql.Connection, counts: str
) -> None:
    query = (
        f"select LOCATIONNAME as Asset, count(*), OUTPUT_COUNT + 1 as [Plus One] from DBO.{counts.upper()}"
    )

    names = names_of(connection, f"{query} group by locationname, Output_Count")

    assert names == ["Asset", "", "Plus One"]


def test_a_star_shows_the_names_as_the_table_was_created(connection: pymssql.Connection, counts: str) -> None:
    names = names_of(connection, f"select * from {counts}")

    assert names == ["id", "locationName", "output_count", "timestamp", "entered"]


def test_strings_are_equal_in_any_case_and_with_trailing_blanks(ask: Ask, counts: str) -> None:
    equal = ask(f"select count(*) as n from {counts} where locationName = 'PRESS-01   '")
    listed = ask(f"select count(*) as n from {counts} where locationName in ('oven-02', 'none')")
    alike = ask(f"select count(*) as n from {counts} where locationName like 'press%'")

    assert (equal, listed, alike) == ([(3,)], [(3,)], [(3,)])


def test_a_leading_blank_makes_another_string(ask: Ask) -> None:
    assert ask("select case when N' a' = N'a' then 1 else 0 end as is_equal") == [(0,)]


def test_accented_letters_lose_their_case_too(ask: Ask) -> None:
    assert ask("select case when N'ÜBER' = N'über' then 1 else 0 end as a, lower(N'ÄÖ') as b") == [(1, "äö")]


def test_groups_take_spellings_together(ask: Ask, counts: str) -> None:
    rows = ask(
        f"select sum(output_count) as units, count(*) as n from {counts} group by locationName order by units"
    )

    assert rows == [(7, 3), (11, 3)]


def test_distinct_takes_spellings_together(ask: Ask, counts: str) -> None:
    names = ask(f"select distinct locationName from {counts}")
    number = ask(f"select count(distinct locationName) as n from {counts}")

    assert len(names) == 2
    assert number == [(2,)]


def test_a_window_takes_spellings_together(ask: Ask, counts: str) -> None:
    rows = ask(
        "select latest.id as id from (select id, row_number() over (partition by locationName"
        f" order by [timestamp] desc, id desc) as recency from {counts}) as latest"
        " where latest.recency = 1 order by latest.id"
    )

    assert rows == [(3,), (6,)]


def test_a_join_takes_spellings_together(ask: Ask, counts: str) -> None:
    rows = ask(
        f"select count(*) as n from {counts} a"
        " inner join (select N'press-01' as name) b on a.locationName = b.name"
    )

    assert rows == [(3,)]


def test_buckets_are_half_open_and_counted_from_the_newest(ask: Ask, counts: str) -> None:
    rows = ask(
        "declare @from datetime2(0) = '2026-11-22T06:00:00', @until datetime2(0) = '2026-11-22T06:30:00';"
        " declare @bucket_s int = 900, @limit int = 10;"
        " select top (@limit) locationName as asset,"
        " (datediff(second, [timestamp], @until) - 1) / @bucket_s as bucket,"
        " sum(cast(output_count as float)) as units, max([timestamp]) as last_at"
        f" from {counts} with (nolock) where [timestamp] >= @from and [timestamp] < @until"
        " group by locationName, (datediff(second, [timestamp], @until) - 1) / @bucket_s, sign(output_count)"
        " order by bucket, asset, units"
    )

    assert [(asset.strip().upper(), bucket, units, last_at) for asset, bucket, units, last_at in rows] == [
        ("OVEN-02", 0, None, at("2026-11-22T06:25:00")),
        ("OVEN-02", 0, 3.0, at("2026-11-22T06:20:00")),
        ("PRESS-01", 0, -1.0, at("2026-11-22T06:15:00")),
        ("PRESS-01", 1, 12.0, at("2026-11-22T06:14:59")),
    ]


@pytest.mark.parametrize(
    ("part", "since", "until", "boundaries"),
    [
        ("second", "06:00:00.999", "06:00:01.000", 1),
        ("second", "06:00:00.000", "06:00:00.999", 0),
        ("minute", "06:00:59", "06:01:00", 1),
        ("minute", "06:00:00", "06:00:59", 0),
        ("hour", "06:59:59", "07:00:00", 1),
        ("minute", "07:00:00", "06:59:59", -1),
    ],
)
def test_datediff_counts_boundaries(ask: Ask, part: str, since: str, until: str, boundaries: int) -> None:
    rows = ask(
        f"declare @a datetime2(3) = '2026-11-22T{since}', @b datetime2(3) = '2026-11-22T{until}';"
        f" select datediff({part}, @a, @b) as n"
    )

    assert rows == [(boundaries,)]


@pytest.mark.parametrize(
    ("part", "since", "until", "boundaries"),
    [
        ("year", "2025-12-31", "2026-01-01", 1),
        ("month", "2026-01-31", "2026-02-01", 1),
        ("quarter", "2026-03-31", "2026-04-01", 1),
        ("day", "2026-11-21T23:59:59", "2026-11-22T00:00:00", 1),
        ("week", "2026-11-21", "2026-11-22", 1),
    ],
)
def test_datediff_counts_calendar_boundaries(
    ask: Ask, part: str, since: str, until: str, boundaries: int
) -> None:
    assert ask(f"select datediff({part}, '{since}', '{until}') as n") == [(boundaries,)]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("dateadd(minute, -15, cast('2026-11-22T06:10:00' as datetime2(0)))", at("2026-11-22T05:55:00")),
        ("dateadd(month, 1, cast('2026-01-31' as datetime2(0)))", at("2026-02-28")),
        ("datepart(weekday, cast('2026-11-22' as datetime2(0)))", 1),
        ("datepart(hour, cast('2026-11-22T06:10:00' as datetime2(0)))", 6),
        ("year(cast('2026-11-22' as datetime2(0)))", 2026),
        ("isnull(null, N'x')", "x"),
        ("coalesce(null, 2, 3)", 2),
        ("nullif(1, 1)", None),
        ("sign(-5)", -1),
        ("charindex(N'|b|', N'|A|B|')", 3),
        ("charindex(N'z', N'abc')", 0),
        ("charindex(N'a', N'abca', 2)", 4),
        ("ltrim(rtrim(N'  a '))", "a"),
        ("trim(N'  a ')", "a"),
        ("lower(N'AbC') + upper(N'd')", "abcD"),
        ("len(N'ab  ')", 2),
        ("replace(N'A.a.', N'A', N'x')", "x.x."),
        ("replace(N'a.b', N'.', N'')", "ab"),
        ("nchar(9) + char(65)", "\tA"),
        ("left(N'abc', 2) + right(N'abc', 1)", "abc"),
        ("substring(N'abcdef', 2, 3)", "bcd"),
        ("N'a' + null", None),
        ("cast(12 as nvarchar(100))", "12"),
        ("case when 1 = 2 then N'no' else N'yes' end", "yes"),
        ("iif(1 < 2, N'less', N'more')", "less"),
        ("cast(0x0102 as bigint)", 258),
        ("cast(0xFFFFFFFFFFFFFFFF as bigint)", -1),
        ("datalength(hashbytes('SHA2_256', N'a'))", 32),
        ("case when hashbytes('sha2_256', N'a') = hashbytes('SHA2_256', N'A') then 1 else 0 end", 0),
        ("hashbytes('SHA2_256', cast(null as nvarchar(9)))", None),
        ("concat(cast(2 as decimal(9, 3)), N' ', null, 1)", "2.000 1"),
        ("abs(-3)", 3),
        ("round(cast(2.345 as float), 1)", 2.3),
        ("has_perms_by_name(db_name(), N'DATABASE', N'SELECT')", 1),
        ("object_id(N'dbo.no_such_table')", None),
    ],
)
def test_a_function_gives_what_sql_server_gives(ask: Ask, expression: str, value: object) -> None:
    assert ask(f"select {expression} as value") == [(value,)]


def test_object_id_finds_a_table_that_exists(ask: Ask, counts: str) -> None:
    [(plain, bracketed)] = ask(
        f"select object_id(N'{counts}') as a, object_id(N'dbo.[{counts.upper()}]') as b"
    )

    assert plain is not None
    assert plain == bracketed


def test_the_clocks_agree_with_each_other(ask: Ask) -> None:
    [(utc, local, offset, minutes)] = ask(
        "select sysutcdatetime() as a, sysdatetime() as b, sysdatetimeoffset() as c,"
        " datepart(tz, sysdatetimeoffset()) as d"
    )

    assert abs(local - utc - timedelta(minutes=minutes)) < timedelta(seconds=1)
    assert offset.utcoffset() == timedelta(minutes=minutes)


def test_apply_joins_each_row_with_its_own_rows(ask: Ask, counts: str) -> None:
    rows = ask(
        "select a.name as name, latest.id as id from (select N'oven-02' as name union all select N'saw') as a"
        f" outer apply (select top (1) id from {counts} c where c.locationName = a.name"
        " order by c.id desc) as latest"
        " order by name"
    )
    crossed = ask(
        "select a.name as name, latest.id as id from (select N'oven-02' as name union all select N'saw') as a"
        f" cross apply (select top (1) id from {counts} c where c.locationName = a.name"
        " order by c.id desc) as latest"
    )

    assert rows == [("oven-02", 6), ("saw", None)]
    assert crossed == [("oven-02", 6)]


def test_a_common_table_expression_is_not_taken_for_a_table(ask: Ask, counts: str) -> None:
    rows = ask(
        f"with recent as (select top 2 id from {counts} order by id desc) select min(id) as id from recent"
    )

    assert rows == [(5,)]


def test_a_three_part_name_reaches_the_same_table(ask: Ask, mssql: Any, counts: str) -> None:
    assert ask(f"select count(*) as n from [{mssql.database}].[dbo].[{counts}]") == [(6,)]


def test_nulls_sort_first(ask: Ask, counts: str) -> None:
    rows = ask(f"select output_count from {counts} order by output_count")

    assert [value for (value,) in rows] == [None, -1, 3, 4, 5, 7]


def test_rows_are_changed_and_counted(connection: pymssql.Connection, counts: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"update {counts} set output_count = 0 where output_count < 0")
        updated = cursor.rowcount
        cursor.execute(f"delete from {counts} where locationName = 'OVEN-02'")
        deleted = cursor.rowcount
        cursor.execute(f"create index ix_{counts} on {counts} ([timestamp] desc)")
        cursor.execute(f"select count(*) as n, min(output_count) as least from {counts}")
        rows = cursor.fetchall()

    assert (updated, deleted, rows) == (1, 3, [(3, 0)])


def test_a_default_takes_the_servers_local_time(ask: Ask, counts: str) -> None:
    [(age_s,)] = ask(f"select max(datediff(second, entered, sysdatetime())) as age_s from {counts}")

    assert 0 <= age_s < 60


def test_a_pattern_takes_a_backslash_as_it_is(ask: Ask) -> None:
    assert ask(r"select case when N'a\b' like N'a\b' then 1 else 0 end as x") == [(1,)]


def test_a_dropped_table_may_be_dropped_again_with_if_exists(ask: Ask, counts: str) -> None:
    ask(f"drop table if exists {counts}")
    ask(f"drop table if exists {counts}")

    assert ask(f"select object_id(N'{counts}') as id") == [(None,)]
