"""Counts in a column that is not plant-local: a `datetimeoffset`, or a `datetime2` in UTC.

647 units were made in the half hour before noon in Chicago, and 765 in the one with the same digits in UTC.
Which one is read, SQL Server decides: without an offset, a bound is UTC beside a `datetimeoffset`.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pymssql
import pytest

from devstack.sqlserver.address import connect
from plantpulse.source.query_files import build_statement, make_query
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import World
from tests.functions.test_custom_queries import FILES

# 11:40 in Chicago, and 11:40 in UTC, which is 6:40 in Chicago.
MADE = {"2026-03-11T16:40:00": 600, "2026-03-11T16:50:00": 47, "2026-03-11T11:40:00": 765}
BESIDE_THE_MATTER = {"source_clock_skew", "ideal_rate_too_low"}
CHICAGO = "at time zone 'Central Standard Time'"


def of_utc_column(file: str) -> str:
    """Return the how-to's file with the replacements that its table names for a column in UTC."""
    replaced = file.replace(f"CountedAt {CHICAGO}", f"CountedAt at time zone 'UTC' {CHICAGO}")
    replaced = replaced.replace("from CycleCount", "from CycleCountUtc")
    return re.sub(rf"(@\w+) {CHICAGO}", rf"cast(\1 {CHICAGO} at time zone 'UTC' as datetime2(0))", replaced)


@pytest.fixture
def counts(mssql: SqlServerUnderTest) -> Iterator[pymssql.Connection]:
    """A connection beside two tables with the same counts: offsets of Chicago and Berlin, and UTC."""
    with closing(connect(mssql.owner)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "create table CycleCount (EquipmentCode nvarchar(50), CountedAt datetimeoffset(0), Cases int)"
        )
        cursor.execute(
            "create table CycleCountUtc (EquipmentCode nvarchar(50), CountedAt datetime2(0), Cases int)"
        )
        for at, units in MADE.items():
            count(connection, at, units)
        yield connection
        cursor.execute("drop table CycleCount")
        cursor.execute("drop table CycleCountUtc")


def count(connection: pymssql.Connection, at_utc: str, units: int) -> None:
    """Enter units made at a time in UTC into both tables."""
    at = datetime.fromisoformat(at_utc)
    berlin = (at + timedelta(hours=1)).isoformat()
    with connection.cursor() as cursor:
        cursor.execute("insert into CycleCount values ('PRESS-01', %s, %s)", (f"{berlin}+01:00", units))
        cursor.execute("insert into CycleCountUtc values ('PRESS-01', %s, %s)", (at_utc, units))


def poll(world: World, folder: Path, file: str) -> tuple[dict[str, Any], list[str], float]:
    """Poll with this output.sql; return the report, the codes of its warnings, and what PRESS-01 made."""
    (folder / "output.sql").write_text(file, encoding="utf-8")
    world.settings["queries_dir"] = folder
    _, report = world.tick()
    codes = [one["code"] for one in report["warnings"] if one["code"] not in BESIDE_THE_MATTER]
    [made] = world.rows("select sum(output_actual) as units from public.live_snapshots")
    return report, codes, float(made["units"])


@pytest.mark.parametrize("is_utc", [False, True])
def test_the_how_to_s_file_reads_the_window_that_is_meant(
    world: World, counts: pymssql.Connection, tmp_path: Path, is_utc: bool
) -> None:
    file = of_utc_column(FILES["output"]) if is_utc else FILES["output"]

    report, warnings, made = poll(world, tmp_path, file)

    assert (report["outcome"], made, warnings) == ("succeeded", 647, [])


def test_bounds_without_a_zone_read_another_window_which_is_warned_of(
    world: World, counts: pymssql.Connection, tmp_path: Path
) -> None:
    naive = (
        "select top (@limit) EquipmentCode as asset,"
        " (datediff(second, CountedAt, @until) - 1) / @bucket_s as bucket,"
        " sum(cast(Cases as float)) as units, max(CountedAt) as last_at from CycleCount"
        " where CountedAt >= @from and CountedAt < @until"
        " group by EquipmentCode, (datediff(second, CountedAt, @until) - 1) / @bucket_s order by bucket"
    )

    report, warnings, made = poll(world, tmp_path, naive)

    assert (made, warnings) == (765, ["rows_outside_window"])
    [message] = [one["message"] for one in report["warnings"] if one["code"] == "rows_outside_window"]
    assert message.startswith(
        "output.sql: 1 of 1 times lie outside the window that was asked for, by up to 4 h 50 min"
    )


@pytest.mark.parametrize("is_utc", [False, True])
def test_the_night_on_which_the_clock_goes_back_is_read_as_from_a_plant_local_column(
    counts: pymssql.Connection, is_utc: bool
) -> None:
    file = (
        of_utc_column(FILES["output"]).replace("CycleCount\n", "CycleCountUtc\n")
        if is_utc
        else FILES["output"]
    )
    first, second = "2026-11-01T06:10:00", "2026-11-01T07:10:00"  # both are ten past one in Chicago
    for at, units in ((first, 5), (second, 9), ("2026-11-01T07:40:00", 100), ("2026-11-01T05:50:00", 1000)):
        count(counts, at, units)
    bounds = {
        "from": datetime(2026, 11, 1, 1, 0),  # noqa: DTZ001 - plant-local
        "until": datetime(2026, 11, 1, 1, 30),  # noqa: DTZ001
        "limit": 10,
        "bucket_s": 1800,
    }

    with counts.cursor() as cursor:
        cursor.execute(*build_statement(make_query("output", file), bounds))
        rows = cursor.fetchall()

    assert rows == [("PRESS-01 ", 0, 14.0, datetime(2026, 11, 1, 1, 10))]  # noqa: DTZ001
