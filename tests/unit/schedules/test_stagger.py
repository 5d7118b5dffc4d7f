"""Plants are spread over the first minutes after a slot."""

from collections import Counter
from datetime import timedelta

import pytest

from plantpulse.schedules.stagger import offset_of

PLANTS = [f"plant_{number}" for number in range(100)]


def minutes(every_minutes: int) -> Counter[int]:
    return Counter(offset_of(plant, PLANTS, every_minutes) // timedelta(minutes=1) for plant in PLANTS)


@pytest.mark.parametrize(
    ("every_minutes", "offsets"),
    [(1, {0}), (5, {0}), (10, {0, 1}), (15, {0, 1, 2}), (30, {0, 1, 2, 3, 4}), (1440, {0, 1, 2, 3, 4})],
)
def test_an_offset_is_a_small_part_of_the_interval(every_minutes: int, offsets: set[int]) -> None:
    assert set(minutes(every_minutes)) == offsets


def test_no_minute_has_most_of_the_plants() -> None:
    assert max(minutes(15).values()) <= 45
    assert max(minutes(30).values()) <= 30


def test_an_offset_is_the_same_in_every_process_and_with_other_plants() -> None:
    told = [offset_of("berlin", plants, 15) for plants in (["berlin", "adelaide"], ["berlin", *PLANTS])]

    assert told == [timedelta(minutes=2)] * 2


def test_a_single_plant_is_polled_at_the_slot() -> None:
    assert offset_of("berlin", ["berlin"], 15) == timedelta(0)
