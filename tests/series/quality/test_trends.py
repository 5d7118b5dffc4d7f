"""When a score is said to get worse."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from plantpulse.series.quality.trends import trend_of

LAST = date(2025, 6, 30)


def scores(*values: float | None) -> list[tuple[date, float | None]]:
    """Return scores of the days that end with the last."""
    return [
        (LAST - timedelta(days=back), value)
        for back, value in zip(range(len(values)), reversed(values), strict=True)
    ]


def test_a_week_that_is_worse_than_the_four_weeks_before_is_degraded() -> None:
    found = trend_of(scores(*[1.0] * 28, *[0.9] * 7), LAST)

    assert found
    assert (found.recent, found.before, found.direction, found.is_degraded) == (0.9, 1.0, "worse", True)


def test_a_steady_fall_has_its_slope() -> None:
    found = trend_of(scores(*(1 - number / 64 for number in range(35))), LAST)

    assert found
    assert (found.a_day, found.direction) == (-1 / 64, "worse")


def test_a_week_that_is_better_is_not_degraded() -> None:
    found = trend_of(scores(*[0.9] * 28, *[1.0] * 7), LAST)

    assert found
    assert (found.direction, found.is_degraded) == ("better", False)


def test_three_bad_days_of_a_week_are_no_trend() -> None:
    found = trend_of(scores(*[1.0] * 28, 0.2, 1, 0.1, 1, 0.0, 1, 1), LAST)

    assert found
    assert found.direction == "steady"


def test_what_always_went_up_and_down_must_fall_further() -> None:
    """The days before have median 0.9 and deviation 0.1; three spreads are 3 x 1.4826 x 0.1 = 0.44."""
    unsteady = [1.0, 0.8] * 14

    falls = [trend_of(scores(*unsteady, *[value] * 7), LAST) for value in (0.46, 0.45)]

    assert [one.direction for one in falls if one] == ["steady", "worse"]


def test_two_percent_are_no_change() -> None:
    falls = [trend_of(scores(*[1.0] * 28, *[value] * 7), LAST) for value in (0.985, 0.975)]

    assert [one.direction for one in falls if one] == ["steady", "worse"]


def test_days_without_a_score_are_not_zero_and_too_few_days_are_no_trend() -> None:
    enough = scores(*[1.0] * 14, *[None] * 14, *[None] * 3, *[1.0] * 4)
    few_recent = scores(*[1.0] * 28, *[None] * 4, *[1.0] * 3)
    few_before = scores(*[1.0] * 13, *[None] * 15, *[1.0] * 7)

    found = trend_of(enough, LAST)
    assert found
    assert found.direction == "steady"
    assert trend_of(few_recent, LAST) is None
    assert trend_of(few_before, LAST) is None


def test_days_after_the_last_do_not_count() -> None:
    later = [(LAST + timedelta(days=n), 0.0) for n in range(1, 8)]

    found = trend_of([*scores(*[1.0] * 35), *later], LAST)

    assert found
    assert found.direction == "steady"


@given(st.lists(st.integers(0, 16), min_size=35, max_size=35))
def test_a_trend_and_its_mirror_image_point_the_other_way(sixteenths: list[int]) -> None:
    one = trend_of(scores(*(value / 16 for value in sixteenths)), LAST)
    other = trend_of(scores(*(1 - value / 16 for value in sixteenths)), LAST)

    assert one
    assert other
    assert other.direction == {"better": "worse", "worse": "better", "steady": "steady"}[one.direction]
