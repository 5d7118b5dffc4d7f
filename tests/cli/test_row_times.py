"""What a check makes of the times in the plant's rows, without any server."""

from datetime import timedelta

import pytest

from plantpulse.cli.checks.locks import describe_holders
from plantpulse.cli.checks.row_times import find_naive_bounds, judge_times
from plantpulse.source.query_files import load_queries, make_query

OFFSETS = [("CycleCount", "CountedAt"), ("CycleCount", "EnteredAt"), ("Stops", "StartedAt")]
CHICAGO = {"UTC": timedelta(hours=6), "the server's clock": timedelta(0)}
BERLIN = {"UTC": timedelta(hours=-1), "the server's clock": timedelta(0)}
SERVER_IN_UTC = {"UTC": timedelta(hours=-2), "the server's clock": timedelta(hours=-1)}
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ("CountedAt >= @from and CountedAt < @until", ["output.sql: CycleCount.CountedAt"]),
        ("c.[countedat] >= @FROM", ["output.sql: CycleCount.CountedAt"]),
        ("CountedAt between @from and @until", ["output.sql: CycleCount.CountedAt"]),
        ("@from <= c.CountedAt", ["output.sql: CycleCount.CountedAt"]),
        ("@until > CountedAt", ["output.sql: CycleCount.CountedAt"]),
        ("CountedAt >= @from at time zone 'Central Standard Time'", []),
        ("CountedAt >= dateadd(hour, -1, @from at time zone 'UTC') and CountedAt < @fromage", []),
        ("BookedAt >= @from -- and CountedAt >= @from", []),
        ("BookedAt >= @from /* CountedAt < @until */", []),
        ("StartedAt >= @from", []),  # a column of another table
    ],
)
def test_a_column_with_an_offset_beside_a_naive_bound_is_named(condition: str, named: list[str]) -> None:
    query = make_query("output", f"select 1 as x from dbo.CycleCount as c where {condition}")

    assert find_naive_bounds([query], OFFSETS) == named


def test_the_built_in_files_are_read_as_well() -> None:
    found = find_naive_bounds(load_queries().values(), [("downtime_records", "timestamp")])

    assert found == [
        f"{name}.sql: downtime_records.timestamp" for name in ("downtime", "safety_codes", "safety")
    ]


@pytest.mark.parametrize(
    ("age", "clocks", "state", "told"),
    [
        (3 * MINUTE, CHICAGO, "ok", "newest rows: output 3 min old"),
        (-4 * MINUTE, CHICAGO, "ok", "newest rows: output now"),
        (timedelta(hours=20), CHICAGO, "ok", "newest rows: output 20 h old"),
        (
            timedelta(hours=-6) + 2 * MINUTE,
            CHICAGO,
            "warning",
            "5 h 58 min in the future, about as far as UTC",
        ),
        (timedelta(hours=-6) + 55 * MINUTE, CHICAGO, "warning", "about as far as UTC is ahead of"),
        (timedelta(hours=-3), CHICAGO, "warning", "the newest row of output.sql is 3 h in the future"),
        (-30 * MINUTE, CHICAGO, "warning", "the newest row of output.sql is 30 min in the future"),
        (timedelta(hours=1) + 3 * MINUTE, BERLIN, "warning", "1 h 3 min old, about as far as UTC is behind"),
        (timedelta(hours=1) - 3 * MINUTE, BERLIN, "warning", "57 min old, about as far as UTC is behind"),
        (3 * MINUTE, BERLIN, "ok", "newest rows: output 3 min old"),
        (timedelta(hours=2), BERLIN, "ok", "newest rows: output 2 h old"),
        (timedelta(hours=1), SERVER_IN_UTC, "warning", "about as far as the server's clock is behind"),
        (timedelta(hours=2), SERVER_IN_UTC, "warning", "about as far as UTC is behind"),
        (timedelta(0), {"UTC": timedelta(0), "the server's clock": timedelta(0)}, "ok", "output 0 s old"),
    ],
)
def test_the_newest_row_is_judged_by_how_far_off_other_clocks_are(
    age: timedelta, clocks: dict[str, timedelta], state: str, told: str
) -> None:
    found = judge_times([], {"output": age}, clocks, "Central Standard Time")

    assert found.state == state
    assert told in found.message
    assert (found.remedy is None) is (state == "ok")


def test_another_clock_is_looked_for_in_every_file() -> None:
    ages = {"output": 3 * MINUTE, "oee": timedelta(hours=-6), "downtime": timedelta(hours=9)}

    found = judge_times([], ages, CHICAGO, "Central Standard Time")

    assert found.message.startswith("the newest row of oee.sql is 6 h in the future")


def test_without_rows_there_is_nothing_to_judge() -> None:
    assert (
        judge_times([], {}, CHICAGO, "Central Standard Time").message == "no rows in the last day to look at"
    )


HELD = [
    ("Production_Data", 57, "MES\\importer", "PC-7\n", "Import 3.1", "sleeping", 4000),
    ("production_data", 61, "plant", None, "", "running", 5),
    ("production_data", 57, "MES\\importer", "PC-7\n", "Import 3.1", "sleeping", 4000),
    ("labor_records", 62, "plant", "PC-8", "MES", "running", 5),
]


def test_the_holders_of_a_lock_are_named_the_oldest_first_and_once() -> None:
    assert describe_holders(HELD, {"production_data"}) == (
        "session 57 holds a lock on Production_Data: login MES\\importer on PC-7, Import 3.1, sleeping with"
        " an open transaction, last request 1 h 6 min ago; session 61 holds a lock on production_data: login"
        " plant on unknown, unknown, running, last request 5 s ago. Ask whoever runs this session; a DBA"
        " can end it with KILL 57"
    )


def test_of_many_holders_three_are_named() -> None:
    held = [("t", session, "plant", "PC", "MES", "running", 1) for session in range(51, 60)]

    assert "; and 6 more. Ask" in describe_holders(held, {"t"})


def test_a_lock_that_is_gone_by_then_is_said_to_be_gone() -> None:
    assert describe_holders(HELD, {"quality_records"}) == (
        "no session holds a lock on its tables any more: check again"
    )
