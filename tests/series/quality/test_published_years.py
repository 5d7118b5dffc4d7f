"""False alarms on published values, and what is found of faults that are put into them or into made years."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bench.made_series import BERLIN, LOAD_FAULTS, PRICE_FAULTS, made_load, made_prices
from bench.quality import LOAD, PRICE, START, false_alarms, findings_of, recall
from plantpulse.series.points import Point
from plantpulse.series.quality.findings import verdicts_of
from plantpulse.series.quality.judge import Judge
from plantpulse.series.quality.known_points import KnownPoint
from plantpulse.series.quality.scores import Scoring
from tests.series.quality.made import points_from, utc

DATA = Path(__file__).with_name("data")
LATER = utc("2030-01-01T00:00")
# docs/series.md has the figures of whole years; here are a few tries of each.
SELDOM_FOUND = {"a price 100 higher": 0.25}


def read(name: str, start: datetime, minutes: int) -> list[Point]:
    return points_from(start, minutes, (DATA / name).read_text(encoding="utf-8").split())


def auction(number: int, minutes: int) -> list[Point]:
    return read(f"de_prices_2024-10-06_auction_{number}.txt", utc("2024-10-05T22:00"), minutes)


@pytest.fixture(scope="module")
def load_of_2019() -> list[Point]:
    return read("de_load_2019.txt", utc("2018-12-31T23:00"), 60)


@pytest.fixture(scope="module")
def prices() -> list[Point]:
    return made_prices(START, 120)


@pytest.fixture(scope="module")
def loads() -> list[Point]:
    return made_load(START, 120)


def test_a_published_year_of_loads_with_its_holidays_raises_no_alarm(load_of_2019: list[Point]) -> None:
    assert len(load_of_2019) == 8760
    assert sum(point.value or 0 for point in load_of_2019) == 490_475_307

    assert findings_of(LOAD, load_of_2019) == []


@pytest.mark.parametrize("fault", LOAD_FAULTS)
def test_faults_are_found_in_a_published_year_of_loads(load_of_2019: list[Point], fault: str) -> None:
    name, inject = LOAD_FAULTS[fault]

    found = recall(LOAD, load_of_2019, name, inject, tries=4)

    assert found is not None
    assert found >= 0.75


def test_published_prices_of_two_auctions_raise_no_alarm() -> None:
    """Neither are they taken for each other, though their hours are alike."""
    hours, quarters = auction(1, 60), auction(2, 15)
    judge = Judge(PRICE, BERLIN, LATER)

    assert judge.findings(hours, hours[0].at, {"other": quarters}) == []
    assert judge.findings(quarters, quarters[0].at, {"other": hours}) == []


@pytest.mark.parametrize(
    ("day", "start", "minutes", "total"),
    [
        (date(2025, 10, 26), "2025-10-25T22:00", 1500, "651.53"),
        (date(2026, 3, 29), "2026-03-28T23:00", 1380, "6336.88"),
    ],
)
def test_published_days_of_25_and_23_hours_are_complete_and_raise_no_alarm(
    day: date, start: str, minutes: int, total: str
) -> None:
    points = read(f"de_prices_{day}.txt", utc(start), 15)
    known = [KnownPoint(*point, known_at=utc("2025-01-01T00:00")) for point in points]

    [score] = Scoring(PRICE, BERLIN, 15).score_days(known, (day, day), verdicts_of(()), LATER)

    assert sum(point.value or 0 for point in points) == Decimal(total)
    assert (score.due_minutes, score.covered_minutes, score.points) == (minutes, minutes, minutes // 15)
    assert (score.completeness, score.timeliness, score.accuracy) == (1.0, 1.0, 1.0)
    assert findings_of(PRICE, points) == []


def test_a_day_that_comes_with_the_prices_of_the_other_auction_is_told() -> None:
    hours, quarters = auction(1, 60), auction(2, 15)
    wrong = [
        *hours[:24],
        *(
            point._replace(value=quarters[number * 4].value, minutes=15)
            for number, point in enumerate(hours[24:], start=24)
        ),
    ]

    found = Judge(PRICE, BERLIN, LATER).findings(wrong, wrong[0].at, {"DE/day_ahead_price/2": quarters})

    assert [(one.name, len(one.at)) for one in found] == [("wrong_auction", 24)]


@pytest.mark.parametrize("fault", PRICE_FAULTS)
def test_faults_are_found_in_made_prices(prices: list[Point], fault: str) -> None:
    name, inject = PRICE_FAULTS[fault]

    found = recall(PRICE, prices, name, inject, tries=4)

    assert found is not None
    assert found >= SELDOM_FOUND.get(fault, 0.9)


def test_made_series_raise_fewer_than_five_alarms_in_10_000(prices: list[Point], loads: list[Point]) -> None:
    for kind, points in ((PRICE, prices), (LOAD, loads)):
        assert 10_000 * false_alarms(kind, points).total() / len(points) < 5
