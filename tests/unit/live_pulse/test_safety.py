"""Rows of the safety query: every one of them becomes an event."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.live_pulse.safety import SafetyEvent, parse_safety
from plantpulse.plant.cells import Reason
from plantpulse.plant.readings import Parsed, Row

CHICAGO = ZoneInfo("America/Chicago")
SEVERITIES = {"Safety Issue": "critical", " near  MISS": "low"}
POLLED_AT = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)


def local(hour: int, minute: int, *, day: int = 20) -> datetime:
    return datetime(2026, 11, day, hour, minute)  # noqa: DTZ001 - naive plant time


def row(**changes: object) -> Row:
    good: dict[str, object] = {
        "source_id": "4711",
        "asset": "PRESS-01",
        "reason_code": "Safety Issue",
        "at": local(6, 31),
        "minutes": 12,
        "notes": "guard open",
    }
    return tuple((good | changes).values())


def parse(*rows: Row, polled_at: datetime = POLLED_AT) -> Parsed[SafetyEvent]:
    return parse_safety(rows, zone=CHICAGO, severities=SEVERITIES, polled_at=polled_at)


def event_of(**changes: object) -> SafetyEvent:
    (event,) = parse(row(**changes)).readings
    return event


def test_a_row_becomes_the_event_that_the_database_function_takes() -> None:
    parsed = parse(row())

    assert [event.as_json() for event in parsed.readings] == [
        {
            "source_id": "4711",
            "source_asset": "PRESS-01",
            "event_timestamp": "2026-11-20T12:31:00+00:00",
            "source_timestamp": "2026-11-20T06:31:00",
            "reason_code": "Safety Issue",
            "severity": "critical",
            "downtime_minutes": 12,
            "details": "guard open",
            "asset_key": "press-01",
            "reason_key": "safety issue",
        }
    ]
    assert parsed.rejected == []


def test_of_two_spellings_of_a_code_in_the_settings_the_graver_counts() -> None:
    severities = {"İş Kazası": "low", "IŞ KAZASI": "critical", "iş kazası": "medium"}

    (event,) = parse_safety(
        [row(reason_code="İŞ KAZASI")], zone=CHICAGO, severities=severities, polled_at=POLLED_AT
    ).readings

    assert event.severity == "critical"


def test_no_rows_are_no_events() -> None:
    parsed = parse()

    assert parsed.readings == []
    assert parsed.rejected_counts == {}


@pytest.mark.parametrize(
    ("reason_code", "severity"),
    [
        ("Safety Issue", "critical"),
        ("NEAR MISS", "low"),
        ("  near   miss ", "low"),
        ("Something new", "critical"),
    ],
)
def test_severity_goes_by_the_reason_code_in_any_spelling(reason_code: str, severity: str) -> None:
    assert event_of(reason_code=reason_code).severity == severity


@pytest.mark.parametrize(
    ("value", "source_id"),
    [
        (4711, "4711"),
        (Decimal(4711), "4711"),
        (" 4711 ", "4711"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\x00\x2a", "002a"),
        (None, None),
        ("", None),
        (4711.0, None),
        ("x" * 201, None),
    ],
)
def test_the_sources_own_key_may_come_in_any_type(value: object, source_id: str | None) -> None:
    parsed = parse(row(source_id=value))

    assert [event.source_id for event in parsed.readings] == [source_id]
    assert parsed.rejected == []


def test_unknown_minutes_and_notes_are_no_defect() -> None:
    parsed = parse(row(minutes=None, notes=None))

    assert [(event.downtime_minutes, event.details) for event in parsed.readings] == [(None, None)]
    assert parsed.rejected == []


@pytest.mark.parametrize(
    ("column", "value", "reason", "field", "kept"),
    [
        ("asset", None, Reason.NAME_MISSING, "source_asset", "(unknown)"),
        ("asset", " \x00", Reason.NAME_MISSING, "source_asset", "(unknown)"),
        ("asset", b"PRESS", Reason.NAME_NOT_TEXT, "source_asset", "(unknown)"),
        ("asset", "x" * 999, Reason.NAME_TOO_LONG, "source_asset", "x" * 199 + "…"),
        ("minutes", -5, Reason.NEGATIVE, "downtime_minutes", None),
        ("minutes", "long", Reason.NOT_A_NUMBER, "downtime_minutes", None),
        ("minutes", float("nan"), Reason.NOT_A_NUMBER, "downtime_minutes", None),
        ("minutes", 1e13, Reason.ABSURD, "downtime_minutes", None),
        ("reason_code", None, Reason.REASON_CODE_MISSING, "reason_code", "(unknown)"),
        ("reason_code", "\t", Reason.REASON_CODE_MISSING, "reason_code", "(unknown)"),
    ],
)
def test_a_malformed_row_is_an_event_and_a_rejected_record(
    column: str, value: object, reason: Reason, field: str, kept: object
) -> None:
    whole = event_of()

    parsed = parse(row(**{column: value}))

    assert parsed.readings == [SafetyEvent(**(whole._asdict() | {field: kept}))]
    assert parsed.rejected_counts == {reason: 1}
    assert parsed.rejected[0].query == "safety"


def test_a_row_with_several_defects_is_one_event_and_one_rejected_record() -> None:
    parsed = parse(row(asset=None, reason_code=None, at=None, minutes=-1))

    assert len(parsed.readings) == 1
    assert parsed.rejected_count == 1


@pytest.mark.parametrize("at", [None, "?", b"\x01", datetime(1753, 1, 1)])  # noqa: DTZ001
def test_a_row_without_a_usable_time_is_stamped_with_the_day_of_the_poll(at: object) -> None:
    parsed = parse(row(at=at))

    (event,) = parsed.readings
    assert event.source_id == "4711"
    assert event.event_timestamp == datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
    assert event.source_timestamp == datetime(1970, 1, 1)  # noqa: DTZ001
    assert event.is_time_known is False
    assert event.details == "Time unknown, stamped with the day of the poll. guard open"
    assert parsed.rejected_count == 1


def test_a_row_with_neither_time_nor_key_stays_one_event_over_many_polls() -> None:
    timeless = row(source_id=None, at=None)

    (first,) = parse(timeless).readings
    (later,) = parse(timeless, polled_at=datetime(2026, 11, 22, 22, 15, tzinfo=UTC)).readings

    assert first.source_id is not None
    assert first.source_id.startswith("row:")
    assert later.identity == first.identity
    assert (later.source_id, later.source_timestamp) == (first.source_id, first.source_timestamp)


def test_two_incidents_with_neither_time_nor_key_are_two_events() -> None:
    parsed = parse(row(source_id=None, at=None), row(source_id=None, at=None, notes="another"))

    assert len(parsed.readings) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"source_id": "4712"},
        {"source_id": "4711", "asset": "PRESS-02"},
        {"source_id": "4711", "at": local(6, 31, day=21)},
        {"source_id": None, "asset": "PRESS-02"},
        {"source_id": None, "at": local(6, 32)},
        {"source_id": None, "reason_code": "Near Miss"},
    ],
)
def test_rows_that_differ_in_their_identity_are_two_events(other: dict[str, object]) -> None:
    one = {"source_id": other.get("source_id") and "4711"}

    parsed = parse(row(**one), row(**other))

    assert len(parsed.readings) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"asset": " press-01", "at": local(22, 0), "reason_code": "Near Miss"}),
        ({"source_id": None}, {"source_id": None, "asset": " press-01", "reason_code": "SAFETY  issue"}),
    ],
)
def test_rows_of_one_identity_are_one_event_the_fullest_in_any_order(
    one: dict[str, object], other: dict[str, object]
) -> None:
    full, bare = row(**one), row(**other, minutes=None, notes=None)

    forwards, backwards = parse(full, bare), parse(bare, full)

    assert forwards.readings == backwards.readings
    assert [event.details for event in forwards.readings] == ["guard open"]


def test_the_repeated_hour_keeps_the_plants_naive_time() -> None:
    event = event_of(at=local(1, 30, day=1))

    assert event.source_timestamp == local(1, 30, day=1)
    assert event.is_time_known is True
    assert event.event_timestamp == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_long_and_odd_notes_are_cut_and_cleaned() -> None:
    event = event_of(notes="  guard\x00open 🔥\nשנה " + "x" * 5000)

    assert event.details is not None
    assert event.details.startswith("guard open 🔥\nשנה xxx")
    assert event.details.endswith("x…")
    assert len(event.details) == 2000


def test_a_row_of_another_width_is_still_an_event() -> None:
    parsed = parse(("4711", "PRESS-01", "Safety Issue", local(6, 31)), (), (*row(source_id="2"), "more"))

    assert len(parsed.readings) == 3
    assert parsed.rejected_counts == {Reason.WRONG_WIDTH: 3}


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
    | st.uuids()
    | st.lists(st.integers(), max_size=2)
)


@given(cells=st.lists(anything, max_size=8), at=anything)
def test_whatever_a_row_holds_it_is_one_event_that_json_can_carry(cells: list[object], at: object) -> None:
    parsed = parse(tuple(cells), row(source_id="other", at=at))

    events = [event.as_json() for event in parsed.readings]
    assert len(events) == 2
    # Half a surrogate pair cannot be encoded, and Postgres takes no NUL.
    assert json.dumps(events, allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert not any("\0" in value for event in events for value in event.values() if isinstance(value, str))
