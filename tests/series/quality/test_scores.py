"""Scores of local days, computed by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.series.kinds import KINDS
from plantpulse.series.points import Point
from plantpulse.series.quality.findings import Verdicts
from plantpulse.series.quality.known_points import KnownPoint
from plantpulse.series.quality.scores import DayScore, Scoring, partial_days
from tests.series.quality.made import BERLIN, NEW_YORK, WEDNESDAY, hours_of, points_from, span_of, utc

LOAD, PRICE, COMMODITY = KINDS["load"], KINDS["day_ahead_price"], KINDS["price"]
NOTHING = Verdicts(frozenset(), frozenset())
MUCH_LATER = utc("2030-01-01T00:00")
AUTUMN, SPRING = date(2024, 10, 27), date(2025, 3, 30)


def known(points: list[Point], after: timedelta = timedelta(minutes=45)) -> list[KnownPoint]:
    return [KnownPoint(*point, known_at=point.until + after) for point in points]


def score(
    points: list[KnownPoint],
    scoring: Scoring | None = None,
    day: date = WEDNESDAY,
    now: datetime = MUCH_LATER,
    verdicts: Verdicts = NOTHING,
) -> DayScore:
    used = scoring or Scoring(LOAD, BERLIN, 60)
    [found] = used.score_days(points, (day, day), verdicts, now)
    return found


def test_a_day_that_is_all_there_in_time_scores_one() -> None:
    found = score(known(hours_of(WEDNESDAY, [50_000] * 24)))

    assert tuple(found) == (WEDNESDAY, 1440, 1440, 1440, 24, 0, 0)
    assert (found.completeness, found.timeliness, found.accuracy) == (1.0, 1.0, 1.0)


def test_each_score_is_a_share_computed_by_hand() -> None:
    """18 of 24 hours are there, two of them came late, one is invalid and two others are suspect."""
    points = known(hours_of(WEDNESDAY, [50_000] * 18))
    for place in (3, 4):
        points[place] = points[place]._replace(known_at=points[place].until + timedelta(minutes=61))
    verdicts = Verdicts(frozenset({points[0].at}), frozenset({points[1].at, points[2].at}))

    found = score(points, verdicts=verdicts)

    assert tuple(found) == (WEDNESDAY, 1440, 1080, 960, 18, 1, 2)
    assert (found.completeness, found.timeliness, found.accuracy) == (0.75, 0.6666, 0.8333)


@pytest.mark.parametrize(("day", "minutes"), [(AUTUMN, 1500), (SPRING, 1380)])
def test_days_of_25_and_23_hours_are_complete_with_their_own_length(day: date, minutes: int) -> None:
    points = points_from(span_of(day).start, 15, [1] * (minutes // 15))

    complete = score(known(points), Scoring(LOAD, BERLIN, 15), day)
    short = score(known(points[:-4]), Scoring(LOAD, BERLIN, 15), day)

    assert (complete.due_minutes, complete.completeness) == (minutes, 1.0)
    assert short.covered_minutes == minutes - 60


def test_only_whole_intervals_that_are_due_count() -> None:
    """At 12:20 local the load until 11:20 is due (an hour later): eleven whole hours."""
    now = span_of(WEDNESDAY).start + timedelta(hours=12, minutes=20)

    found = score(known(hours_of(WEDNESDAY, [1] * 10)), now=now)

    assert (found.due_minutes, found.covered_minutes) == (660, 600)


def test_a_day_on_which_nothing_is_due_has_no_scores() -> None:
    found = score([], now=span_of(WEDNESDAY).start)

    assert tuple(found) == (WEDNESDAY, 0, 0, 0, 0, 0, 0)
    assert (found.completeness, found.timeliness, found.accuracy) == (None, None, None)


def test_a_day_that_is_all_missing_has_no_accuracy_and_completeness_zero() -> None:
    found = score([])

    assert (found.completeness, found.timeliness, found.accuracy) == (0.0, 0.0, None)


def test_a_value_that_was_published_as_missing_covers_nothing() -> None:
    found = score(known(hours_of(WEDNESDAY, [1] * 23 + [None])))

    assert (found.covered_minutes, found.points) == (1380, 23)


def test_prices_are_due_at_two_in_the_afternoon_before() -> None:
    scoring = Scoring(PRICE, BERLIN, 60)
    points = hours_of(WEDNESDAY, [80] * 24)
    due_at = datetime(2025, 1, 14, 13, tzinfo=UTC)
    in_time = [KnownPoint(*point, known_at=due_at) for point in points]
    late = [KnownPoint(*point, known_at=due_at + timedelta(seconds=1)) for point in points]

    assert score(in_time, scoring).timeliness == 1.0
    assert score(late, scoring).timeliness == 0.0
    patient = Scoring(PRICE, BERLIN, 60, grace=timedelta(minutes=30))
    assert score(late, patient).timeliness == 1.0
    assert score([], scoring, now=due_at - timedelta(seconds=1)).due_minutes == 0
    assert score([], scoring, now=due_at).due_minutes == 1440


def test_nothing_is_late_that_was_due_before_anybody_collected() -> None:
    scoring = Scoring(LOAD, BERLIN, 60, collected_since=utc("2025-06-01T00:00"))
    old = [one._replace(known_at=utc("2025-06-01T00:10")) for one in known(hours_of(WEDNESDAY, [1] * 24))]

    found = score(old, scoring)

    assert (found.completeness, found.timely_minutes, found.timeliness) == (1.0, None, None)
    assert found.as_json("DE/load", utc("2025-06-02T02:00")) == {
        "series": "DE/load",
        "day": "2025-01-15",
        "due_minutes": 1440,
        "covered_minutes": 1440,
        "timely_minutes": 0,
        "points": 24,
        "invalid": 0,
        "suspect": 0,
        "completeness": 1.0,
        "timeliness": None,
        "accuracy": 1.0,
        "computed_at": "2025-06-02T02:00:00+00:00",
    }


def test_intervals_that_overlap_count_once() -> None:
    """The first hour is there as one hour and as four quarters; the second as two quarters."""
    start = span_of(WEDNESDAY).start
    points = [Point(start, 60, Decimal(1)), *points_from(start, 15, [1, 1, 1, 1, 1, 1])]

    found = score(known(sorted(points)), Scoring(LOAD, BERLIN, 15))

    assert found.covered_minutes == 90


def test_a_week_covers_the_days_inside_it_and_is_one_point_of_its_first_day() -> None:
    week = [KnownPoint(span_of(date(2025, 1, 13)).start, 7 * 1440, Decimal(9), utc("2024-12-01T00:00"))]
    scoring = Scoring(KINDS["weekly_load_forecast"], BERLIN, 7 * 1440)

    days = scoring.score_days(week, (date(2025, 1, 12), date(2025, 1, 20)), NOTHING, MUCH_LATER)

    assert [one.covered_minutes for one in days] == [0, *[1440] * 7, 0]
    assert [one.points for one in days] == [0, 1, 0, 0, 0, 0, 0, 0, 0]


def test_a_daily_trade_is_due_only_on_days_that_are_known_to_have_traded() -> None:
    monday = date(2020, 4, 20)
    price = [
        KnownPoint(span_of(monday, NEW_YORK).start, 1440, Decimal("-36.98"), utc("2020-04-22T00:00")),
    ]
    alone = Scoring(COMMODITY, NEW_YORK, 1440)
    with_peer = Scoring(COMMODITY, NEW_YORK, 1440, traded_on={monday, date(2020, 4, 21)})

    first, second, third = alone.score_days(
        price, (date(2020, 4, 19), date(2020, 4, 21)), NOTHING, MUCH_LATER
    )
    assert [one.completeness for one in (first, second, third)] == [None, 1.0, None]
    days = with_peer.score_days(price, (date(2020, 4, 19), date(2020, 4, 21)), NOTHING, MUCH_LATER)
    assert [one.completeness for one in days] == [None, 1.0, 0.0]


def test_a_trading_day_that_was_published_as_missing_is_not_due() -> None:
    day = date(2020, 4, 10)
    point = [KnownPoint(span_of(day, NEW_YORK).start, 1440, None, utc("2020-04-14T00:00"))]

    found = score(point, Scoring(COMMODITY, NEW_YORK, 1440, traded_on={day}), day)

    assert (found.due_minutes, found.completeness) == (0, None)


def test_a_day_in_new_york_ends_when_it_ends_there() -> None:
    spring = date(2025, 3, 9)
    point = [KnownPoint(span_of(spring, NEW_YORK).start, 1380, Decimal(70), utc("2025-03-12T00:00"))]

    found = score(point, Scoring(COMMODITY, NEW_YORK, 1440), spring)

    assert (found.due_minutes, found.covered_minutes) == (1380, 1380)


def test_partial_days_are_told_from_their_scores() -> None:
    scoring = Scoring(LOAD, BERLIN, 60)
    points = known(hours_of(WEDNESDAY, [1] * 20))
    last = date(2025, 1, 16)

    [found] = partial_days(scoring.score_days(points, (WEDNESDAY, last), NOTHING, MUCH_LATER), BERLIN)

    assert found.span == span_of(WEDNESDAY)
    assert found.facts == {"missing": 240, "due": 1440, "percent": 83.3}


@given(
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from([15, 30, 60]), st.booleans()), max_size=60),
    st.integers(0, 72),
)
def test_scores_are_shares_whatever_the_intervals_are(
    intervals: list[tuple[int, int, bool]], hours: int
) -> None:
    start = span_of(date(2025, 3, 29)).start
    points = [
        KnownPoint(start + n * timedelta(minutes=15), minutes, Decimal(1) if has_value else None, start)
        for n, minutes, has_value in sorted(intervals)
    ]
    now = start + timedelta(hours=hours)

    days = Scoring(LOAD, BERLIN, 15).score_days(points, (date(2025, 3, 29), date(2025, 3, 31)), NOTHING, now)

    for one in days:
        assert 0 <= one.covered_minutes <= one.due_minutes
        assert one.timely_minutes is not None
        assert one.timely_minutes <= one.covered_minutes
        assert one.completeness is None or 0 <= one.completeness <= 1


def test_what_pumps_does_not_generate_and_nothing_is_missing() -> None:
    """France, 2024-06-15: storage generated in 8 hours and pumped in the other 16; the day is complete."""
    day = date(2024, 6, 15)
    start = span_of(day).start
    hours = [KnownPoint(start + n * timedelta(hours=1), 60, Decimal(100), start) for n in range(24)]
    generating, pumping = hours[16:], hours[:16]
    scoring = Scoring(KINDS["generation"], BERLIN, 60)

    [alone] = scoring.score_days(generating, (day, day), NOTHING, MUCH_LATER)
    [together] = scoring.score_days(generating, (day, day), NOTHING, MUCH_LATER, completed_by=pumping)

    assert alone.completeness == 0.3333
    assert (together.completeness, together.timeliness) == (1.0, 1.0)
    assert (together.points, together.accuracy) == (8, 1.0)
