"""Which collections are unusual against the same weekday and hour."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from plantpulse.series.anomalies import Anomaly, Collected, anomalies_of
from tests.series.quality.made import BERLIN, utc

NOW = utc("2025-09-03T10:00")  # a Wednesday, at noon in Berlin; the clock was last changed 22 weeks before
WEEK = timedelta(weeks=1)


def history(volumes: Iterable[int], api_ms: Iterable[float] = (400,) * 52) -> list[Collected]:
    """Return collections of the weeks before, the oldest first."""
    found = list(zip(volumes, api_ms, strict=False))
    return [Collected(NOW - (len(found) - n) * WEEK, *one) for n, one in enumerate(found)]


def told(points: int, api_ms: float, before: list[Collected], at: datetime = NOW) -> list[Anomaly]:
    return anomalies_of(Collected(at, points, api_ms), before, BERLIN)


def test_what_is_as_usual_is_no_anomaly() -> None:
    assert told(96, 420, history([96] * 8)) == []


def test_far_fewer_points_are_told_with_what_is_usual() -> None:
    assert told(48, 400, history([96] * 8)) == [Anomaly("volume", 48, 96.0, 8)]


def test_far_more_points_are_told_too() -> None:
    assert [one.what for one in told(192, 400, history([96] * 8))] == ["volume"]


def test_a_third_less_is_told_and_a_quarter_less_is_not() -> None:
    assert told(72, 400, history([96] * 8)) == []
    assert told(64, 400, history([96] * 8)) != []


def test_a_slow_answer_is_told_and_a_fast_one_is_not() -> None:
    before = history([96] * 8, [1000.0] * 8)

    assert told(96, 2100, before) == [Anomaly("latency", 2100, 1000.0, 8)]
    assert told(96, 1900, before) == []
    assert told(96, 1, before) == []


def test_half_a_second_more_is_never_slow() -> None:
    assert told(96, 590, history([96] * 8, [100.0] * 8)) == []
    assert told(96, 610, history([96] * 8, [100.0] * 8)) != []


def test_steady_growth_is_no_anomaly_and_a_stop_in_it_is() -> None:
    growing = [100 + 50 * week for week in range(8)]

    assert told(500, 400, history(growing)) == []
    assert [one.what for one in told(300, 400, history(growing))] == ["volume"]


def test_steadily_slower_answers_are_no_anomaly() -> None:
    slower = [1000.0 + 300 * week for week in range(8)]

    assert told(96, 3400, history([96] * 8, slower)) == []


def test_one_week_that_failed_moves_nothing() -> None:
    assert told(96, 400, history([96, 96, 0, 96, 96, 96, 96, 96])) == []


def test_volumes_that_always_vary_must_differ_further() -> None:
    """The median is 200 and the deviation 100: five spreads are 741."""
    varying = [100, 300, 100, 300, 100, 300, 100, 300]

    assert told(500, 400, history(varying)) == []
    assert told(1300, 400, history(varying)) != []


def test_nothing_is_said_before_there_are_four_weeks() -> None:
    assert told(0, 9999, history([96] * 3)) == []
    assert len(told(0, 9999, history([96] * 4))) == 2


def test_other_hours_and_weekdays_do_not_count() -> None:
    shifted = [
        one._replace(started_at=one.started_at + shift)
        for one in history([96] * 8)
        for shift in (timedelta(hours=1), timedelta(days=1))
    ]

    assert told(0, 400, shifted) == []


def test_the_hour_is_that_of_the_clock_also_when_it_was_changed_since() -> None:
    """Noon in Berlin was 11:00 UTC before 30 March 2025, and is 10:00 UTC since."""
    at = utc("2025-04-09T10:00")
    before = [Collected(utc(f"2025-03-{day}T11:00"), 96, 400) for day in ("05", "12", "19", "26")]
    off_by_one = [Collected(utc(f"2025-03-{day}T10:00"), 96, 400) for day in ("05", "12", "19", "26")]

    assert told(10, 400, before, at) != []
    assert told(10, 400, off_by_one, at) == []


def test_collections_of_more_than_eight_weeks_ago_do_not_count() -> None:
    old = [one._replace(started_at=one.started_at - 8 * WEEK) for one in history([96] * 8)]

    assert told(0, 400, old) == []


def test_an_earlier_collection_of_the_same_hour_is_not_what_is_usual() -> None:
    same_hour = [Collected(NOW + timedelta(minutes=n), 96, 400) for n in range(9)]

    assert told(0, 400, [*history([96] * 3), *same_hour], NOW + timedelta(minutes=30)) == []


def test_several_collections_in_one_hour_count_as_one_week() -> None:
    twice = [
        one._replace(started_at=one.started_at + shift)
        for one in history([96] * 3)
        for shift in (timedelta(0), timedelta(minutes=30))
    ]

    assert told(0, 400, twice) == []


@given(st.integers(0, 10_000), st.integers(0, 500))
def test_no_steady_growth_is_an_anomaly(first: int, a_week: int) -> None:
    growing = [first + a_week * week for week in range(9)]

    assert told(growing[-1], 400, history(growing[:-1])) == []
