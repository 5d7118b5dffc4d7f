"""The made-up years look like years: seasons, weekends, sun, wind, DST, and values that are revised."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import mean
from zoneinfo import ZoneInfo

import pytest

from devstack.energy import Published, Publisher
from devstack.energy.catalogue import ENTRIES
from devstack.energy.days import NEW_YORK, is_trading_day, us_holidays

BERLIN = ZoneInfo("Europe/Berlin")
LATER = datetime(2027, 12, 31, tzinfo=UTC)


@pytest.fixture(scope="module")
def publisher() -> Publisher:
    return Publisher(seed=7)


def days(publisher: Publisher, key: str, first: str, count: int, zone: ZoneInfo = BERLIN) -> list[Published]:
    start = datetime.fromisoformat(first).replace(tzinfo=zone)
    until = datetime.combine(start.date() + timedelta(days=count), start.time(), zone)
    return list(publisher.points(key, start, until, LATER))


def values(points: list[Published]) -> list[float]:
    return [float(point.value) for point in points if point.value is not None]


def test_one_seed_tells_one_year(publisher: Publisher) -> None:
    again = days(Publisher(seed=7), "DE/load", "2026-05-04", 2)

    assert again == days(publisher, "DE/load", "2026-05-04", 2)
    assert again != days(Publisher(seed=8), "DE/load", "2026-05-04", 2)


@pytest.mark.parametrize(("day", "count"), [("2026-03-29", 92), ("2026-03-30", 96), ("2025-10-26", 100)])
@pytest.mark.parametrize("key", ["DE/day_ahead_price/1", "DE/load", "AT/imbalance_price/A04"])
def test_a_day_has_the_quarter_hours_that_its_clock_has(
    publisher: Publisher, key: str, day: str, count: int
) -> None:
    points = days(publisher, key, day, 1)

    assert len(points) == count
    assert [after.at - before.at for before, after in pairwise(points)] == [timedelta(minutes=15)] * (
        count - 1
    )


def test_the_first_auction_has_quarter_hours_since_october_2025(publisher: Publisher) -> None:
    points = days(publisher, "NL/day_ahead_price/1", "2025-09-30", 2)

    assert [point.minutes for point in points] == [60] * 24 + [15] * 96


def test_the_second_auction_has_other_prices(publisher: Publisher) -> None:
    first = values(days(publisher, "DE/day_ahead_price/1", "2026-06-01", 3))
    second = values(days(publisher, "DE/day_ahead_price/2", "2026-06-01", 3))

    assert len(first) == len(second) == 288
    assert all(abs(one - other) < 40 for one, other in zip(first, second, strict=True))
    assert sum(one != other for one, other in zip(first, second, strict=True)) > 280


def test_prices_are_plausible_and_now_and_then_negative(publisher: Publisher) -> None:
    prices = values(days(publisher, "DE/day_ahead_price/1", "2026-04-01", 90))

    negative = sum(price < 0 for price in prices) / len(prices)
    assert 0.01 < negative < 0.3
    assert -500 < min(prices) < max(prices) < 4000
    assert 20 < mean(prices) < 150


def test_load_is_lower_at_night_at_weekends_and_in_summer(publisher: Publisher) -> None:
    monday = values(days(publisher, "DE/load", "2026-06-08", 1))
    sunday = values(days(publisher, "DE/load", "2026-06-07", 1))
    winter = values(days(publisher, "DE/load", "2026-01-12", 7))
    summer = values(days(publisher, "DE/load", "2026-07-13", 7))

    assert mean(sunday) < 0.9 * mean(monday)
    assert mean(monday[8:20]) < 0.85 * mean(monday[40:52])
    assert mean(summer) < mean(winter)


def test_the_sun_shines_by_day(publisher: Publisher) -> None:
    solar = values(days(publisher, "DE/generation/B16", "2026-06-08", 1))

    assert set(solar[:12]) == {0.0}
    assert max(solar[44:60]) > 5_000


def test_storage_pumps_at_night_and_generates_by_day_without_a_gap(publisher: Publisher) -> None:
    generated = {point.at for point in days(publisher, "DE/generation/B10", "2026-06-08", 1)}
    pumped = {point.at for point in days(publisher, "DE/pumping/B10", "2026-06-08", 1)}

    assert not generated & pumped
    assert len(generated | pumped) == 96
    assert datetime(2026, 6, 8, 0, tzinfo=UTC) in pumped
    assert datetime(2026, 6, 8, 12, tzinfo=UTC) in generated


def test_forecasts_are_near_the_actual_values(publisher: Publisher) -> None:
    actual = values(days(publisher, "NL/load", "2026-06-08", 7))
    forecast = values(days(publisher, "NL/load_forecast", "2026-06-08", 7))

    off = [abs(one / other - 1) for one, other in zip(forecast, actual, strict=True)]
    assert 0 < mean(off) < 0.03


@pytest.mark.parametrize("key", ["DE/load", "FR/generation/B04", "NL/imbalance_price/A04"])
def test_a_fifth_of_the_values_is_another_a_day_after_publication(publisher: Publisher, key: str) -> None:
    points = days(publisher, key, "2026-02-02", 40)

    revised = 0
    for point in points:
        first = publisher.history(key, point.at)[0]
        day_later = publisher.published(key, point.at, first.since + timedelta(days=1))
        revised += day_later is not None and day_later.value != first.value
    assert 0.16 < revised / len(points) < 0.24


def test_a_revision_keeps_the_sign_and_the_digits_of_the_value(publisher: Publisher) -> None:
    known = [publisher.history("FR/load", point.at) for point in days(publisher, "FR/load", "2026-02-02", 20)]

    revised = [history for history in known if len(history) > 1]
    assert revised
    assert all(value.value and value.value > 0 and value.value % 1 == 0 for one in revised for value in one)
    assert all(before.since < after.since for one in revised for before, after in pairwise(one))


def test_nothing_is_published_before_its_time(publisher: Publisher) -> None:
    ends_at = datetime(2026, 6, 8, 10, tzinfo=UTC)
    point = ends_at - timedelta(minutes=15)

    assert publisher.published("DE/load", point, ends_at) is None
    assert publisher.published("DE/load", point, ends_at + timedelta(hours=6)) is not None


def test_prices_come_between_a_quarter_to_one_and_two_the_day_before(publisher: Publisher) -> None:
    brussels = ZoneInfo("Europe/Brussels")
    for day in range(30):
        at = datetime(2026, 6, 1, tzinfo=BERLIN) + timedelta(days=day)
        (published,) = publisher.history("FR/day_ahead_price/1", at)
        since = published.since.astimezone(brussels)
        assert since.date() == at.date() - timedelta(days=1)
        assert "12:45" <= f"{since:%H:%M}" < "14:00"


def test_load_is_mostly_there_within_the_hour_and_sometimes_hours_late(publisher: Publisher) -> None:
    lags = [
        (point.since - point.at - timedelta(minutes=15)).total_seconds() / 3600
        for day in range(0, 300, 3)
        for at in [datetime(2026, 1, 1, 9, 45, tzinfo=UTC) + timedelta(days=day)]
        for point in publisher.history("DE/load", at)[:1]
    ]

    assert min(lags) > 0.3
    assert sum(lag <= 1 for lag in lags) / len(lags) > 0.9
    assert 1 < max(lags) < 6


def test_weeks_are_those_of_the_local_clock(publisher: Publisher) -> None:
    weeks = days(publisher, "NL/weekly_load_forecast/min", "2026-01-05", 51 * 7, ZoneInfo("Europe/Amsterdam"))

    assert len(weeks) == 51
    assert {week.at.hour for week in weeks} == {22, 23}
    assert {week.minutes // 60 for week in weeks} == {167, 168, 169}


@pytest.mark.parametrize(
    "holiday",
    [
        date(2026, 1, 1),
        date(2026, 1, 19),
        date(2026, 2, 16),
        date(2026, 4, 3),
        date(2026, 5, 25),
        date(2026, 6, 19),
        date(2026, 7, 3),
        date(2026, 9, 7),
        date(2026, 11, 26),
        date(2026, 12, 25),
    ],
)
def test_oil_has_no_price_on_a_holiday(publisher: Publisher, holiday: date) -> None:
    at = datetime.combine(holiday, datetime.min.time(), NEW_YORK)
    fred = publisher.published("WTI/price/fred", at, LATER)

    assert holiday in us_holidays(2026)
    assert publisher.published("WTI/price/eia", at, LATER) is None
    assert publisher.published("WTI/price/yahoo", at, LATER) is None
    assert fred is not None
    assert fred.value is None


def test_weekends_have_no_price_anywhere(publisher: Publisher) -> None:
    at = datetime(2026, 6, 6, tzinfo=NEW_YORK)

    assert [publisher.published(f"WTI/price/{part}", at, LATER) for part in ("eia", "fred", "yahoo")] == [
        None
    ] * 3
    assert not is_trading_day(at.date())


def test_oil_was_once_below_zero(publisher: Publisher) -> None:
    at = datetime(2020, 4, 20, tzinfo=NEW_YORK)

    point = publisher.published("WTI/price/eia", at, LATER)

    assert point is not None
    assert point.value == Decimal("-36.98")


def test_spot_prices_come_on_wednesdays_up_to_monday(publisher: Publisher) -> None:
    known = datetime(2026, 6, 10, 17, tzinfo=UTC)  # a Wednesday, 13:00 in New York
    start = datetime(2026, 6, 1, tzinfo=NEW_YORK)

    points = list(publisher.points("WTI/price/eia", start, known, known))

    assert [point.at.astimezone(NEW_YORK).day for point in points] == [1, 2, 3, 4, 5, 8]
    assert not list(
        publisher.points("WTI/price/eia", start + timedelta(days=1), known, known - timedelta(hours=1))
    )


def test_every_series_has_something(publisher: Publisher) -> None:
    start = datetime(2026, 5, 1, tzinfo=UTC)

    empty = [key for key in ENTRIES if not publisher.runs(key, start, start + timedelta(days=7), LATER)]

    assert empty == []
