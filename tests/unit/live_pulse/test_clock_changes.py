"""Safety events and shifts on the days on which the plant's clock is changed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.live_pulse.safety import SafetyEvent, parse_safety
from plantpulse.plant.local_time import local_bounds, to_local
from plantpulse.plant.plant_model import ShiftPattern, ShiftTarget
from plantpulse.plant.shifts import output_target
from plantpulse.schedules.slots import Window

CHICAGO = ZoneInfo("America/Chicago")  # 2026: 8 March 08:00 UTC on, 1 November 07:00 UTC back
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # 2026: 4 April 15:00 UTC back, 3 October 15:30 UTC on
QUARTER = timedelta(minutes=15)
LOOK_BACK = timedelta(hours=24)


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def local(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute)  # noqa: DTZ001 - naive plant time


class Incident(NamedTuple):
    """A row of the plant's table: when it was entered in truth, and what its columns say."""

    entered_at: datetime
    shown: datetime
    source_id: str | None = None


def happened(at: datetime, zone: ZoneInfo, source_id: str | None = None) -> Incident:
    return Incident(at, to_local(at, zone).replace(fold=0), source_id)


def polled(
    incidents: Sequence[Incident], now: datetime, zone: ZoneInfo = CHICAGO, look_back: timedelta = LOOK_BACK
) -> Sequence[SafetyEvent]:
    """Return what a poll at that instant finds, as safety.sql would answer it."""
    bounds = local_bounds(Window(now - look_back, now), zone)
    rows = [
        (one.source_id, "PRESS-01", "Safety Issue", one.shown, 3, "guard open")
        for one in incidents
        if one.entered_at <= now and bounds.start <= one.shown < bounds.until
    ]
    return parse_safety(rows, zone=zone, severities={}, polled_at=now).readings


def polled_all_day(incidents: Sequence[Incident], first: datetime) -> list[Sequence[SafetyEvent]]:
    """Return what each of the polls of a day finds."""
    return [polled(incidents, first + number * QUARTER) for number in range(96)]


@pytest.mark.parametrize("source_id", ["4711", None])
def test_every_poll_finds_the_same_event_in_the_repeated_hour(source_id: str | None) -> None:
    incident = happened(utc(11, 1, 6, 20), CHICAGO, source_id)

    found = polled_all_day([incident], utc(11, 1, 6, 30))

    assert {len(events) for events in found} == {1}
    assert len({events[0] for events in found}) == 1
    assert found[0][0].source_timestamp == local(11, 1, 1, 20)
    assert found[0][0].event_timestamp == utc(11, 1, 6, 20)


def test_incidents_of_both_passes_at_one_naive_time_are_two_by_their_source_ids() -> None:
    first, second = happened(utc(11, 1, 6, 20), CHICAGO, "1"), happened(utc(11, 1, 7, 20), CHICAGO, "2")

    found = polled_all_day([first, second], utc(11, 1, 6, 30))

    assert [len(events) for events in found[:6]] == [1, 1, 1, 1, 2, 2]
    assert {event.source_id for events in found for event in events} == {"1", "2"}
    assert len({event.identity for events in found for event in events}) == 2


def test_without_source_ids_the_naive_time_is_the_identity_whichever_pass_it_was() -> None:
    first, second = happened(utc(11, 1, 6, 20), CHICAGO), happened(utc(11, 1, 7, 20), CHICAGO)
    other = happened(utc(11, 1, 7, 21), CHICAGO)

    found = polled_all_day([first, second, other], utc(11, 1, 6, 30))

    assert {event.identity for events in found for event in events} == {
        ("press-01", local(11, 1, 1, 20), "safety issue"),
        ("press-01", local(11, 1, 1, 21), "safety issue"),
    }


def test_an_incident_at_a_time_that_spring_leaves_out_is_found_by_every_poll() -> None:
    incident = Incident(utc(3, 8, 8, 5), local(3, 8, 2, 30))

    *found, last = polled_all_day([incident], utc(3, 8, 8, 15))

    assert {len(events) for events in found} == {1}
    assert last == []  # its look-back begins when the clock was changed
    assert {event.event_timestamp for events in found for event in events} == {utc(3, 8, 8, 30)}


changes = st.sampled_from(
    [
        (CHICAGO, utc(3, 8, 8)),
        (CHICAGO, utc(11, 1, 7)),
        (LORD_HOWE, utc(4, 4, 15)),
        (LORD_HOWE, utc(10, 3, 15, 30)),
    ]
)


@given(
    change=changes,
    off_s=st.integers(-7200, 7200),
    wait_s=st.integers(0, 86_399),
    look_back=st.sampled_from([timedelta(hours=24), timedelta(hours=25), timedelta(days=3)]),
)
def test_no_incident_near_a_change_of_the_clock_is_missed_before_the_look_back_has_passed_over_it(
    change: tuple[ZoneInfo, datetime], off_s: int, wait_s: int, look_back: timedelta
) -> None:
    zone, changed_at = change
    at = changed_at + timedelta(seconds=off_s)

    found = polled([happened(at, zone)], at + timedelta(seconds=1 + wait_s), zone, look_back)

    assert [event.source_timestamp for event in found] == [to_local(at, zone).replace(fold=0)]


NIGHT = ShiftPattern(time(22), time(6), frozenset(range(1, 8)), date(2026, 1, 1), None, ())
EARLY = ShiftPattern(time(6), time(14), frozenset(range(1, 8)), date(2026, 1, 1), None, ())
LATE = ShiftPattern(time(14), time(22), frozenset(range(1, 8)), date(2026, 1, 1), None, ())
AROUND_THE_CLOCK = [
    ShiftTarget(1, name, pattern, 840.0)
    for name, pattern in [("early", EARLY), ("late", LATE), ("night", NIGHT)]
]


@pytest.mark.parametrize(
    ("night", "minutes", "quarter_of_the_night"),
    [
        pytest.param(Window(utc(3, 7, 4), utc(3, 7, 12)), 480, 26.25, id="eight hours"),
        pytest.param(Window(utc(3, 8, 4), utc(3, 8, 11)), 420, 30.0, id="seven hours in spring"),
        pytest.param(Window(utc(11, 1, 3), utc(11, 1, 12)), 540, 840 / 36, id="nine hours in autumn"),
    ],
)
def test_a_night_asks_for_its_whole_target_however_long_it_is(
    night: Window, minutes: int, quarter_of_the_night: float
) -> None:
    quarters = [night.start + number * QUARTER for number in range(minutes // 15)]

    asked = [output_target(AROUND_THE_CLOCK, Window(at, at + QUARTER), CHICAGO) for at in quarters]

    assert quarters[-1] + QUARTER == night.until
    assert asked == pytest.approx([quarter_of_the_night] * len(quarters))
    assert output_target(AROUND_THE_CLOCK, night, CHICAGO) == pytest.approx(840)


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(Window(utc(3, 7, 12), utc(3, 8, 11)), id="23 hours"),
        pytest.param(Window(utc(3, 6, 12), utc(3, 7, 12)), id="24 hours"),
        pytest.param(Window(utc(10, 31, 11), utc(11, 1, 12)), id="25 hours"),
    ],
)
def test_a_day_from_six_to_six_asks_for_three_shifts_however_long_it_is(day: Window) -> None:
    quarters = [day.start + number * QUARTER for number in range(day.length // QUARTER)]

    asked = sum(output_target(AROUND_THE_CLOCK, Window(at, at + QUARTER), CHICAGO) for at in quarters)

    assert asked == pytest.approx(3 * 840)
