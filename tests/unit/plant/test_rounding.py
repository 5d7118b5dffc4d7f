"""Numbers and spans as people read them."""

from datetime import timedelta

import pytest

from plantpulse.plant.rounding import shown_number, shown_span


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (275.8621, "275.9"),
        (10.4333, "10.4"),
        (50, "50"),
        (50.04, "50"),
        (1234567.8912, "1,234,567.9"),
        (0, "0"),
    ],
)
def test_people_read_one_decimal_and_whole_numbers_without(value: float, shown: str) -> None:
    assert shown_number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (12.4, "12 s"),
        (59.6, "1 min"),
        (840, "14 min"),
        (43_013, "11 h 56 min"),
        (10_800, "3 h"),
        (187_200, "2 d 4 h"),
        (172_800, "2 d"),
        (-5, "0 s"),
    ],
)
def test_people_read_a_span_in_its_two_largest_units(seconds: float, shown: str) -> None:
    assert shown_span(timedelta(seconds=seconds)) == shown
