"""What statistics doubt. The figures are computed by hand from the published values."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.series.points import Point
from plantpulse.series.quality.days import local_days
from plantpulse.series.quality.outliers import unlike_the_day, unlike_the_week
from plantpulse.series.quality.robust import median, slope, spread
from tests.series.quality.made import (
    A_DAY,
    BERLIN,
    CALM,
    NEW_YORK,
    WEDNESDAY,
    Value,
    as_day,
    hours_of,
    points_from,
    span_of,
)

# WTI at Cushing, US dollars a barrel, 2020-03-30 to 2020-05-08 (EIA; public domain).
WTI = """20.10 20.51 20.28 25.18 28.36 26.21 23.54 24.97 22.90 22.36 20.15 19.96 19.82 18.31 -36.98 8.91 13.64
15.06 15.99 12.17 12.40 15.04 19.72 20.38 24.54 23.95 23.68 24.73"""


def load_weeks(weeks: int, of_hour: int = 1000) -> list[Point]:
    """Return hourly loads from a Monday on: 1000 MW at midnight, 100 more each hour until noon."""
    start = span_of(date(2025, 1, 6)).start
    values: list[Value] = [of_hour + 100 * min(hour % 24, 24 - hour % 24) for hour in range(weeks * 168)]
    return points_from(start, 60, values)


def test_medians_and_spreads_have_their_textbook_values() -> None:
    assert median([3, 1, 2]) == 2
    assert median([4, 1, 3, 2]) == 2.5
    assert spread([1, 1, 2, 2, 4, 6, 9], 2) == pytest.approx(1.4826)
    assert slope([(0, 1), (1, 3), (2, 5), (3, 100)]) == 17.5
    assert slope([(0, 1), (1, 3), (2, 5), (3, 7), (4, 1000)]) == 2
    assert slope([(5, 1)]) == 0


def test_a_spike_in_a_calm_day_is_told_with_what_is_usual() -> None:
    values: list[Value] = [*CALM[:12], 282, *CALM[13:]]
    points = hours_of(WEDNESDAY, values)

    [found] = unlike_the_day([as_day(points)])

    assert found.name == "unlike_the_day"
    assert found.at == (points[12].at,)
    assert found.facts == {"value": "282", "usual": 83.0}
    assert found.verdict == "suspect"


def test_a_spike_is_told_from_four_spreads_on_and_not_before() -> None:
    """Median 83, median absolute deviation 12: the limit is 83 + 4 x 1.4826 x 12 = 154.16."""
    at_the_limit: list[Value] = [*CALM[:12], 154.1, *CALM[13:]]
    beyond: list[Value] = [*CALM[:12], 154.2, *CALM[13:]]

    assert not list(unlike_the_day([as_day(hours_of(WEDNESDAY, at_the_limit))]))
    assert list(unlike_the_day([as_day(hours_of(WEDNESDAY, beyond))]))


def test_a_broad_peak_that_is_far_from_the_day_is_no_outlier() -> None:
    values: list[Value] = [*CALM[:16], 200, 320, 430, 420, 330, 210, *CALM[22:]]

    assert list(unlike_the_day([as_day(hours_of(WEDNESDAY, values))])) == []


def test_cents_are_no_outliers_on_a_day_that_is_almost_flat() -> None:
    values: list[Value] = [*[50.0] * 23, 60.0]

    assert list(unlike_the_day([as_day(hours_of(WEDNESDAY, values))])) == []


def test_a_part_of_a_day_is_not_judged() -> None:
    days = [as_day(hours_of(WEDNESDAY + n * A_DAY, list(CALM))) for n in range(3)]
    values: list[Value] = [*CALM[:5], 900, *CALM[6:11]]

    assert list(unlike_the_day([*days, as_day(hours_of(WEDNESDAY + 3 * A_DAY, values))])) == []


def test_neighbouring_outliers_are_one_run() -> None:
    values: list[Value] = [*CALM[:10], 900, 905, *CALM[12:]]
    points = hours_of(WEDNESDAY, values)

    [found] = unlike_the_day([as_day(points)])

    assert found.at == (points[10].at, points[11].at)
    assert found.facts["value"] == "905"


def test_the_negative_price_of_wti_is_doubted_among_daily_prices_and_nothing_else() -> None:
    start = datetime(2020, 3, 30, tzinfo=NEW_YORK)
    trading = [start + n * A_DAY for n in range(40) if (start + n * A_DAY).weekday() < 5]
    points = [
        points_from(span_of(day.date(), NEW_YORK).start, 1440, [value])[0]
        for day, value in zip(trading, WTI.split(), strict=False)
    ]

    found = list(unlike_the_day(list(local_days(points, NEW_YORK))))

    assert [one.facts["value"] for one in found] == ["-36.98"]


def test_a_load_unlike_its_time_of_the_week_is_told() -> None:
    points = load_weeks(6)
    place = 5 * 168 + 60
    points[place] = points[place]._replace(value=Decimal(1100))

    [found] = unlike_the_week(points, BERLIN)

    assert found.at == (points[place].at,)
    assert found.facts == {"value": "1100", "usual": 2200.0}


def test_a_load_is_told_beyond_five_times_five_percent_and_not_before() -> None:
    for percent, is_told in ((125, False), (126, True)):
        points = load_weeks(6)
        place = 5 * 168 + 60
        value = points[place].value
        assert value is not None
        points[place] = points[place]._replace(value=value * percent / 100)

        assert bool(list(unlike_the_week(points, BERLIN))) is is_told


def test_a_holiday_is_no_outlier_because_all_of_it_is_low() -> None:
    points = load_weeks(6)
    for place in range(5 * 168, 5 * 168 + 24):
        value = points[place].value
        assert value is not None
        points[place] = points[place]._replace(value=value * 65 / 100)

    assert list(unlike_the_week(points, BERLIN)) == []


def test_the_first_four_weeks_are_not_judged() -> None:
    points = load_weeks(4)
    points[-1] = points[-1]._replace(value=points[-1].value and points[-1].value * 10)

    assert list(unlike_the_week(points, BERLIN)) == []


def test_what_is_usual_is_that_of_the_last_eight_weeks() -> None:
    """Twelve weeks at 1000 MW and more, then nine at twice as much: usual is the new level."""
    points = [
        point._replace(value=(point.value or Decimal()) * (1 if number < 12 * 168 else 2))
        for number, point in enumerate(load_weeks(21))
    ]
    place = 20 * 168 + 60
    points[place] = points[place]._replace(value=Decimal(1000))

    found = [one for one in unlike_the_week(points, BERLIN) if one.at == (points[place].at,)]

    assert [one.facts["usual"] for one in found] == [4400.0]


def test_a_load_among_hours_that_vary_as_much_is_no_outlier() -> None:
    """For three days every other hour is 30 percent lower or higher than usual."""
    points = load_weeks(6)
    for place in range(5 * 168, 5 * 168 + 72):
        value = points[place].value
        assert value is not None
        points[place] = points[place]._replace(value=value * (70 if place % 2 else 130) / 100)

    assert list(unlike_the_week(points, BERLIN)) == []


def test_the_time_of_the_week_is_that_of_the_clock_also_after_it_is_changed() -> None:
    """Loads follow the clock: at noon of local time there are 2200 MW before and after 30 March 2025."""
    start = span_of(date(2025, 2, 24)).start
    times = [start + timedelta(hours=n) for n in range(8 * 168)]
    values: list[Value] = []
    for at in times:
        hour = at.astimezone(BERLIN).hour
        values.append(200 + 400 * min(hour, 24 - hour))

    assert list(unlike_the_week(points_from(start, 60, values), BERLIN)) == []


@given(st.floats(min_value=-400, max_value=3000), st.integers(min_value=12, max_value=100))
def test_a_flat_day_has_no_outliers(value: float, count: int) -> None:
    points = points_from(datetime(2025, 1, 15, tzinfo=UTC), 5, [round(value, 2)] * count)

    assert list(unlike_the_day(list(local_days(points, BERLIN)))) == []


@given(st.lists(st.one_of(st.none(), st.floats(min_value=-500, max_value=4000)), max_size=60))
def test_values_that_are_missing_or_anything_else_break_nothing(values: list[float | None]) -> None:
    points = points_from(datetime(2025, 1, 15, tzinfo=UTC), 60, values)

    found = list(unlike_the_day(list(local_days(points, BERLIN)))) + list(unlike_the_week(points, BERLIN))

    assert {at for one in found for at in one.at} <= {point.at for point in points if point.value is not None}
