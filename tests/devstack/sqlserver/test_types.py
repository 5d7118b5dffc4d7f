"""Every type there and back, NULL included."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pymssql
import pytest

Ask = Callable[..., list[tuple[Any, ...]]]

at = datetime.fromisoformat  # naive, as these types are

VALUES = [
    ("int", "-2147483648", -2147483648),
    ("bigint", "9223372036854775807", 9223372036854775807),
    ("smallint", "-32768", -32768),
    ("tinyint", "255", 255),
    ("bit", "1", True),
    ("bit", "0", False),
    ("decimal(10, 2)", "-12345678.91", Decimal("-12345678.91")),
    (
        "numeric(38, 0)",
        "99999999999999999999999999999999999999",
        Decimal("99999999999999999999999999999999999999"),
    ),
    ("decimal(9, 4)", "0.0001", Decimal("0.0001")),
    ("money", "1.5", Decimal("1.5")),
    ("float", "0.1", 0.1),
    ("real", "0.5", 0.5),
    ("nvarchar(50)", "N'Über 压机 🏭'", "Über 压机 🏭"),
    ("nvarchar(max)", "N''", ""),
    ("varchar(20)", "'it''s'", "it's"),
    ("nchar(5)", "N'ab'", "ab   "),
    ("char(5)", "'ab'", "ab   "),
    ("datetime", "'2026-11-22T06:31:00'", at("2026-11-22T06:31:00")),
    ("datetime2(0)", "'2026-11-22T06:31:00.6'", at("2026-11-22T06:31:01")),
    ("datetime2(3)", "'2026-11-22T06:31:00.001'", at("2026-11-22T06:31:00.001000")),
    ("datetime2", "'2026-11-22T06:31:00.123456'", at("2026-11-22T06:31:00.123456")),
    ("datetime2(0)", "'0001-01-01'", at("0001-01-01")),
    ("datetime2(0)", "'9999-12-31T23:59:59'", at("9999-12-31T23:59:59")),
    ("date", "'1999-12-31'", date(1999, 12, 31)),
    ("time(0)", "'23:59:59'", time(23, 59, 59)),
    ("varbinary(20)", "0x00FF10", b"\x00\xff\x10"),
    ("varbinary(max)", "0x", b""),
    (
        "uniqueidentifier",
        "'6F9619FF-8B86-D011-B42D-00C04FC964FF'",
        UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
    ),
]


@pytest.mark.parametrize(
    ("kind", "literal", "value"), VALUES, ids=[f"{kind} {literal}" for kind, literal, _ in VALUES]
)
def test_a_value_comes_back_as_it_was_stored(
    ask: Ask, table: str, kind: str, literal: str, value: object
) -> None:
    ask(f"create table {table} (x {kind} null)")
    ask(f"insert into {table} (x) values ({literal})")
    ask(f"insert into {table} (x) values (null)")

    rows = ask(f"select x from {table}")

    assert rows in ([(value,), (None,)], [(None,), (value,)])
    assert {type(stored) for (stored,) in rows} == {type(value), type(None)}


def test_an_instant_with_an_offset_keeps_its_instant(ask: Ask, table: str) -> None:
    ask(f"create table {table} (x datetimeoffset(0))")
    ask(f"insert into {table} (x) values ('2026-11-22T06:31:00+01:00')")

    [(stored,)] = ask(f"select x from {table}")

    assert stored == datetime(2026, 11, 22, 6, 31, tzinfo=timezone(timedelta(hours=1)))


def test_a_sum_of_decimals_is_exact(ask: Ask) -> None:
    rows = ask("select sum(x) as total from (select 0.1 as x union all select 0.2) as t")

    assert rows == [(Decimal("0.3"),)]


def test_whole_numbers_divide_to_whole_numbers(ask: Ask) -> None:
    assert ask("select 7 / 2 as a, -7 / 2 as b, 7 % 3 as c, -7 % 3 as d") == [(3, -3, 1, -1)]


def test_a_cast_to_a_whole_number_cuts(ask: Ask) -> None:
    rows = ask(
        "select cast(2.9 as int) as a, cast(cast(-2.9 as float) as bigint) as b, cast('17' as int) as c"
    )

    assert rows == [(2, -2, 17)]


def test_a_mean_of_whole_numbers_is_a_whole_number(ask: Ask) -> None:
    assert ask("select avg(x) as mean from (select 1 as x union all select 2) as t") == [(1,)]


def test_a_text_longer_than_a_packet_arrives_whole(ask: Ask, table: str) -> None:
    text = "🏭 0123456789 " * 3000
    ask(f"create table {table} (x nvarchar(max))")
    ask(f"insert into {table} (x) values (%s)", (text,))

    assert ask(f"select x from {table}") == [(text,)]


def test_fifty_thousand_rows_arrive_complete_and_in_order(connection: pymssql.Connection) -> None:
    digits = (
        "(select 0 as d union all select 1 union all select 2 union all select 3 union all select 4 union all"
    )
    digits += " select 5 union all select 6 union all select 7 union all select 8 union all select 9)"
    source = (
        f"{digits} a cross join {digits} b cross join {digits} c cross join {digits} d cross join {digits} e"
    )

    with connection.cursor() as cursor:
        cursor.execute(
            "select top (50000) a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d as n, N'row' as t"
            f" from {source} order by n"
        )
        rows = cursor.fetchall() or []

    assert len(rows) == 50000
    assert [rows[0], rows[49999]] == [(0, "row"), (49999, "row")]
    assert len({row[0] for row in rows}) == 50000
