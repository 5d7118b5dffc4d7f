"""Dates and times as Microsoft's pages show them: most expectations are results printed there.

Source: "datetimeoffset", "time", "AT TIME ZONE", "DATEPART", "DATEDIFF", "CAST and CONVERT" of Transact-SQL;
"Database engine events and errors" for the numbers.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import pymssql
import pytest

Ask = Callable[..., list[tuple[Any, ...]]]

at = datetime.fromisoformat
AUGUST = "cast('2019-08-23T13:39:17.090' as datetime)"  # the time in the table of CONVERT's styles
NEW_YEARS_EVE = "cast('1997-12-31 14:53:00.123 +04:30' as datetimeoffset(3))"


def offset(hours: int, minutes: int = 0) -> timezone:
    return timezone(timedelta(hours=hours, minutes=minutes))


def test_an_instant_comes_back_with_the_offset_that_it_was_stored_with(ask: Ask, table: str) -> None:
    ask(f"create table {table} (id int, x datetimeoffset(3) null)")
    ask(
        f"insert into {table} (id, x) values (1, '2007-05-08 12:35:29.123 +12:15'),"
        " (2, '1999-12-12T19:30:30.120Z'), (3, '2007-05-08 00:30:00 -05:00'), (4, null)"
    )

    rows = [value for (value,) in ask(f"select x from {table} order by id")]

    assert rows == [
        datetime(2007, 5, 8, 12, 35, 29, 123000, offset(12, 15)),
        datetime(1999, 12, 12, 19, 30, 30, 120000, offset(0)),
        datetime(2007, 5, 8, 0, 30, tzinfo=offset(-5)),
        None,
    ]
    assert [value.utcoffset() for value in rows[:3]] == [
        timedelta(hours=12, minutes=15),
        timedelta(0),
        timedelta(hours=-5),
    ]


def test_what_has_no_offset_is_utc_beside_an_instant(ask: Ask) -> None:
    """The data type precedence: datetimeoffset is above datetime2, and the offset is taken for +00:00."""
    [row] = ask(
        "declare @plain datetime = '2014-07-07 02:49:33.000',"
        " @there datetimeoffset(2) = '2014-07-07 09:49:33.00 +07:00';"
        "select case when @plain = @there then 1 else 0 end as equal,"
        " case when @plain = cast(@there as datetime) then 1 else 0 end as cast_equal,"
        " datediff(hour, @there, cast('2014-07-07 09:49:33' as datetime2(0))) as hours"
    )

    assert row == (1, 0, 7)


def test_a_range_over_instants_is_in_utc_unless_its_bounds_say_otherwise(ask: Ask, table: str) -> None:
    ask(f"create table {table} (id int, x datetimeoffset(0))")
    ask(
        f"insert into {table} (id, x) values (1, '2026-11-22T00:30:00-06:00'),"
        " (2, '2026-11-22T00:30:00+00:00'), (3, '2026-11-22T06:59:59+00:00'),"
        " (4, '2026-11-22T01:00:00-06:00')"
    )
    bounds = (
        "declare @from datetime2(0) = '2026-11-22T00:00:00', @until datetime2(0) = '2026-11-22T01:00:00';"
    )
    zone = "at time zone 'Central Standard Time'"

    naive = ask(f"{bounds} select id from {table} where x >= @from and x < @until order by id")
    meant = ask(f"{bounds} select id from {table} where x >= @from {zone} and x < @until {zone} order by id")
    literal = ask(
        f"select id from {table} where x >= '2026-11-22T00:00:00' and x < '2026-11-22T01:00:00' order by id"
    )

    assert naive == literal == [(2,)]
    assert meant == [(1,), (3,)]


def test_instants_order_and_group_by_the_instant(ask: Ask, table: str) -> None:
    ask(f"create table {table} (id int, x datetimeoffset(0))")
    ask(
        f"insert into {table} (id, x) values (1, '2026-11-22T12:00:00+02:00'),"
        " (2, '2026-11-22T10:00:00+00:00'), (3, '2026-11-22T09:00:00-06:00')"
    )

    assert ask(f"select id from {table} order by x desc, id") == [(3,), (1,), (2,)]
    assert ask(f"select count(*) as n from {table} group by x order by x") == [(2,), (1,)]
    assert ask(f"select max(x) as a, min(x) as b from {table}") == [
        (datetime(2026, 11, 22, 15, tzinfo=offset(0)), datetime(2026, 11, 22, 10, tzinfo=offset(0)))
    ]


@pytest.mark.parametrize(
    ("wall", "shown"),
    [
        ("2015-03-29T01:01:00", "2015-03-29 01:01:00 +01:00"),
        ("2015-03-29T02:01:00", "2015-03-29 03:01:00 +02:00"),  # skipped
        ("2015-03-29T03:01:00", "2015-03-29 03:01:00 +02:00"),
        ("2015-10-25T01:01:00", "2015-10-25 01:01:00 +02:00"),
        ("2015-10-25T02:00:00", "2015-10-25 02:00:00 +02:00"),  # shown twice
        ("2015-10-25T03:01:00", "2015-10-25 03:01:00 +01:00"),
    ],
)
def test_at_time_zone_gives_a_wall_clock_its_offset(ask: Ask, wall: str, shown: str) -> None:
    rows = ask(
        f"select cast(convert(datetime2(0), '{wall}', 126)"
        " at time zone 'Central European Standard Time' as varchar(40)) as x"
    )

    assert rows == [(shown,)]


def test_at_time_zone_shows_an_instant_in_another_zone(ask: Ask) -> None:
    [(central, pacific)] = ask(
        "select cast('2026-07-01T12:00:00' as datetime2(0)) at time zone 'UTC'"
        " at time zone N'central standard time' as a,"
        " cast('2026-01-01T12:00:00' as datetime2(0)) at time zone 'Pacific Standard Time'"
        " at time zone 'UTC' as b"
    )

    assert (central, central.utcoffset()) == (
        datetime(2026, 7, 1, 12, tzinfo=offset(0)),
        timedelta(hours=-5),
    )
    assert (pacific, pacific.utcoffset()) == (datetime(2026, 1, 1, 20, tzinfo=offset(0)), timedelta(0))


def test_the_server_lists_its_zones_by_their_windows_names(ask: Ask) -> None:
    names = {name for (name,) in ask("select name from sys.time_zone_info")}

    assert {"Central Standard Time", "W. Europe Standard Time", "UTC"} <= names
    assert not names & {"America/Chicago", "Europe/Berlin", "Etc/UTC"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("datepart(year, '2007-10-30 12:15:32.1234567 +05:10')", 2007),
        ("datepart(quarter, '2007-10-30 12:15:32.1234567 +05:10')", 4),
        ("datepart(dayofyear, '2007-10-30 12:15:32.1234567 +05:10')", 303),
        ("datepart(week, '2007-10-30 12:15:32.1234567 +05:10')", 44),
        ("datepart(weekday, '2007-10-30 12:15:32.1234567 +05:10')", 3),
        ("datepart(hour, '2007-10-30 12:15:32.1234567 +05:10')", 12),
        ("datepart(n, '2007-10-30 12:15:32.1234567 +05:10')", 15),
        ("datepart(millisecond, '2007-10-30 12:15:32.1234567 +05:10')", 123),
        ("datepart(tzoffset, '2007-10-30 12:15:32.1234567 +05:10')", 310),
        ("datepart(iso_week, '2007-10-30 12:15:32.1234567 +05:10')", 44),
        ("datepart(week, '2007-04-21 ')", 16),
        ("datepart(weekday, '2007-04-21 ')", 7),
        ("datepart(year, '12:10:30.123')", 1900),
        ("datepart(dayofyear, '12:10:30.123')", 1),
        ("datepart(weekday, '12:10:30.123')", 2),
        ("datepart(millisecond, '00:00:01.1234567')", 123),
        ("datediff(day, '2036-03-01', '2036-02-28')", -2),
        ("datediff(dayofyear, '2005-12-31 23:59:59', '2006-01-01 00:00:00')", 1),
        ("datepart(hour, cast('12:10:30' as time(0)))", 12),
        ("datediff(minute, cast('22:15' as time), cast('06:05' as time))", -970),
        ("datediff(day, cast('22:15' as time), cast('06:05' as time))", 0),
        ("dateadd(hour, 3, cast('22:15' as time(0)))", time(1, 15)),
        ("cast(cast('12:15:04.123' as time(3)) as datetime)", at("1900-01-01T12:15:04.123")),
        ("cast('12:15:04.1237' as time(4))", time(12, 15, 4, 123700)),
        ("cast(cast('1912-10-25 12:24:32.127 +10:00' as datetimeoffset(3)) as time(0))", time(12, 24, 32)),
        ("cast(cast('1912-10-25 00:24:32 +10:00' as datetimeoffset(0)) as date)", date(1912, 10, 25)),
        (
            "cast(cast('1912-10-25 12:24:32 +10:00' as datetimeoffset(0)) as datetime2(0))",
            at("1912-10-25T12:24:32"),
        ),
        (
            "cast('2026-01-05' as datetime) + cast(cast('06:30' as time) as datetime)",
            at("2026-01-05T06:30:00"),
        ),
        ("cast('2026-01-05' as datetime) - 1", at("2026-01-04")),
        ("eomonth('2026-02-10')", date(2026, 2, 28)),
        ("datefromparts(2026, 2, 10)", date(2026, 2, 10)),
        ("try_convert(int, 'twelve')", None),
        ("try_cast('12.5' as float)", 12.5),
        ("try_convert(datetime2(0), '31/12/2025', 103)", at("2025-12-31")),
        ("try_convert(datetime2(0), '31/12/2025', 101)", None),
    ],
)
def test_a_time_gives_what_the_documentation_says(ask: Ask, expression: str, value: object) -> None:
    assert ask(f"select {expression} as value") == [(value,)]


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        (0, "Aug 23 2019  1:39PM"),
        (1, "08/23/19"),
        (2, "19.08.23"),
        (3, "23/08/19"),
        (4, "23.08.19"),
        (5, "23-08-19"),
        (6, "23 Aug 19"),
        (7, "Aug 23, 19"),
        (8, "13:39:17"),
        (9, "Aug 23 2019  1:39:17:090PM"),
        (10, "08-23-19"),
        (11, "19/08/23"),
        (12, "190823"),
        (13, "23 Aug 2019 13:39:17:090"),
        (14, "13:39:17:090"),
        (20, "2019-08-23 13:39:17"),
        (21, "2019-08-23 13:39:17.090"),
        (22, "08/23/19  1:39:17 PM"),
        (23, "2019-08-23"),
        (101, "08/23/2019"),
        (102, "2019.08.23"),
        (103, "23/08/2019"),
        (104, "23.08.2019"),
        (105, "23-08-2019"),
        (106, "23 Aug 2019"),
        (107, "Aug 23, 2019"),
        (110, "08-23-2019"),
        (111, "2019/08/23"),
        (112, "20190823"),
        (120, "2019-08-23 13:39:17"),
        (121, "2019-08-23 13:39:17.090"),
        (126, "2019-08-23T13:39:17.090"),
        (127, "2019-08-23T13:39:17.090"),
    ],
)
def test_convert_writes_a_datetime_in_its_style(ask: Ask, style: int, shown: str) -> None:
    assert ask(f"select convert(nvarchar(40), {AUGUST}, {style}) as x") == [(shown,)]


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        (121, "1997-12-31 14:53:00.123 +04:30"),
        (126, "1997-12-31T14:53:00.123+04:30"),
        (127, "1997-12-31T10:23:00.123Z"),
    ],
)
def test_convert_writes_an_instant_in_its_style(ask: Ask, style: int, shown: str) -> None:
    assert ask(f"select convert(nvarchar(40), {NEW_YEARS_EVE}, {style}) as x") == [(shown,)]


@pytest.mark.parametrize(
    ("conversion", "value"),
    [
        ("convert(datetime2(0), '2006-12-12T23:45:12-08:00', 127)", at("2006-12-13T07:45:12")),
        ("convert(datetime, '2006-12-12T23:45:12Z', 127)", at("2006-12-12T23:45:12")),
        ("convert(datetime, '2006-04-25T15:50:59.997', 126)", at("2006-04-25T15:50:59.997")),
        ("convert(date, '31.12.2025', 104)", date(2025, 12, 31)),
        ("convert(datetime2(0), '12/31/2025 10:11:12', 101)", at("2025-12-31T10:11:12")),
        ("convert(datetime2(0), '20251231', 112)", at("2025-12-31")),
    ],
)
def test_convert_reads_a_text_in_its_style(ask: Ask, conversion: str, value: object) -> None:
    assert ask(f"select {conversion} as x") == [(value,)]


@pytest.mark.stand_in
@pytest.mark.parametrize(
    ("batch", "number", "text"),
    [
        (
            "select getdate() at time zone 'America/Chicago' as x",
            9820,
            "The time zone parameter 'America/Chicago' provided to AT TIME ZONE clause is invalid.",
        ),
        ("select getdate() at time zone ' UTC' as x", 9820, "The time zone parameter ' UTC' provided"),
        ("select cast('2026-01-01' as date) at time zone 'UTC' as x", 8116, "date is invalid for argument 1"),
        (
            "declare @t time = '12:10:30.123'; select datepart(year, @t) as x",
            9810,
            "The datepart year is not supported by date function datepart for data type time.",
        ),
        (
            "select dateadd(dd, 1, cast('10:00' as time)) as x",
            9810,
            "The datepart day is not supported by date function dateadd for data type time.",
        ),
        (
            "select datepart(hh, cast('2026-01-01' as date)) as x",
            9810,
            "The datepart hour is not supported by date function datepart for data type date.",
        ),
        ("select cast(cast('10:00' as time) as date) as x", 206, "date is incompatible with time"),
        (
            "select cast('2021-12-31T00:00:00' as datetime) + cast('17:00:00' as time) as x",
            402,
            "The data types datetime and time are incompatible in the add operator.",
        ),
        ("select convert(datetimeoffset, getdate(), 121) as x", 9809, "The style 121 is not supported"),
        ("select convert(varchar(30), getdate(), 99) as x", 281, "99 is not a valid style number"),
        ("select convert(datetime, '31/12/2025', 101) as x", 241, "Conversion failed"),
    ],
)
def test_a_refusal_has_the_documented_number(ask: Ask, batch: str, number: int, text: str) -> None:
    with pytest.raises(pymssql.Error) as refused:
        ask(batch)

    assert refused.value.args[0] == number
    assert text in refused.value.args[1].decode()


def test_the_catalogue_tells_the_types_of_columns(ask: Ask, table: str) -> None:
    ask(f"create table {table} (CountedAt datetimeoffset(3), BookedAt datetime, Units int)")

    rows = ask(
        "select column_name, data_type from information_schema.columns"
        f" where table_name = N'{table}' order by ordinal_position"
    )

    assert rows == [("CountedAt", "datetimeoffset"), ("BookedAt", "datetime"), ("Units", "int")]
