"""Slots, and the clock of a burst."""

from datetime import UTC, datetime, timedelta

import pytest

from plantpulse.tags.slots import (
    SlotClock,
    correction,
    count_between,
    next_slot,
    slot_at_or_after,
    slot_at_or_before,
    slots_between,
)

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("instant", "interval_ms", "before", "after"),
    [
        (at(0), 1000, at(0), at(0)),
        (at(0.000001), 1000, at(0), at(1)),
        (at(0.3), 200, at(0.2), at(0.4)),
        (at(59.999999), 60_000, at(0), at(60)),
        # 7 s divides no minute: the grid is that of the epoch.
        (
            datetime(1970, 1, 1, 0, 1, tzinfo=UTC),
            7000,
            datetime(1970, 1, 1, 0, 0, 56, tzinfo=UTC),
            datetime(1970, 1, 1, 0, 1, 3, tzinfo=UTC),
        ),
    ],
)
def test_slots_are_whole_multiples_of_the_interval_since_the_epoch(
    instant: datetime, interval_ms: int, before: datetime, after: datetime
) -> None:
    interval = timedelta(milliseconds=interval_ms)

    assert slot_at_or_before(instant, interval) == before
    assert slot_at_or_after(instant, interval) == after


@pytest.mark.parametrize(
    ("after", "now", "expected"),
    [
        (at(1), at(1.2), at(2)),
        (at(1), at(2), at(2)),
        (at(1), at(2.001), at(3)),
        (at(1), at(9.5), at(10)),
        (at(1), at(0.2), at(2)),  # a clock that went back doubles no slot
        (at(1), at(-3600), at(2)),
    ],
)
def test_the_next_slot_is_after_the_last_one_and_not_over_yet(
    after: datetime, now: datetime, expected: datetime
) -> None:
    assert next_slot(after, now, SECOND) == expected


def test_slots_between_leave_out_the_end() -> None:
    assert slots_between(at(1), at(4), SECOND) == [at(1), at(2), at(3)]
    assert slots_between(at(1), at(3.5), SECOND) == [at(1), at(2), at(3)]
    assert slots_between(at(4), at(4), SECOND) == []
    assert slots_between(at(5), at(4), SECOND) == []


def test_slots_are_counted_without_a_list_of_them() -> None:
    years_ago = datetime(1970, 1, 1, tzinfo=UTC)

    assert count_between(at(1), at(3.5), SECOND) == 3
    assert count_between(at(5), at(4), SECOND) == 0
    assert count_between(years_ago, NOON, timedelta(milliseconds=200)) == 8_980_632_000


@pytest.mark.parametrize(
    ("told", "expected_s"),
    [(9.0, -1.0), (10.0, 0.0), (10.3, 0.0), (10.5, 0.0), (12.5, 2.0)],
)
def test_a_clock_is_set_only_as_far_as_the_servers_time_contradicts_it(
    told: float, expected_s: float
) -> None:
    assert correction(at(told), at(10.0), at(10.5)) == timedelta(seconds=expected_s)


def test_the_clock_of_a_burst_counts_on_from_its_begin() -> None:
    clock = SlotClock(NOON, 1000.0)

    assert clock.at(1001.25) == at(1.25)
    assert clock.monotonic_of(at(1.25)) == 1001.25


def test_a_machine_with_a_wrong_clock_takes_the_databases_time_before_its_first_slot() -> None:
    clock = SlotClock(at(-7200), 1000.0)

    clock.hear(at(0.1), 1000.0, 1000.2)

    assert clock.at(1000.2) == at(0.1)
    assert clock.monotonic_of(at(0.1)) == pytest.approx(1000.2)


def test_slow_answers_set_a_clock_at_once_until_one_is_exact_and_never_beyond_the_truth() -> None:
    clock = SlotClock(at(600), 1000.0)

    clock.hear(at(30), 1000.0, 1036.0)
    assert (clock.at(1036.0), clock.is_exact) == (at(66), False)

    clock.hear(at(40), 1038.0, 1041.0)
    assert (clock.at(1041.0), clock.is_exact) == (at(43), False)

    clock.hear(at(42.5), 1042.0, 1042.5)
    assert (clock.at(1042.5), clock.is_exact) == (at(43), True)

    clock.hear(at(43), 1044.0, 1044.5)
    assert clock.at(1044.5) == at(44.995)


def test_later_corrections_go_in_steps_that_no_period_feels() -> None:
    clock = SlotClock(NOON, 1000.0)
    clock.hear(at(0.1), 1000.0, 1000.2)

    clock.hear(at(1.9), 1002.0, 1002.2)
    assert clock.at(1002.2) == at(2.195)

    clock.hear(at(4.9), 1004.0, 1004.2)
    assert clock.at(1004.2) == at(4.2)


def test_a_machine_that_slept_steps_forward_at_once_but_never_back() -> None:
    clock = SlotClock(NOON, 1000.0)
    clock.hear(at(0.1), 1000.0, 1000.2)

    clock.hear(at(3600), 1002.0, 1002.0)
    assert clock.at(1002.0) == at(3600)

    clock.hear(at(4), 1004.0, 1004.0)
    assert clock.at(1004.0) == at(3601.995)


def test_a_clock_that_was_wrong_by_minutes_says_where_it_went_on() -> None:
    clock = SlotClock(NOON, 1000.0)
    clock.hear(at(299), 1000.0, 1000.0)
    assert clock.leapt_to == datetime(1970, 1, 1, tzinfo=UTC)

    clock.hear(at(864_000), 1001.0, 1001.0)
    assert clock.leapt_to == at(864_000)

    clock.hear(at(864_001), 1002.0, 1002.0)
    assert clock.leapt_to == at(864_000)
