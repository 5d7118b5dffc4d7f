"""What the bounds of a kind refuse, and what they let through."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.series.kinds import KINDS
from plantpulse.series.quality.invalid import invalid_values
from tests.series.quality.made import NEW_YORK, WEDNESDAY, hours_of, points_from, span_of

PRICE = KINDS["day_ahead_price"]


def test_the_negative_price_of_wti_was_real() -> None:
    points = points_from(span_of(date(2020, 4, 20), NEW_YORK).start, 1440, ["-36.98"])

    assert list(invalid_values(points, KINDS["price"])) == []


@pytest.mark.parametrize(
    ("value", "is_invalid"),
    [("4000", False), ("4000.01", True), ("-500", False), ("-500.01", True), ("0", False)],
)
def test_bounds_themselves_are_valid(value: str, is_invalid: bool) -> None:
    found = list(invalid_values(hours_of(WEDNESDAY, [value]), PRICE))

    assert [one.name for one in found] == (["out_of_bounds"] if is_invalid else [])


def test_neighbours_are_one_finding_that_names_the_furthest_value() -> None:
    points = hours_of(WEDNESDAY, [80, 5000, "-9000.5", 81, 6000])

    first, second = invalid_values(points, PRICE)

    assert first.at == (points[1].at, points[2].at)
    assert first.facts == {"value": "-9000.5", "unit": "EUR/MWh", "least": "-500", "most": "4000"}
    assert second.at == (points[4].at,)


def test_a_gap_between_two_values_makes_two_findings() -> None:
    points = hours_of(WEDNESDAY, [5000, 80, 5000])

    assert len(list(invalid_values([points[0], points[2]], PRICE))) == 2


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_invalid_and_never_compared(value: str) -> None:
    points = hours_of(WEDNESDAY, [80, value, 5000])

    found = list(invalid_values(points, PRICE))

    assert [(one.name, one.at) for one in found] == [
        ("not_a_number", (points[1].at,)),
        ("out_of_bounds", (points[2].at,)),
    ]


def test_a_value_that_was_published_as_missing_is_not_invalid() -> None:
    assert list(invalid_values(hours_of(WEDNESDAY, [None, 80]), PRICE)) == []


@given(st.lists(st.integers(-50_000, 400_000), max_size=10))
def test_nothing_within_the_bounds_is_invalid(cents: list[int]) -> None:
    points = hours_of(WEDNESDAY, [value / 100 for value in cents])

    assert list(invalid_values(points, PRICE)) == []
