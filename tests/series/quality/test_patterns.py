"""Faults told apart by name, each beside a day that looks like it and is none."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from plantpulse.series.kinds import KINDS
from plantpulse.series.quality import patterns
from plantpulse.series.quality.days import clock_change, local_days
from tests.series.quality.made import (
    A_DAY,
    BERLIN,
    CALM,
    NEW_YORK,
    WEDNESDAY,
    Value,
    as_day,
    days_before,
    hours_of,
    points_from,
    span_of,
)

PRICE, LOAD, GENERATION = KINDS["day_ahead_price"], KINDS["load"], KINDS["generation"]
LOADS = [value * 600 for value in CALM]
AUTUMN, SPRING = date(2024, 10, 27), date(2025, 3, 30)


def test_a_day_has_23_24_or_25_hours() -> None:
    lengths = [span_of(day).until - span_of(day).start for day in (SPRING, WEDNESDAY, AUTUMN)]

    assert lengths == [timedelta(hours=23), timedelta(hours=24), timedelta(hours=25)]


@pytest.mark.parametrize(
    ("day", "zone", "change"),
    [
        (AUTUMN, BERLIN, datetime(2024, 10, 27, 1, tzinfo=UTC)),
        (SPRING, BERLIN, datetime(2025, 3, 30, 1, tzinfo=UTC)),
        (date(2025, 11, 2), NEW_YORK, datetime(2025, 11, 2, 6, tzinfo=UTC)),
        (WEDNESDAY, BERLIN, None),
    ],
)
def test_the_clock_is_changed_twice_a_year(day: date, zone: object, change: datetime | None) -> None:
    where = BERLIN if zone is BERLIN else NEW_YORK

    assert clock_change(span_of(day, where), where) == change


def test_a_load_of_zero_is_a_missing_one() -> None:
    points = hours_of(WEDNESDAY, [*LOADS[:5], 0, 0, *LOADS[7:]])

    found = patterns.zeros_for_missing(as_day(points), [], LOAD)

    assert found
    assert found.at == (points[5].at, points[6].at)
    assert found.facts == {"points": 2}


def test_prices_may_be_zero_for_some_hours() -> None:
    day = as_day(hours_of(WEDNESDAY, [*CALM[:9], *[0.0] * 8, *CALM[17:]]))

    assert patterns.zeros_for_missing(day, [], PRICE) is None


def test_prices_that_are_zero_for_half_a_day_are_missing_also_across_midnight() -> None:
    first = hours_of(WEDNESDAY, [*CALM[:17], *[0] * 7])
    second = hours_of(WEDNESDAY + A_DAY, [0, 0, 0, 0, 0, *CALM[5:]])
    one, two = as_day(first), as_day(second)

    evening = patterns.zeros_for_missing(one, [], PRICE, two)
    morning = patterns.zeros_for_missing(two, [one], PRICE)

    assert evening
    assert evening.at == tuple(point.at for point in first[17:])
    assert morning
    assert morning.at == tuple(point.at for point in second[:5])


def test_a_plant_that_fades_out_is_no_fault_and_one_that_drops_to_zero_is() -> None:
    before = days_before(WEDNESDAY, 7, [400] * 12 + [500] * 12)
    faded = as_day(hours_of(WEDNESDAY, [400, 300, 150, 49, *[0] * 20]))
    dropped = as_day(hours_of(WEDNESDAY, [400, 400, 400, 400, *[0] * 20]))

    assert patterns.zeros_for_missing(faded, before, GENERATION) is None
    assert patterns.zeros_for_missing(dropped, before, GENERATION) is not None


def test_the_sun_sets_every_day() -> None:
    sunny = [0] * 8 + [100, 400, 700, 900, 800, 500, 200] + [0] * 9
    before = days_before(WEDNESDAY, 28, sunny)

    assert patterns.zeros_for_missing(as_day(hours_of(WEDNESDAY, sunny)), before, GENERATION) is None


def test_one_value_all_day_is_told_of_prices_and_loads() -> None:
    points = hours_of(WEDNESDAY, [81.5] * 24)

    found = patterns.flat_day(as_day(points), [], PRICE)

    assert found
    assert len(found.at) == 24
    assert found.facts == {"value": "81.5"}


def test_a_day_that_differs_once_is_not_flat() -> None:
    assert patterns.flat_day(as_day(hours_of(WEDNESDAY, [81.5] * 23 + [81.4])), [], PRICE) is None


def test_a_plant_that_always_runs_alike_is_not_flat_and_one_that_never_did_is() -> None:
    flat = as_day(hours_of(WEDNESDAY, [1300] * 24))

    assert patterns.flat_day(flat, days_before(WEDNESDAY, 7, [1250] * 24), GENERATION) is None
    assert patterns.flat_day(flat, days_before(WEDNESDAY, 6, LOADS), GENERATION) is None
    assert patterns.flat_day(flat, days_before(WEDNESDAY, 7, LOADS), GENERATION) is not None


def test_a_day_that_is_not_over_is_not_flat_yet() -> None:
    before = days_before(WEDNESDAY, 7, LOADS)
    night = [1300] * 22

    assert patterns.flat_day(as_day(hours_of(WEDNESDAY, night)), before, GENERATION) is not None
    assert patterns.flat_day(as_day(hours_of(WEDNESDAY, night[:21])), before, GENERATION) is None
    assert (
        patterns.flat_day(as_day(hours_of(WEDNESDAY, [1300, *[None] * 11, *night[:12]])), before, LOAD)
        is None
    )


def test_a_morning_of_sun_is_in_no_other_unit_and_a_whole_day_is() -> None:
    sunny = [0] * 8 + [100, 4000, 7000, 9000, 8000, 5000, 200] + [0] * 9
    before = days_before(WEDNESDAY, 28, sunny)
    morning = as_day(hours_of(WEDNESDAY, [*[0] * 8, 0.4]))
    in_gw = as_day(hours_of(WEDNESDAY, [value / 1000 for value in sunny]))

    assert patterns.wrong_unit(morning, before, GENERATION) is None
    assert patterns.wrong_unit(in_gw, before, GENERATION) is not None


def test_a_type_of_production_that_is_not_there_is_not_flat() -> None:
    before = days_before(WEDNESDAY, 7, LOADS)

    assert patterns.flat_day(as_day(hours_of(WEDNESDAY, [0] * 24)), before, GENERATION) is None


@pytest.mark.parametrize(("day", "hours"), [(AUTUMN, 25), (SPRING, 23)])
def test_an_hour_that_is_copied_at_the_clock_change_is_told(day: date, hours: int) -> None:
    values: list[Value] = [float(number) for number in range(hours * 4)]
    change = clock_change(span_of(day), BERLIN)
    assert change
    place = (change - span_of(day).start) // timedelta(minutes=15)
    values[place : place + 4] = values[place - 4 : place]
    points = points_from(span_of(day).start, 15, values)

    found = patterns.doubled_hour(as_day(points), BERLIN)

    assert found
    assert found.at == tuple(point.at for point in points[place : place + 4])


@pytest.mark.parametrize("day", [AUTUMN, SPRING])
def test_a_clock_change_with_values_of_its_own_is_no_fault(day: date) -> None:
    hours = (span_of(day).until - span_of(day).start) // timedelta(hours=1)
    points = points_from(span_of(day).start, 15, [float(n) for n in range(hours * 4)])

    assert patterns.doubled_hour(as_day(points), BERLIN) is None


def test_a_night_that_is_alike_for_three_hours_is_no_copy() -> None:
    assert patterns.doubled_hour(as_day(hours_of(AUTUMN, [66, 66, 66, 66, *CALM[3:]])), BERLIN) is None


def test_a_plant_that_has_stopped_before_the_clock_change_is_no_copy() -> None:
    assert patterns.doubled_hour(as_day(hours_of(AUTUMN, [66, 50, 0, 0, *CALM[3:]])), BERLIN) is None


def test_two_like_hours_of_another_day_are_no_fault() -> None:
    assert patterns.doubled_hour(as_day(hours_of(WEDNESDAY, [70, 68, 66, 66, *CALM[4:]])), BERLIN) is None


def test_a_night_without_sun_is_no_copy() -> None:
    assert patterns.doubled_hour(as_day(hours_of(AUTUMN, [0] * 25)), BERLIN) is None


def test_zeros_for_the_future_are_told_with_those_that_lead_up_to_it() -> None:
    points = hours_of(WEDNESDAY, [*LOADS[:10], *[0] * 14])
    now = points[12].at + timedelta(minutes=20)

    found = patterns.future_zeros(as_day(points), LOAD, now)

    assert found
    assert found.at == tuple(point.at for point in points[10:])
    assert found.verdict == "invalid"


def test_the_night_before_zeros_of_the_future_was_dark() -> None:
    points = hours_of(WEDNESDAY, [0] * 24)
    now = points[5].until

    found = patterns.future_zeros(as_day(points), GENERATION, now)

    assert found
    assert found.at == tuple(point.at for point in points[6:])


def test_zeros_of_the_past_are_not_of_the_future() -> None:
    points = hours_of(WEDNESDAY, [*LOADS[:10], 0, 0, *LOADS[12:]])

    assert patterns.future_zeros(as_day(points), LOAD, points[-1].until) is None


def test_prices_of_tomorrow_may_be_zero_and_those_of_the_day_after_may_not() -> None:
    zeros = as_day(hours_of(WEDNESDAY, [0] * 24))
    tuesday, monday = (span_of(WEDNESDAY - back * A_DAY).start + timedelta(hours=13) for back in (1, 2))

    assert patterns.future_zeros(zeros, PRICE, tuesday) is None
    assert patterns.future_zeros(zeros, PRICE, monday) is not None


@pytest.mark.parametrize(
    ("times", "factor"),
    [(1000, "1000"), (0.001, "1/1000"), (4, "4"), (2, "2"), (0.25, "1/4"), (0.75, None), (1.3, None)],
)
def test_a_load_in_another_unit_is_told_by_its_factor(times: float, factor: str | None) -> None:
    day = as_day(hours_of(WEDNESDAY, [value * times for value in LOADS]))

    found = patterns.wrong_unit(day, days_before(WEDNESDAY, 28, LOADS), LOAD)

    assert (found.facts if found else None) == ({"factor": factor} if factor else None)


def test_a_sunday_is_compared_with_sundays() -> None:
    sunday = date(2025, 1, 19)
    days = [
        as_day(hours_of(day, [value * (0.4 if day.weekday() == 6 else 1) for value in LOADS]))
        for day in (sunday - back * A_DAY for back in range(28, 0, -1))
    ]
    doubled = as_day(hours_of(sunday, [value * 0.8 for value in LOADS]))
    usual = as_day(hours_of(sunday, [value * 0.4 for value in LOADS]))

    assert patterns.wrong_unit(doubled, days, LOAD) is not None
    assert patterns.wrong_unit(usual, days, LOAD) is None


def test_a_day_of_cheap_power_is_in_no_other_unit() -> None:
    cheap: Sequence[Value] = [-0.01, 0.0, 0.02, 0.05] * 5 + [3, 5, 4, 1]
    before = days_before(WEDNESDAY, 28, CALM)

    assert patterns.wrong_unit(as_day(hours_of(WEDNESDAY, cheap)), before, PRICE) is None
    in_kwh = as_day(hours_of(WEDNESDAY, [value / 1000 for value in CALM]))
    assert patterns.wrong_unit(in_kwh, before, PRICE) is not None


def test_a_unit_is_not_told_without_a_week_before() -> None:
    day = as_day(hours_of(WEDNESDAY, [value * 1000 for value in LOADS]))

    assert patterns.wrong_unit(day, days_before(WEDNESDAY, 6, LOADS), LOAD) is None


def test_a_day_is_partial_from_an_hour_on_and_not_when_all_of_it_is_missing() -> None:
    span = span_of(WEDNESDAY)

    found = patterns.partial_day(span, 1080, 1440)

    assert found
    assert (found.at, found.span) == ((), span)
    assert found.facts == {"missing": 360, "due": 1440, "percent": 75.0}
    assert patterns.partial_day(span, 1381, 1440) is None
    assert patterns.partial_day(span, 1380, 1440) is not None
    assert patterns.partial_day(span, 0, 1440) is None


def test_a_day_that_has_the_prices_of_the_other_auction_is_told() -> None:
    quarters = as_day(points_from(span_of(WEDNESDAY).start, 15, [value for value in CALM for _ in range(4)]))
    hours = as_day(hours_of(WEDNESDAY, CALM))

    found = patterns.wrong_auction(quarters, hours, "DE/day_ahead_price/2")

    assert found
    assert len(found.at) == 96
    assert found.facts == {"series": "DE/day_ahead_price/2"}


def test_two_auctions_that_differ_once_are_two_auctions() -> None:
    ours, theirs = as_day(hours_of(WEDNESDAY, CALM)), as_day(hours_of(WEDNESDAY, [*CALM[:23], 75.01]))

    assert patterns.wrong_auction(ours, theirs, "other") is None


def test_two_flat_days_do_not_say_which_auction_they_are_of() -> None:
    flat = as_day(hours_of(WEDNESDAY, [50, 60] * 12))

    assert patterns.wrong_auction(flat, flat, "other") is None


def test_days_are_cut_at_local_midnight_and_empty_ones_are_left_out() -> None:
    points = (
        hours_of(AUTUMN - A_DAY, [1] * 24) + hours_of(AUTUMN, [2] * 25) + hours_of(AUTUMN + 2 * A_DAY, [3])
    )

    days = list(local_days(points, BERLIN))

    assert [(day.date, len(day.points)) for day in days] == [
        (date(2024, 10, 26), 24),
        (date(2024, 10, 27), 25),
        (date(2024, 10, 29), 1),
    ]
