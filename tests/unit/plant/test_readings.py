"""What becomes of every kind of row that the source may hold."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.plant.cells import Reason
from plantpulse.plant.readings import (
    COLUMNS,
    DowntimeReading,
    LaborReading,
    OeeReading,
    OutputReading,
    Parsed,
    QualityReading,
    Row,
    parse_downtime,
    parse_labor,
    parse_oee,
    parse_output,
    parse_quality,
)

CHICAGO = ZoneInfo("America/Chicago")


def local(hour: int, minute: int = 0, *, day: int = 20) -> datetime:
    return datetime(2026, 11, day, hour, minute)  # noqa: DTZ001 - naive plant time


def utc(hour: int, minute: int = 0, *, day: int = 20) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def parse(query: str, rows: list[Row]) -> Parsed[Any]:
    parsers: dict[str, Callable[[list[Row]], Parsed[Any]]] = {
        "output": partial(parse_output, bucket_count=2),
        "oee": partial(parse_oee, zone=CHICAGO, scale="percent"),
        "downtime": partial(parse_downtime, zone=CHICAGO),
        "quality": parse_quality,
        "labor": parse_labor,
    }
    return parsers[query](rows)


GOOD_ROWS: dict[str, dict[str, object]] = {
    "output": {"asset": "PRESS-01", "bucket": 0, "units": 12.0, "last_at": local(6, 29), "product": None},
    "oee": {
        "asset": "PRESS-01",
        "oee": 81.5,
        "at": local(6, 29),
    },
    "downtime": {
        "asset": "PRESS-01",
        "reason_code": "Jam",
        "started_at": local(6, 5),
        "ended_at": local(6, 9),
        "minutes": None,
    },
    "quality": {"asset": "PRESS-01", "good": 11.0, "rejected": 1.0},
    "labor": {"asset": "PRESS-01", "headcount": 3},
}


def parse_changed(query: str, **changes: object) -> Parsed[Any]:
    return parse(query, [tuple((GOOD_ROWS[query] | changes).values())])


def test_good_rows_become_readings_with_times_in_utc() -> None:
    output, oee, downtime, quality, labor = (parse_changed(query) for query in GOOD_ROWS)

    assert output.readings == [OutputReading("PRESS-01", "press-01", 0, 12.0)]
    assert oee.readings == [OeeReading("PRESS-01", "press-01", 81.5, utc(12, 29))]
    assert downtime.readings == [DowntimeReading("PRESS-01", "press-01", "Jam", utc(12, 5), utc(12, 9))]
    assert quality.readings == [QualityReading("PRESS-01", "press-01", 11.0, 1.0)]
    assert labor.readings == [LaborReading("PRESS-01", "press-01", 3.0)]
    assert [parsed.rejected for parsed in (output, oee, downtime, quality, labor)] == [[]] * 5


@pytest.mark.parametrize("query", GOOD_ROWS)
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (None, Reason.NAME_MISSING),
        ("", Reason.NAME_MISSING),
        (" \t\x00 ", Reason.NAME_MISSING),
        ("x" * 201, Reason.NAME_TOO_LONG),
        (b"PRESS-01", Reason.NAME_NOT_TEXT),
        (1.5, Reason.NAME_NOT_TEXT),
        (True, Reason.NAME_NOT_TEXT),
        (["PRESS-01"], Reason.NAME_NOT_TEXT),
        pytest.param(10**5000, Reason.NAME_NOT_TEXT, id="huge"),
    ],
)
def test_a_row_without_a_usable_asset_is_rejected(query: str, name: object, reason: Reason) -> None:
    parsed = parse_changed(query, asset=name)

    assert parsed.readings == []
    assert [(one.query, one.reason) for one in parsed.rejected] == [(query, reason)]
    assert parsed.rejected_counts == {reason: 1}
    assert parsed.rejected_count == 1


@pytest.mark.parametrize(
    ("spelling", "name", "key"),
    [
        ("PRESS-01      ", "PRESS-01", "press-01"),
        ("  Press\t 01", "Press 01", "press 01"),
        ("PRESS\x00\x1b01", "PRESS 01", "press 01"),
        ("🔥 Öfen", "🔥 Öfen", "🔥 öfen"),
        ("מגרסה 1", "מגרסה 1", "מגרסה 1"),
        ("x" * 200, "x" * 200, "x" * 200),
        (101, "101", "101"),
    ],
)
def test_odd_but_usable_asset_names_are_repaired(spelling: object, name: str, key: str) -> None:
    parsed = parse_changed("quality", asset=spelling)

    assert parsed.readings == [QualityReading(name, key, 11.0, 1.0)]
    assert parsed.rejected == []


BAD_NUMBERS = [
    (None, Reason.NUMBER_MISSING),
    (-1, Reason.NEGATIVE),
    (-0.0001, Reason.NEGATIVE),
    (1.1e12, Reason.ABSURD),
    pytest.param(10**5000, Reason.ABSURD, id="huge"),
    (float("nan"), Reason.NOT_A_NUMBER),
    (float("inf"), Reason.NOT_A_NUMBER),
    (Decimal("sNaN"), Reason.NOT_A_NUMBER),
    (Decimal("1e999"), Reason.NOT_A_NUMBER),
    ("many", Reason.NOT_A_NUMBER),
    ("", Reason.NOT_A_NUMBER),
    ("1_000", Reason.NOT_A_NUMBER),
    ("1,5", Reason.NOT_A_NUMBER),
    (b"12", Reason.NOT_A_NUMBER),
    (True, Reason.NOT_A_NUMBER),
    (local(6), Reason.NOT_A_NUMBER),
]


@pytest.mark.parametrize(("value", "reason"), BAD_NUMBERS)
@pytest.mark.parametrize(
    ("query", "column"),
    [
        ("output", "units"),
        ("oee", "oee"),
        ("quality", "good"),
        ("quality", "rejected"),
        ("labor", "headcount"),
    ],
)
def test_an_unusable_number_rejects_its_row(query: str, column: str, value: object, reason: Reason) -> None:
    parsed = parse_changed(query, **{column: value})

    assert parsed.readings == []
    assert parsed.rejected_counts == {reason: 1}


@pytest.mark.parametrize("value", [12, 12.0, Decimal("12.00"), "12", " 12.0 ", "1.2e1"])
def test_a_number_may_come_in_any_type(value: object) -> None:
    parsed = parse_changed("output", units=value)

    assert [reading.units for reading in parsed.readings] == [12.0]


@pytest.mark.parametrize("bucket", [-1, 2, 10**30, 0.5, None, "new", float("nan"), local(6), -0.1])
def test_a_bucket_outside_the_span_that_was_read_rejects_its_row(bucket: object) -> None:
    parsed = parse_changed("output", bucket=bucket)

    assert parsed.readings == []
    assert parsed.rejected_counts == {Reason.BUCKET_OUT_OF_RANGE: 1}


@pytest.mark.parametrize("bucket", [1, 1.0, Decimal(1), "1"])
def test_a_bucket_may_come_in_any_type(bucket: object) -> None:
    parsed = parse_changed("output", bucket=bucket)

    assert [reading.bucket for reading in parsed.readings] == [1]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.TIME_MISSING),
        (date(2026, 11, 20), Reason.NOT_A_TIME),
        (time(6, 5), Reason.NOT_A_TIME),
        (1763640000, Reason.NOT_A_TIME),
        (b"\x00" * 16, Reason.NOT_A_TIME),
        ("yesterday", Reason.NOT_A_TIME),
        (datetime(1, 1, 1), Reason.TIME_OUT_OF_RANGE),  # noqa: DTZ001
        (datetime(1969, 12, 31), Reason.TIME_OUT_OF_RANGE),  # noqa: DTZ001
        (datetime(9999, 12, 31, 23), Reason.TIME_OUT_OF_RANGE),  # noqa: DTZ001
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))), Reason.TIME_OUT_OF_RANGE),
    ],
)
@pytest.mark.parametrize(("query", "column"), [("oee", "at"), ("downtime", "started_at")])
def test_an_unusable_time_rejects_its_row(query: str, column: str, value: object, reason: Reason) -> None:
    parsed = parse_changed(query, **{column: value})

    assert parsed.readings == []
    assert parsed.rejected_counts == {reason: 1}


@pytest.mark.parametrize(
    "value",
    [
        local(6, 29),
        "2026-11-20T06:29:00",
        "2026-11-20 06:29",
        "2026-11-20T12:29:00Z",
        datetime(2026, 11, 20, 13, 29, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_a_time_may_come_naive_aware_or_as_text(value: object) -> None:
    parsed = parse_changed("oee", at=value)

    assert [reading.at for reading in parsed.readings] == [utc(12, 29)]


def test_columns_that_nothing_rests_on_may_hold_anything() -> None:
    output = parse_changed("output", last_at="never")
    downtime = parse_changed("downtime", reason_code=None)

    assert [len(parsed.readings) for parsed in (output, downtime)] == [1, 1]
    assert [parsed.rejected for parsed in (output, downtime)] == [[], []]
    assert downtime.readings[0].reason_code is None


def test_a_fraction_is_stored_as_percent_by_the_plants_scale_and_never_guessed() -> None:
    row = ("PRESS-01", 0.815, local(6))

    as_fraction = parse_oee([row], zone=CHICAGO, scale="fraction")
    as_percent = parse_oee([row], zone=CHICAGO, scale="percent")

    assert [reading.oee_percent for reading in as_fraction.readings] == [81.5]
    assert [reading.oee_percent for reading in as_percent.readings] == [0.815]


def test_percent_declared_as_a_fraction_is_noticed() -> None:
    parsed = parse_oee([("PRESS-01", 81.5, local(6))], zone=CHICAGO, scale="fraction")

    assert parsed.readings == []
    assert parsed.rejected_counts == {Reason.OEE_OUT_OF_RANGE: 1}


SPRING_STOP = datetime(2026, 3, 8, 1, 45)  # noqa: DTZ001


def test_an_open_stop_has_no_end() -> None:
    parsed = parse_changed("downtime", ended_at=None)

    assert parsed.readings == [DowntimeReading("PRESS-01", "press-01", "Jam", utc(12, 5), None)]


def test_a_stop_without_length_is_not_malformed() -> None:
    parsed = parse_changed("downtime", ended_at=local(6, 5))

    assert [reading.ended_at for reading in parsed.readings] == [utc(12, 5)]


@pytest.mark.parametrize("ended_at", [local(6, 4), local(6, 9, day=19)])
def test_a_stop_that_ends_before_it_starts_is_rejected(ended_at: datetime) -> None:
    parsed = parse_changed("downtime", ended_at=ended_at)

    assert parsed.readings == []
    assert parsed.rejected_counts == {Reason.REVERSED: 1}


def test_a_stop_over_the_autumn_change_is_not_reversed() -> None:
    parsed = parse_changed("downtime", started_at=local(1, 50, day=1), ended_at=local(1, 10, day=1))

    assert parsed.rejected == []
    # From 01:50 summer time to 01:10 standard time: twenty minutes.
    assert [(one.started_at, one.ended_at) for one in parsed.readings] == [
        (utc(6, 50, day=1), utc(7, 10, day=1)),
    ]


@pytest.mark.parametrize(
    ("started_at", "ended_at", "expected"),
    [
        # Ninety minutes, and the end that the wall clock gives for them: an hour late, an hour early, right.
        (local(1, 45, day=1), local(3, 15, day=1), utc(8, 15, day=1)),
        (SPRING_STOP, SPRING_STOP + timedelta(minutes=90), datetime(2026, 3, 8, 9, 15, tzinfo=UTC)),
        (local(6, 5), local(7, 35), utc(13, 35)),
    ],
)
def test_a_stop_whose_length_is_told_lasts_that_long_over_any_change_of_the_clock(
    started_at: datetime, ended_at: datetime, expected: datetime
) -> None:
    parsed = parse_changed("downtime", started_at=started_at, ended_at=ended_at, minutes=90)

    assert [reading.ended_at for reading in parsed.readings] == [expected]


def test_a_length_that_cannot_be_is_rejected_and_an_absurd_one_is_a_year() -> None:
    refused = [parse_changed("downtime", minutes=minutes) for minutes in (-1, "long", 1e12)]
    (longest,) = parse_changed("downtime", minutes=1e9).readings

    assert [next(iter(parsed.rejected_counts)) for parsed in refused] == [
        Reason.NEGATIVE,
        Reason.NOT_A_NUMBER,
        Reason.ABSURD,
    ]
    assert longest.ended_at == longest.started_at + timedelta(days=365)


def test_an_open_stop_stays_open_whatever_its_length() -> None:
    assert [one.ended_at for one in parse_changed("downtime", ended_at=None, minutes=5).readings] == [None]


FIRST_PASS = (utc(6, 50, day=1), utc(8, day=1))  # of 01:50, for seventy minutes
SECOND_PASS = (utc(7, 50, day=1), utc(9, day=1))


@pytest.mark.parametrize(
    ("seen_by", "expected"),
    [
        pytest.param(None, [FIRST_PASS], id="by nobody whom it concerns"),
        pytest.param(utc(7, 49, day=1), [FIRST_PASS], id="before the clock shows its start again"),
        pytest.param(utc(7, 50, day=1), [FIRST_PASS, SECOND_PASS], id="from then on"),
        pytest.param(utc(7, 50, day=7), [FIRST_PASS, SECOND_PASS], id="days later"),
    ],
)
def test_a_stop_that_begins_in_the_repeated_hour_is_returned_for_each_pass_that_may_be_meant(
    seen_by: datetime | None, expected: list[tuple[datetime, datetime]]
) -> None:
    row = ("PRESS-01", "Jam", local(1, 50, day=1), local(3, day=1), 70)

    parsed = parse_downtime([row], zone=CHICAGO, seen_by=seen_by)

    assert [(one.started_at, one.ended_at) for one in parsed.readings] == expected


@pytest.mark.parametrize(
    ("started_at", "ended_at", "minutes"),
    [
        pytest.param(local(0, 50, day=1), local(2, day=1), 70, id="it began before the hour"),
        pytest.param(local(1, 50, day=1), None, None, id="it is open"),
        pytest.param(local(1, 50, day=1), local(3, day=1), None, id="its end is told, after the hour"),
        pytest.param(local(1, 50, day=1), local(1, 10, day=1), None, id="it lasts over the change"),
    ],
)
def test_a_stop_that_lasts_through_the_second_pass_is_returned_once(
    started_at: datetime, ended_at: datetime | None, minutes: float | None
) -> None:
    row = ("PRESS-01", "Jam", started_at, ended_at, minutes)

    parsed = parse_downtime([row], zone=CHICAGO, seen_by=utc(12, day=1))

    assert len(parsed.readings) == 1


def test_a_stop_that_starts_in_the_hour_that_spring_left_out_is_kept() -> None:
    started_at = datetime(2026, 3, 8, 2, 30)  # noqa: DTZ001
    ended_at = datetime(2026, 3, 8, 3, 10)  # noqa: DTZ001

    parsed = parse_changed("downtime", started_at=started_at, ended_at=ended_at)

    assert parsed.rejected == []
    # 02:30 as if the clock had not been changed is 03:30, after the end: a stop without length.
    instant = datetime(2026, 3, 8, 8, 30, tzinfo=UTC)
    assert [(one.started_at, one.ended_at) for one in parsed.readings] == [(instant, instant)]


@pytest.mark.parametrize(
    ("product", "key"),
    [
        ("  Gear  A ", "gear a"),
        ("GEAR A", "gear a"),
        (4711, "4711"),
        ("", ""),
        (None, ""),
        (1.5, ""),
        (True, ""),
    ],
)
def test_output_may_say_the_product_by_any_spelling(product: object, key: str) -> None:
    parsed = parse_changed("output", product=product)

    assert parsed.readings == [OutputReading("PRESS-01", "press-01", 0, 12.0, key)]


@pytest.mark.parametrize("query", GOOD_ROWS)
def test_a_row_of_another_width_is_rejected(query: str) -> None:
    good = tuple(GOOD_ROWS[query].values())

    parsed = parse(query, [good[:-1], (*good, "more"), (), good])

    assert len(parsed.readings) == 1
    assert parsed.rejected_counts == {Reason.WRONG_WIDTH: 3}


def test_malformed_rows_leave_the_valid_ones_alone() -> None:
    parsed = parse_output(
        [
            ("A", 0, 5.0, None, None),
            ("A", 0, -3.0, None, None),
            (None, 0, 1.0, None, None),
            ("A", 1, None, None, None),
            ("B", 1, 7, None, None),
        ],
        bucket_count=2,
    )

    assert parsed.readings == [OutputReading("A", "a", 0, 5.0), OutputReading("B", "b", 1, 7.0)]
    assert parsed.rejected_counts == {
        Reason.NEGATIVE: 1,
        Reason.NAME_MISSING: 1,
        Reason.NUMBER_MISSING: 1,
    }


def test_a_rejected_row_is_told_in_json() -> None:
    row = ("x" * 300, Decimal("1.50"), "a\x00b\ud83d", local(6, 5), b"\x01\xff")

    parsed = parse_downtime([row], zone=CHICAGO)

    assert [one.as_json() for one in parsed.rejected] == [
        {
            "query": "downtime",
            "reason": "the asset name is longer than 200 characters",
            "row": {
                "asset": "x" * 199 + "…",
                "reason_code": "1.50",
                "started_at": "a b?",
                "ended_at": "2026-11-20T06:05:00",
                "minutes": "0x01ff",
            },
        }
    ]


def test_values_that_json_does_not_know_are_told_as_text() -> None:
    row = (None, float("nan"), 10**30, UUID(int=1), [1])

    parsed = parse_output([row], bucket_count=2)

    assert parsed.rejected[0].row == {
        "asset": None,
        "bucket": "nan",
        "units": "0xc9f2c9cd04674edea40000000",
        "last_at": "<UUID>",
        "product": "<list>",
    }


def test_all_rejected_rows_are_counted_but_only_the_first_hundred_are_kept() -> None:
    rows = [("PRESS-01", 0, -float(number + 1), None, None) for number in range(5000)]

    parsed = parse_output(rows, bucket_count=2)

    assert parsed.rejected_count == 5000
    assert len(parsed.rejected) == 100
    assert parsed.rejected[99].row["units"] == -100.0


anything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(alphabet=st.characters(codec=None))
    | st.binary(max_size=20)
    | st.datetimes()
    | st.datetimes(timezones=st.timezones())
    | st.dates()
    | st.uuids()
    | st.lists(st.integers(), max_size=2)
)


@given(
    rows=st.lists(st.lists(anything, max_size=7).map(tuple), max_size=5),
    query=st.sampled_from(list(GOOD_ROWS)),
)
def test_no_row_makes_a_parse_fail_and_none_gets_lost(rows: list[Row], query: str) -> None:
    parsed = parse(query, rows)

    assert len(parsed.readings) + parsed.rejected_count == len(rows)


@given(query=st.sampled_from(list(GOOD_ROWS)), place=st.integers(0, 2), value=anything)
def test_one_odd_value_never_fails_a_parse_and_a_rejected_row_is_storable(
    query: str, place: int, value: object
) -> None:
    columns = COLUMNS[query]

    parsed = parse_changed(query, **{columns[place % len(columns)]: value})

    assert len(parsed.readings) + parsed.rejected_count == 1
    for rejected in parsed.rejected:
        # Half a surrogate pair cannot be encoded, and Postgres takes no NUL.
        assert json.dumps(rejected.as_json(), allow_nan=False, ensure_ascii=False).encode("utf-8")
        assert not any("\0" in shown for shown in rejected.row.values() if isinstance(shown, str))
