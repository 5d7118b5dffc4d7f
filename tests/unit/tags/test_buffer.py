"""The queue of a group."""

from datetime import timedelta

import pytest

from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.buffer import MOST_READINGS, Buffer, Sample, limit_of
from plantpulse.tags.readings import Quality
from tests.unit.tags.plc import Time, at, group_of

GROUP = group_of()


def sample(second: int) -> Sample:
    return Sample(at(second), Quality.GOOD)


def test_a_full_queue_loses_its_oldest_sample_and_counts_it() -> None:
    buffer = Buffer(3)
    for second in range(5):
        buffer.put(GROUP, sample(second))

    assert [one.slot for _, one in buffer.drain(10)] == [at(2), at(3), at(4)]
    assert buffer.take_dropped() == 2
    assert buffer.take_dropped() == 0


def test_a_queue_is_no_longer_than_its_readings_fit_into_memory() -> None:
    assert limit_of(300, timedelta(milliseconds=200), 500) == 400
    assert limit_of(300, timedelta(milliseconds=200), 100) == 1500
    assert limit_of(3600, timedelta(milliseconds=200), 0) == 18000


def test_ten_groups_of_500_tags_a_second_last_for_the_default_of_300_seconds() -> None:
    assert limit_of(TagsSettings().buffer_s, timedelta(seconds=1), 500) == 300
    assert 10 * MOST_READINGS * 90 < 200_000_000


def test_samples_leave_in_the_order_in_which_they_came() -> None:
    buffer = Buffer(10)
    for second in range(3):
        buffer.put(GROUP, sample(second))

    assert [one.slot for _, one in buffer.drain(2)] == [at(0), at(1)]
    assert len(buffer) == 1


def test_the_highest_length_is_kept() -> None:
    buffer = Buffer(10)
    for second in range(4):
        buffer.put(GROUP, sample(second))
    buffer.drain(10)

    assert (len(buffer), buffer.highest) == (0, 4)


@pytest.mark.parametrize("is_resting", [False, True])
def test_the_highest_length_of_an_outage_is_forgotten_ten_to_twenty_minutes_after_it(
    is_resting: bool,
) -> None:
    time = Time()
    buffer = Buffer(1000, time)
    for second in range(100):
        buffer.put(GROUP, sample(second))
    buffer.drain(100)

    highest = []
    for second in (599, 600, 1199, 1200):
        time.now_s = 1000 + second
        if not is_resting:  # a group that waits for its trigger has no samples
            buffer.put(GROUP, sample(second))
        highest.append(buffer.highest)
        buffer.drain(1)

    assert highest == [100, 100, 100, 0 if is_resting else 1]


def test_an_outage_that_is_over_for_long_is_forgotten_at_once() -> None:
    time = Time()
    buffer = Buffer(1000, time)
    buffer.put(GROUP, sample(0))
    buffer.drain(1)
    time.now_s += 1200

    assert buffer.highest == 0


def test_a_queue_lasts_for_the_time_that_is_set_and_for_some_samples_of_a_slow_group() -> None:
    assert limit_of(300, timedelta(seconds=1), 1) == 300
    assert limit_of(300, timedelta(milliseconds=200), 1) == 1500
    assert limit_of(10, timedelta(seconds=3), 1) == 10
    assert limit_of(300, timedelta(hours=1), 500) == 10
