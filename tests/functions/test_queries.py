"""What SQL Server answers to the six query files, asked as a poll asks them: through `sp_executesql`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pymssql
import pytest

from devstack.plant.model import northfield
from devstack.plant.producer import produce
from devstack.plant.rows import Downtime, Labor, Oee, Output, Production, Quality, Row
from devstack.plant.writer import write
from plantpulse.live_pulse.safety_codes import between_bars, matching
from plantpulse.source.query_files import build_statement, load_queries

at = datetime.fromisoformat  # naive, as the plant's database stores it

QUERIES = load_queries()

FROM = at("2026-11-20 10:00")
UNTIL = at("2026-11-20 10:30")
ENTERED = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)

VALUES: dict[str, object] = {
    "from": FROM,
    "until": UNTIL,
    "limit": 1000,
    "bucket_s": 900,
    "reason_codes": "|Safety Issue|Lockout|",
}

CODES = ("Safety Issue", "lockout")

Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def source(mes: pymssql.Connection) -> pymssql.Connection:
    """The plant's database with its tables empty."""
    return mes


@pytest.fixture
def ask(source: pymssql.Connection) -> Ask:
    """Runs a query file over the window and returns its rows."""

    def run(name: str, **changed: Any) -> list[tuple[Any, ...]]:
        if name == "safety":
            spellings = matching((code for (code,) in run("safety_codes", **changed)), CODES)
            if not spellings:
                return []  # as a poll, which does not ask then
            changed["reason_codes"] = between_bars(spellings)
        with source.cursor() as cursor:
            cursor.execute(*build_statement(QUERIES[name], VALUES | changed))
            _check_columns(name, [column[0] for column in cursor.description or ()])
            return [tuple(_without_blank(value) for value in row) for row in cursor.fetchall() or ()]

    return run


def _check_columns(name: str, found: list[str]) -> None:
    """Check that a file returns its columns in their order; the optional ones may be missing."""
    query = QUERIES[name]
    assert found == [column for column in query.columns if column in found]
    assert set(query.columns) - set(found) <= query.optional_columns


def _without_blank(value: Any) -> Any:
    """Take off the blank that the files put behind every text of people."""
    return value.removesuffix(" ") if isinstance(value, str) else value


@pytest.fixture
def store(source: pymssql.Connection) -> Callable[..., None]:
    """Writes rows of the plant's tables."""

    def insert(*rows: Row) -> None:
        write(source, Production.of(rows))

    return insert


def counted(asset: str | None, count: int | None, when: str) -> Output:
    return Output(ENTERED, asset, count, at(f"2026-11-20 {when}"))


def stopped(
    asset: str, minutes: int | None, when: str, *, code: str = "Jam", notes: str | None = None
) -> Downtime:
    return Downtime(ENTERED, asset, code, minutes, at(when if " " in when else f"2026-11-20 {when}"), notes)


def inspected(asset: str, good: int | None, rejected: int | None, when: str = "10:05") -> Quality:
    return Quality(ENTERED, asset, good, rejected, at(f"2026-11-20 {when}"))


def reported(asset: str, oee: float | None, when: str) -> Oee:
    return Oee(ENTERED, asset, oee, 90.0, 80.0, None, at(f"2026-11-20 {when}"))


def booked(asset: str, headcount: int | None, hours: float | None, when: str) -> Labor:
    return Labor(ENTERED, asset, headcount, hours, at(f"2026-11-20 {when}"))


# output ----------------------------------------------------------------------------------------


def test_output_is_summed_per_asset_and_bucket_counted_back_from_until(ask: Ask, store: Any) -> None:
    store(
        counted("PRESS-01", 5, "10:29:59"),
        counted("PRESS-01", 7, "10:15:01"),
        counted("PRESS-01", 11, "10:14:59"),
        counted("WELD-01", 2, "10:01"),
    )

    assert ask("output") == [
        ("PRESS-01", 0, 12.0, at("2026-11-20 10:29:59")),
        ("PRESS-01", 1, 11.0, at("2026-11-20 10:14:59")),
        ("WELD-01", 1, 2.0, None),
    ]


def test_the_first_sum_of_a_bucket_has_the_time_of_its_newest_row(ask: Ask, store: Any) -> None:
    store(
        counted("PRESS-01", 5, "10:16"),
        counted("WELD-01", 2, "10:29"),
        counted("WELD-01", -1, "10:28"),
        counted("WELD-01", 7, "10:01"),
    )

    assert [row[:2] + row[3:] for row in ask("output")] == [
        ("PRESS-01", 0, at("2026-11-20 10:16")),
        ("WELD-01", 0, None),
        ("WELD-01", 0, None),
        ("WELD-01", 1, at("2026-11-20 10:01")),
    ]


def test_a_row_at_from_is_read_and_a_row_at_until_is_not(ask: Ask, store: Any) -> None:
    store(
        counted("PRESS-01", 1, "09:59:59.997"),
        counted("PRESS-01", 2, "10:00:00"),
        counted("PRESS-01", 4, "10:29:59.997"),
        counted("PRESS-01", 8, "10:30:00"),
    )

    rows = ask("output")

    assert [(asset, bucket, units) for asset, bucket, units, _ in rows] == [
        ("PRESS-01", 0, 4.0),
        ("PRESS-01", 1, 2.0),
    ]


def test_a_row_on_the_edge_between_two_buckets_belongs_to_the_newer(ask: Ask, store: Any) -> None:
    store(counted("PRESS-01", 1, "10:15:00"), counted("PRESS-01", 2, "10:14:59.997"))

    assert [row[1:3] for row in ask("output")] == [(0, 1.0), (1, 2.0)]


def test_negative_and_missing_counts_stay_visible_beside_the_sum(ask: Ask, store: Any) -> None:
    store(
        counted("PACK-01", 10, "10:20"),
        counted("PACK-01", 0, "10:21"),
        counted("PACK-01", -4, "10:22"),
        counted("PACK-01", None, "10:23"),
    )

    assert [row[:3] for row in ask("output")] == [
        ("PACK-01", 0, None),
        ("PACK-01", 0, -4.0),
        ("PACK-01", 0, 10.0),
    ]


def test_an_absurd_count_comes_as_a_row_of_its_own(ask: Ask, store: Any) -> None:
    store(
        counted("PACK-01", 1_000_000_000, "10:20"),
        counted("PACK-01", 1_000_000_001, "10:21"),
        counted("PACK-01", 10, "10:22"),
    )

    assert [row[:3] for row in ask("output")] == [
        ("PACK-01", 0, 1_000_000_010.0),
        ("PACK-01", 0, 1_000_000_001.0),
    ]


def test_counts_without_an_asset_come_as_a_row_of_their_own(ask: Ask, store: Any) -> None:
    store(counted(None, 12, "10:20"), counted("PACK-01", 3, "10:20"))

    assert [row[:3] for row in ask("output")] == [(None, 0, 12.0), ("PACK-01", 0, 3.0)]


def test_the_sum_of_the_largest_integers_does_not_overflow(ask: Ask, store: Any) -> None:
    store(counted("PRESS-01", 2147483647, "10:20"), counted("PRESS-01", 2147483647, "10:21"))

    assert ask("output")[0][2] == 4294967294.0


def test_a_truncated_output_keeps_the_newest_buckets(ask: Ask, store: Any) -> None:
    store(counted("PRESS-01", 1, "10:01"), counted("WELD-01", 2, "10:20"))

    assert [row[:2] for row in ask("output", limit=1)] == [("WELD-01", 0)]


# output_sums -----------------------------------------------------------------------------------


def test_sums_have_a_row_for_each_bucket_and_count_the_rows_of_output(ask: Ask, store: Any) -> None:
    store(
        counted("PRESS-01", 5, "10:29:59"),
        counted("PRESS-01", 7, "10:15:01"),
        counted("PRESS-01", -7, "10:15:02"),
        counted("WELD-01", None, "10:16"),
        counted("WELD-01", 2, "10:01"),
    )

    rows = ask("output_sums")

    assert [row[:2] for row in rows] == [(0, 3), (1, 1)]
    assert [row[2].split()[:2] for row in rows] == [["4", "5.000000"], ["1", "2.000000"]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([("A", 5), ("B", 5)], [("A", 10)]),
        ([("A", 5), ("B", 7)], [("A", 7), ("B", 5)]),
        ([("A", 1), ("B", 2), ("C", 3)], [("A", 2), ("B", 0), ("C", 4)]),
        ([("A", 5)], [("B", 5)]),
        ([("A", 5)], [(None, 5)]),
        ([("A", 5)], [("A", 5), ("NEW", 0)]),
        ([("A", 5)], [("A", 5), ("A", None)]),
        ([("A", 5), ("A", 5)], [("A", 10)]),
        ([("Presse", 5)], [("Pr\u00e9sse", 5)]),
        ([("A", 2_147_483_647)], [("A", 2_147_483_646)]),
    ],
)
def test_sums_differ_when_a_bucket_does(
    ask: Ask, store: Any, source: pymssql.Connection, before: list[Any], after: list[Any]
) -> None:
    store(*(counted(asset, units, "10:20") for asset, units in before))
    ((_, _, seen_before),) = ask("output_sums")
    with source.cursor() as cursor:
        cursor.execute("delete from production_data")
    store(*(counted(asset, units, "10:20") for asset, units in after))

    ((_, _, seen_after),) = ask("output_sums")

    assert seen_before != seen_after


def test_sums_depend_neither_on_the_order_of_rows_nor_on_their_time_in_the_bucket(
    ask: Ask, store: Any, source: pymssql.Connection
) -> None:
    store(counted("A", 5, "10:20"), counted("B  ", 7, "10:21"), counted("A", 1, "10:22"))
    before = ask("output_sums")
    with source.cursor() as cursor:
        cursor.execute("delete from production_data")
    store(counted("A", 1, "10:15"), counted("B", 7, "10:29:59"), counted("A", 5, "10:22"))

    assert ask("output_sums") == before


@pytest.mark.parametrize(
    "count", ["1e300", "-1e300", "cast(2147483647 as int)", "cast(1e12 as decimal(18, 3))"]
)
def test_the_largest_counts_overflow_no_sum(source: pymssql.Connection, count: str) -> None:
    rows = " union all ".join(
        f"select N'A-{number}' as locationName, {count} as output_count,"
        " cast('2026-11-20T10:20:00' as datetime2(0)) as [timestamp]"
        for number in range(200)
    )
    query = QUERIES["output_sums"]
    query = replace(query, sql=query.sql.replace("from production_data", f"from ({rows}) as production_data"))

    with source.cursor() as cursor:
        cursor.execute(*build_statement(query, VALUES))
        found: list[Any] = list(cursor.fetchall() or ())

    assert [(bucket, row_count, len(sums.split())) for bucket, row_count, sums in found] == [(0, 200, 3)]


# oee -------------------------------------------------------------------------------------------


def test_oee_is_the_latest_report_of_each_asset_in_the_window(ask: Ask, store: Any) -> None:
    store(
        reported("PRESS-01", 71.5, "10:14:59"),
        reported("PRESS-01", 82.5, "10:29:59"),
        reported("WELD-01", 60.0, "10:14:59"),
        reported("WELD-01", 99.0, "10:30:00"),
        reported("PAINT-01", 50.0, "09:59:59"),
    )

    rows = ask("oee")

    assert [(row[0], float(row[1]), row[2]) for row in rows] == [
        ("PRESS-01", 82.5, at("2026-11-20 10:29:59")),
        ("WELD-01", 60.0, at("2026-11-20 10:14:59")),
    ]


def test_of_two_reports_of_one_instant_the_one_stored_last_counts(ask: Ask, store: Any) -> None:
    store(reported("PRESS-01", 71.0, "10:14:59"), reported("PRESS-01", 72.0, "10:14:59"))

    assert [float(row[1]) for row in ask("oee")] == [72.0]


def test_an_unusable_report_hides_no_usable_one(ask: Ask, store: Any) -> None:
    store(
        reported("PRESS-01", 70.0, "10:14:59"),
        reported("PRESS-01", 71.0, "10:15:59"),
        reported("PRESS-01", -1.0, "10:28:59"),
        reported("PRESS-01", None, "10:29:59"),
    )

    assert [row[1] and float(row[1]) for row in ask("oee")] == [None, -1.0, 71.0]


# downtime --------------------------------------------------------------------------------------


def test_a_stop_that_reaches_into_the_window_is_read_whole(ask: Ask, store: Any) -> None:
    store(stopped("PRESS-01", 120, "09:30"))

    assert ask("downtime") == [("PRESS-01", "Jam", at("2026-11-20 09:30"), at("2026-11-20 11:30"), 120.0)]


def test_stops_outside_the_window_are_left_out(ask: Ask, store: Any) -> None:
    store(
        stopped("PRESS-01", 30, "09:30"),  # ends exactly at @from
        stopped("PRESS-01", 5, "10:30"),  # begins exactly at @until
        stopped("PRESS-02", 31, "09:30"),
        stopped("WELD-01", 5, "10:29"),
    )

    assert [row[0] for row in ask("downtime")] == ["WELD-01", "PRESS-02"]


def test_an_open_stop_has_no_end_and_is_looked_back_for_seven_days(ask: Ask, store: Any) -> None:
    store(
        stopped("WELD-02", None, "2026-11-13 10:00"),
        stopped("WELD-01", None, "2026-11-13 09:59"),
        stopped("PRESS-01", None, "10:10"),
    )

    assert [(row[0], row[3], row[4]) for row in ask("downtime")] == [
        ("PRESS-01", None, None),
        ("WELD-02", None, None),
    ]


@pytest.mark.parametrize(
    ("minutes", "ended_at", "told"),
    [
        (2147483647, at("2027-11-20 10:10"), 525600),  # a year
        (-2147483648, at("2026-11-20 10:09"), -1),
        (-1, at("2026-11-20 10:09"), -1),
        (0, at("2026-11-20 10:10"), 0),
    ],
)
def test_mistyped_minutes_neither_end_the_query_nor_hide(
    ask: Ask, store: Any, minutes: int, ended_at: datetime, told: float
) -> None:
    store(stopped("PRESS-01", minutes, "10:10"), stopped("WELD-01", 5, "10:05"))

    rows = ask("downtime")

    assert [(row[0], row[3], row[4]) for row in rows] == [
        ("PRESS-01", ended_at, told),
        ("WELD-01", at("2026-11-20 10:10"), 5),
    ]


def test_a_stop_that_begins_with_the_window_is_read_even_without_a_length(ask: Ask, store: Any) -> None:
    store(
        stopped("PRESS-01", 0, "10:00"), stopped("PRESS-02", -5, "10:00"), stopped("WELD-01", -5, "09:59:59")
    )

    assert [row[0] for row in ask("downtime")] == ["PRESS-02", "PRESS-01"]


def test_a_truncated_downtime_keeps_the_newest_stops(ask: Ask, store: Any) -> None:
    store(stopped("PRESS-01", 5, "10:20"), stopped("PRESS-02", 5, "10:10"), stopped("WELD-01", 5, "10:20"))

    assert [row[0] for row in ask("downtime", limit=2)] == ["WELD-01", "PRESS-01"]


# safety ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "Safety Issue",
        "SAFETY ISSUE",
        " safety issue  ",
        "Safety  Issue",
        "Safety\tIssue",
        "Safety Issue\r\n",
        "Safety \u00a0 Issue",
        "Lockout",
    ],
)
def test_a_safety_code_is_found_however_it_was_typed(ask: Ask, store: Any, code: str) -> None:
    store(stopped("PRESS-01", 12, "10:10", code=code, notes="Guard open"))

    rows = ask("safety")

    assert [row[1:] for row in rows] == [("PRESS-01", code, at("2026-11-20 10:10"), 12, "Guard open")]


def test_each_spelling_of_a_code_is_listed_once(ask: Ask, store: Any) -> None:
    codes = ["Jam", "jam", "Jam  ", "JAM", "Safety\u3000Issue", "", "İş", "iş", "Jam"]
    store(*(stopped("A", 1, "10:10", code=code) for code in codes), stopped("A", 1, "10:30", code="late"))

    listed = [code for (code,) in ask("safety_codes") if code]

    assert sorted(listed) == sorted(["Jam", "jam", "JAM", "Safety\u3000Issue", "İş", "iş"])


@pytest.mark.parametrize(
    "code",
    [
        "Safety Issues",
        "Safety",
        "Issue",
        "A Safety Issue",
        "S%",
        "Safety_Issue",
        "|",
        "",
        "<>",
        "SafetyIssue",
    ],
)
def test_another_code_is_no_safety_event(ask: Ask, store: Any, code: str) -> None:
    store(stopped("PRESS-01", 12, "10:10", code=code))

    assert ask("safety") == []


def test_a_stop_without_a_code_is_no_safety_event(ask: Ask, source: pymssql.Connection) -> None:
    with source.cursor() as cursor:
        cursor.execute(
            "insert into downtime_records (locationName, [timestamp]) values ('A', '2026-11-20T10:10:00')"
        )

    assert ask("safety") == []
    assert len(ask("downtime")) == 1


def test_a_safety_event_carries_its_record_s_id_as_text(
    ask: Ask, store: Any, source: pymssql.Connection
) -> None:
    store(stopped("PRESS-01", None, "10:10", code="Safety Issue"))
    with source.cursor() as cursor:
        cursor.execute("select max(id) as id from downtime_records")
        stored: Any = cursor.fetchone()

    rows = ask("safety")

    assert [(row[0], row[4]) for row in rows] == [(str(stored[0]), None)]


def test_safety_events_come_oldest_first_and_from_inside_the_bounds_only(ask: Ask, store: Any) -> None:
    store(
        stopped("A", 1, "10:00", code="Safety Issue"),
        stopped("B", 1, "10:29:59", code="Safety Issue"),
        stopped("C", 1, "10:30", code="Safety Issue"),
        stopped("D", 90, "09:59:59", code="Safety Issue"),
    )

    assert [row[1] for row in ask("safety")] == ["A", "B"]
    assert [row[1] for row in ask("safety", limit=1)] == ["A"]


# quality ---------------------------------------------------------------------------------------


def test_quality_is_summed_per_asset_over_the_window(ask: Ask, store: Any) -> None:
    store(
        inspected("PRESS-01", 40, 0, "10:00"),
        inspected("PRESS-01", 38, 2, "10:29:59"),
        inspected("PRESS-01", 500, 5, "10:30"),
        inspected("WELD-01", 9, 1),
    )

    assert ask("quality") == [("PRESS-01", 78.0, 2.0), ("WELD-01", 9.0, 1.0)]


def test_malformed_lots_stay_visible_beside_the_sum(ask: Ask, store: Any) -> None:
    store(
        inspected("PRESS-01", 40, 2),
        inspected("PRESS-01", -3, 1),
        inspected("PRESS-01", 7, None),
        inspected("PRESS-01", 8, -1),
    )

    assert sorted(ask("quality"), key=str) == [
        ("PRESS-01", -3.0, 1.0),
        ("PRESS-01", 40.0, 2.0),
        ("PRESS-01", 7.0, None),
        ("PRESS-01", 8.0, -1.0),
    ]


# labor -----------------------------------------------------------------------------------------


def test_labor_is_the_latest_headcount(ask: Ask, store: Any) -> None:
    store(
        booked("PRESS-01", 2, 0.5, "10:14:59"),
        booked("PRESS-01", 3, 0.75, "10:29:59"),
        booked("PRESS-01", 9, 9.0, "10:30"),
        booked("WELD-01", 1, 1.0, "10:05"),
        booked("WELD-01", 1, -0.25, "10:06"),
        booked("PAINT-01", 5, None, "10:01"),
    )

    assert ask("labor") == [("PRESS-01", 3), ("WELD-01", 1), ("PAINT-01", 5)]


def test_an_unusable_headcount_hides_no_usable_one(ask: Ask, store: Any) -> None:
    store(
        booked("PRESS-01", 2, 0.5, "10:05"),
        booked("PRESS-01", 3, 0.5, "10:06"),
        booked("PRESS-01", -3, 0.5, "10:07"),
        booked("PRESS-01", 2_147_483_647, 0.5, "10:08"),
        booked("PRESS-01", None, 0.5, "10:09"),
    )

    assert [row[1:] for row in ask("labor")] == [(None,), (2147483647,), (-3,), (3,)]


# all of them -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_file_can_be_pasted_behind_the_declarations_of_its_header(
    name: str, source: pymssql.Connection
) -> None:
    sql = QUERIES[name].sql
    declarations = "\n".join(line[3:] for line in sql.splitlines() if line.startswith("-- declare"))

    with source.cursor() as cursor:
        cursor.execute(declarations + "\n" + sql)

        _check_columns(name, [column[0] for column in cursor.description or ()])
        assert cursor.fetchall() == []


def test_texts_of_people_end_in_a_blank(store: Any, source: pymssql.Connection) -> None:
    # Without it a text that ends in half a surrogate pair costs the connection: see test_dirt.
    store(
        counted("PRESS-01", 1, "10:10"),
        reported("PRESS-01", 80.0, "10:10"),
        stopped("PRESS-01", 5, "10:10", code="Safety Issue", notes="Guard open"),
        inspected("PRESS-01", 1, 0),
        booked("PRESS-01", 1, 1.0, "10:10"),
    )
    texts: set[str] = set()

    for name, query in QUERIES.items():
        if name == "output_sums":  # nobody has typed its text
            continue
        with source.cursor() as cursor:
            cursor.execute(*build_statement(query, VALUES))
            texts |= {value for row in cursor.fetchall() or () for value in row if isinstance(value, str)}

    assert {text for text in texts if not text.isdigit()} == {"PRESS-01 ", "Safety Issue ", "Guard open "}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_an_empty_window_has_no_rows(ask: Ask, name: str) -> None:
    assert ask(name) == []


def test_the_answers_over_a_produced_hour_agree_with_a_count_in_python(
    ask: Ask, source: pymssql.Connection
) -> None:
    plant = northfield()
    since = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
    hours = produce(plant, since, since + timedelta(hours=3))
    write(source, hours)

    units, good, scrap, people = _count(hours, FROM, UNTIL)

    assert {(row[0], row[1]): row[2] for row in ask("output") if row[2] >= 0} == units
    assert {row[0]: (row[1], row[2]) for row in ask("quality")} == {
        asset: (good[asset], scrap[asset]) for asset in good
    }
    assert dict(ask("labor")) == people
    assert sorted(row[2] for row in ask("downtime")) == sorted(
        stop.timestamp for stop in hours.downtime if _overlaps(stop, FROM, UNTIL)
    )
    assert len(ask("safety", **{"from": FROM - timedelta(hours=3)})) == sum(
        "safety" in stop.reason_code.lower() for stop in hours.downtime if stop.timestamp < UNTIL
    )


def _count(hours: Production, since: datetime, until: datetime) -> tuple[Any, ...]:
    units: dict[tuple[str | None, int], float] = {}
    for row in hours.output:
        if since <= row.timestamp < until and row.output_count is not None and row.output_count >= 0:
            bucket = 0 if row.timestamp >= until - timedelta(seconds=900) else 1
            units[row.location_name, bucket] = units.get((row.location_name, bucket), 0) + row.output_count
    good: dict[str, int] = {}
    scrap: dict[str, int] = {}
    for lot in hours.quality:
        if since <= lot.timestamp < until:
            good[lot.location_name] = good.get(lot.location_name, 0) + (lot.good_count or 0)
            scrap[lot.location_name] = scrap.get(lot.location_name, 0) + (lot.reject_count or 0)
    people: dict[str, int | None] = {
        booking.location_name: booking.headcount
        for booking in hours.labor
        if since <= booking.timestamp < until
    }
    return units, good, scrap, people


def _overlaps(stop: Downtime, since: datetime, until: datetime) -> bool:
    if stop.timestamp >= until:
        return False
    if stop.downtime_minutes is None:
        return True
    return stop.timestamp >= since or stop.timestamp + timedelta(minutes=stop.downtime_minutes) > since
