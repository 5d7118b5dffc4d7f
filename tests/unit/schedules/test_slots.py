"""The grid of slots and what counts as scheduled."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from plantpulse.errors import ConfigurationError
from plantpulse.schedules.slots import (
    Window,
    grid_interval,
    last_interval,
    next_slot,
    slot_at_or_before,
    window_of_slot,
)

QUARTER = timedelta(minutes=15)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize("minutes", [1, 5, 15, 20, 30, 60, 1440])
def test_an_interval_that_divides_a_day_is_a_grid(minutes: int) -> None:
    assert grid_interval(minutes) == timedelta(minutes=minutes)


@pytest.mark.parametrize("minutes", [0, -15, 7, 25, 1441, 2880])
def test_other_intervals_are_refused(minutes: int) -> None:
    with pytest.raises(ConfigurationError, match="must divide a day"):
        grid_interval(minutes)


def test_slots_before_and_after_an_instant_between_two() -> None:
    assert slot_at_or_before(at(6, 31), QUARTER) == at(6, 30)
    assert next_slot(at(6, 31), QUARTER) == at(6, 45)


def test_slots_before_and_after_a_slot() -> None:
    assert slot_at_or_before(at(6, 30), QUARTER) == at(6, 30)
    assert next_slot(at(6, 30), QUARTER) == at(6, 45)


def test_the_grid_goes_on_over_midnight() -> None:
    assert next_slot(at(23, 50), QUARTER) == datetime(2026, 11, 21, tzinfo=UTC)


def test_the_grid_is_aligned_to_utc_whatever_the_offset_of_the_instant() -> None:
    kathmandu = timezone(timedelta(hours=5, minutes=45))

    assert slot_at_or_before(datetime(2026, 11, 20, 12, 15, tzinfo=kathmandu), timedelta(hours=1)) == at(6)
    assert slot_at_or_before(datetime(2026, 11, 20, 12, 45, tzinfo=kathmandu), timedelta(hours=1)) == at(7)
    assert slot_at_or_before(datetime(2026, 11, 20, 2, 0, tzinfo=kathmandu), timedelta(days=1)) == datetime(
        2026, 11, 19, tzinfo=UTC
    )


def test_a_window_ends_a_source_lag_before_its_slot() -> None:
    window = window_of_slot(at(12), length=timedelta(minutes=30), source_lag=timedelta(seconds=90))

    assert window == Window(at(11, 28, 30), at(11, 58, 30))
    assert window.length == timedelta(minutes=30)


def test_the_window_of_a_manual_run_has_whole_seconds() -> None:
    now = at(12, 3, 7) + timedelta(microseconds=999_999)

    window = window_of_slot(now, length=timedelta(minutes=30), source_lag=timedelta(0))

    assert window == Window(at(11, 33, 7), at(12, 3, 7))


def test_the_last_interval_is_the_newest_part_of_the_window() -> None:
    assert last_interval(Window(at(11, 30), at(12)), QUARTER) == Window(at(11, 45), at(12))


def test_the_last_interval_of_a_short_window_is_the_window() -> None:
    assert last_interval(Window(at(11, 50), at(12)), QUARTER) == Window(at(11, 50), at(12))
