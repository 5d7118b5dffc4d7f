"""Production days by the plant's wall clock, and which of them a morning reports."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from plantpulse.morning_report.day import (
    days_between,
    days_due,
    is_edge_shown_twice,
    last_ended,
    production_day,
)

BERLIN = ZoneInfo("Europe/Berlin")
CHICAGO = ZoneInfo("America/Chicago")
MIDNIGHT, SIX, TEN_AT_NIGHT = time(0), time(6), time(22)


def utc(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_a_day_goes_from_midnight_to_midnight_by_the_plants_clock() -> None:
    day = production_day(date(2026, 3, 10), MIDNIGHT, CHICAGO)

    assert day.date == date(2026, 3, 10)
    assert day.window == (utc(2026, 3, 10, 5), utc(2026, 3, 11, 5))


def test_a_day_that_begins_at_six_bears_the_date_it_begins_on() -> None:
    day = production_day(date(2026, 3, 10), SIX, BERLIN)

    assert day.window == (utc(2026, 3, 10, 5), utc(2026, 3, 11, 5))


def test_a_day_that_begins_at_ten_at_night_bears_the_date_after_it() -> None:
    day = production_day(date(2026, 3, 10), TEN_AT_NIGHT, BERLIN)

    assert day.window == (utc(2026, 3, 9, 21), utc(2026, 3, 10, 21))


@pytest.mark.parametrize(
    ("zone", "short", "long", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), date(2026, 10, 25), (23, 25)),
        ("America/Chicago", date(2026, 3, 8), date(2026, 11, 1), (23, 25)),
        ("Australia/Sydney", date(2026, 10, 4), date(2026, 4, 5), (23, 25)),
        ("Australia/Lord_Howe", date(2026, 10, 4), date(2026, 4, 5), (23.5, 24.5)),
        ("Asia/Kolkata", date(2026, 3, 29), date(2026, 10, 25), (24, 24)),
    ],
)
def test_a_day_on_which_the_clock_is_changed_is_as_long_as_it_is(
    zone: str, short: date, long: date, hours: tuple[float, float]
) -> None:
    spring = production_day(short, MIDNIGHT, ZoneInfo(zone)).window
    autumn = production_day(long, MIDNIGHT, ZoneInfo(zone)).window

    assert (spring.length, autumn.length) == tuple(timedelta(hours=hour) for hour in hours)


@pytest.mark.parametrize("starts_at", [MIDNIGHT, time(1, 30), time(2, 30), SIX, time(12), TEN_AT_NIGHT])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Chicago", "Australia/Lord_Howe", "Africa/Cairo"])
def test_the_days_of_a_year_follow_each_other_without_gap_or_overlap(zone: str, starts_at: time) -> None:
    dates = [date(2026, 1, 1) + timedelta(days=number) for number in range(366)]

    windows = [production_day(day, starts_at, ZoneInfo(zone)).window for day in dates]

    assert all(one.until == other.start for one, other in pairwise(windows))
    assert {window.length for window in windows} <= {timedelta(hours=h) for h in (23, 23.5, 24, 24.5, 25)}


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        (MIDNIGHT, date(2026, 3, 10)),
        (SIX, date(2026, 3, 10)),
        (TEN_AT_NIGHT, date(2026, 3, 10)),
        (time(7), date(2026, 3, 9)),
    ],
)
def test_six_in_the_morning_reports_the_last_day_that_is_over(starts_at: time, expected: date) -> None:
    assert last_ended(utc(2026, 3, 11, 11), starts_at, CHICAGO) == expected


def test_a_day_is_over_the_moment_the_next_one_begins() -> None:
    assert last_ended(utc(2026, 3, 11, 5), MIDNIGHT, CHICAGO) == date(2026, 3, 10)
    assert last_ended(utc(2026, 3, 11, 4, 59), MIDNIGHT, CHICAGO) == date(2026, 3, 9)


def test_a_range_is_newest_first_and_leaves_its_end_out() -> None:
    assert days_between(date(2026, 3, 1), date(2026, 3, 3)) == [date(2026, 3, 2), date(2026, 3, 1)]
    assert days_between(date(2026, 3, 1), date(2026, 3, 1)) == []


def due(*reported: int, look_back: int = 1, catch_up: int = 7) -> list[int]:
    """Return the days of March 2026 that the morning of the 11th reports."""
    dates = [date(2026, 3, day) for day in reported]
    found = days_due(date(2026, 3, 10), dates, look_back=look_back, catch_up=catch_up)
    return [day.day for day in found.dates]


def test_an_ordinary_morning_reports_its_day_and_looks_at_the_one_before_again() -> None:
    assert due(2, 3, 4, 5, 6, 7, 8, 9) == [10, 9]


def test_missed_mornings_are_made_up_for() -> None:
    assert due(2, 3, 4, 5, 6) == [10, 9, 8, 7]


def test_a_day_left_out_between_others_is_made_up_for() -> None:
    assert due(2, 3, 4, 6, 7, 8, 9) == [10, 9, 5]


def test_what_was_missed_longer_ago_than_catch_up_stays_missing() -> None:
    assert due(1, catch_up=3) == [10, 9, 8, 7]


@pytest.mark.parametrize(
    ("reported", "given_up"),
    [((), 0), ((9,), 0), ((3, 5), 0), ((2,), 0), ((1,), 1), ((1, 10), 1), ((5, 1), 0), ((10,), 0)],
)
def test_days_missed_for_too_long_are_counted_once(reported: tuple[int, ...], given_up: int) -> None:
    dates = [date(2026, 3, day) for day in reported]

    assert days_due(date(2026, 3, 10), dates, look_back=1, catch_up=7).given_up == given_up


def test_before_the_first_report_nothing_was_missed() -> None:
    assert due() == [10, 9]
    assert due(8) == [10, 9]


def test_looking_back_can_be_switched_off() -> None:
    assert due(8, 9, look_back=0) == [10]
    assert due(8, 9, look_back=3) == [10, 9, 8, 7]


@pytest.mark.parametrize(
    ("day", "starts_at", "expected"),
    [
        (date(2026, 10, 25), MIDNIGHT, False),
        (date(2026, 10, 25), SIX, False),
        (date(2026, 10, 25), time(2, 30), True),
        (date(2026, 10, 24), time(2, 30), True),
        (date(2026, 10, 23), time(2, 30), False),
        (date(2026, 10, 25), time(2), False),
        (date(2026, 10, 25), time(3), False),
        (date(2026, 3, 29), time(2, 30), False),
    ],
)
def test_a_day_that_begins_or_ends_in_the_repeated_hour_is_told(
    day: date, starts_at: time, expected: bool
) -> None:
    assert is_edge_shown_twice(production_day(day, starts_at, BERLIN), BERLIN) is expected
