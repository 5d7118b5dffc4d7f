"""Which slots a span is, and which spans are refused, with the field that is wrong."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plantpulse.errors import InvalidRequest
from plantpulse.live_pulse.spans import Span, SpanLimits, parse_span, slots_of_span

CHICAGO = ZoneInfo("America/Chicago")
QUARTER = timedelta(minutes=15)
LIMITS = SpanLimits(longest=timedelta(hours=6), kept_for=timedelta(hours=24))
NOON = datetime(2026, 3, 11, 17, 0, tzinfo=UTC)


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2026, 3, 11, hour, minute, second, tzinfo=UTC)


def slots(start: datetime, until: datetime) -> list[str]:
    found = slots_of_span(Span(start, until), NOON, QUARTER, LIMITS)
    return [f"{slot:%H:%M}" for slot in found]


def test_no_span_is_none() -> None:
    assert parse_span(None, None, CHICAGO) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-11T06:00", at(11, 0)),
        ("2026-03-11 06:00:30", at(11, 0, 30)),
        ("2026-03-11", at(5, 0)),
        ("2026-03-11T06:00-05:00", at(11, 0)),
        ("2026-03-11T11:00Z", at(11, 0)),
        ("2026-03-11T16:30+05:30", at(11, 0)),
    ],
)
def test_a_time_is_the_plants_own_or_has_an_offset(text: str, expected: datetime) -> None:
    assert parse_span(text, text, CHICAGO) == Span(expected, expected)


@pytest.mark.parametrize(
    ("start", "until", "field", "told"),
    [
        ("2026-03-11T06:00", None, "until", "its start and its end"),
        (None, "2026-03-11T06:00", "from", "its start and its end"),
        ("yesterday", "2026-03-11T06:00", "from", "ISO 8601"),
        ("2026-03-11T06:00", "", "until", "ISO 8601"),
        ("2026-03-11T25:00", "2026-03-11T06:00", "from", "ISO 8601"),
        ("2026-02-30T06:00", "2026-03-11T06:00", "from", "ISO 8601"),
        ("0001-01-01T00:00+14:00", "2026-03-11T06:00", "from", "ISO 8601"),
        ("9999-12-31T23:59", "9999-12-31T23:59", "from", "ISO 8601"),
        ("2026-03-08T02:30", "2026-03-11T06:00", "from", "jumped over"),
        ("2025-11-02T01:30", "2026-03-11T06:00", "from", "twice"),
        ("2026-03-11T06:00", "2025-11-02T01:30", "until", "twice"),
    ],
)
def test_a_span_that_cannot_be_read_is_refused(
    start: str | None, until: str | None, field: str, told: str
) -> None:
    with pytest.raises(InvalidRequest, match=told) as raised:
        parse_span(start, until, CHICAGO)

    assert (raised.value.field, raised.value.http_status) == (field, 400)


def test_slots_come_newest_first_with_both_ends() -> None:
    assert slots(at(11, 0), at(12, 0)) == ["12:00", "11:45", "11:30", "11:15", "11:00"]
    assert slots(at(11, 0, 1), at(11, 59)) == ["11:45", "11:30", "11:15"]
    assert slots(at(11, 0), at(11, 0)) == ["11:00"]
    assert slots(at(16, 59), at(17, 0)) == ["17:00"]


def test_the_longest_and_the_oldest_span_are_still_taken() -> None:
    assert len(slots(at(11, 0), at(17, 0))) == 25
    assert slots(NOON - timedelta(hours=24), NOON - timedelta(hours=24)) == ["17:00"]


@pytest.mark.parametrize(
    ("start", "until", "field", "told"),
    [
        (at(12, 0), at(11, 59), "until", "before the start of the span"),
        (at(12, 0), at(17, 0, 1), "until", "future"),
        (at(18, 0), at(19, 0), "until", "future"),
        (at(11, 1), at(11, 14), "from", "every 15 minutes"),
        (at(10, 59), at(17, 0), "from", "6 hours"),
        (NOON - timedelta(hours=24, seconds=1), NOON - timedelta(hours=23), "from", "kept for 24 hours"),
    ],
)
def test_a_span_that_makes_no_sense_is_refused(
    start: datetime, until: datetime, field: str, told: str
) -> None:
    with pytest.raises(InvalidRequest, match=told) as raised:
        slots(start, until)

    assert raised.value.field == field
