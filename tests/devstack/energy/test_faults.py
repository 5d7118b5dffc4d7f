"""Holes and flaws are part of what the publisher ever had; troubles are met as the plan says."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from devstack.energy import Flaw, Hole, Plan, Publisher, Trouble, faulty_year
from devstack.energy.faults import Flawed, Troubles

BERLIN = ZoneInfo("Europe/Berlin")
DAY = datetime(2026, 6, 8, tzinfo=BERLIN)
NOON = DAY + timedelta(hours=12)
CORRECTED = DAY + timedelta(days=3)
LATER = DAY + timedelta(days=500)


def with_flaw(kind: Flawed, corrected_at: datetime | None = CORRECTED, series: str = "DE/load") -> Publisher:
    return Publisher(1, Plan(flaws=(Flaw(series, DAY, DAY + timedelta(days=1), kind, corrected_at),)))


def first(publisher: Publisher, key: str, at: datetime) -> Decimal | None:
    return publisher.history(key, at)[0].value


def last(publisher: Publisher, key: str, at: datetime) -> Decimal | None:
    return publisher.history(key, at)[-1].value


def test_a_hole_is_empty_until_it_is_filled() -> None:
    filled = DAY + timedelta(days=2)
    publisher = Publisher(1, Plan(holes=(Hole("DE/load", NOON, NOON + timedelta(hours=1), filled),)))

    before = list(publisher.points("DE/load", DAY, DAY + timedelta(days=1), filled - timedelta(seconds=1)))
    after = list(publisher.points("DE/load", DAY, DAY + timedelta(days=1), filled))

    assert (len(before), len(after)) == (92, 96)
    assert {point.since for point in after if NOON <= point.at < NOON + timedelta(hours=1)} == {
        filled.astimezone(UTC)
    }
    assert last(publisher, "DE/load", NOON) == last(Publisher(1), "DE/load", NOON)


def test_a_hole_that_is_never_filled_stays() -> None:
    publisher = Publisher(1, Plan(holes=(Hole("DE/*", NOON, NOON + timedelta(hours=1)),)))

    assert publisher.history("DE/load", NOON) == []
    assert publisher.history("DE/generation/B16", NOON) == []
    assert len(publisher.runs("DE/load", DAY, DAY + timedelta(days=1), LATER)) == 2
    assert publisher.history("NL/load", NOON) != []


def test_another_unit_is_a_thousand_times_too_much_until_it_is_corrected() -> None:
    publisher, right = with_flaw("times_1000"), Publisher(1)

    wrong, true = first(publisher, "DE/load", NOON), first(right, "DE/load", NOON)

    assert wrong is not None
    assert true is not None
    assert wrong == 1000 * true
    assert publisher.published("DE/load", NOON, CORRECTED) == right.published(
        "DE/load", NOON, CORRECTED
    )._replace(  # type: ignore[union-attr] # it is published
        since=CORRECTED.astimezone(UTC)
    )


def test_what_is_never_corrected_stays_wrong() -> None:
    publisher = with_flaw("zeros", corrected_at=None)

    assert [point.value for point in publisher.history("DE/load", NOON)] == [0]


def test_a_flat_day_has_one_value() -> None:
    publisher = with_flaw("flat")
    points = list(publisher.points("DE/load", DAY, DAY + timedelta(days=1), CORRECTED - timedelta(hours=1)))

    assert {point.value for point in points} == {first(Publisher(1), "DE/load", DAY)}


def test_zeros_stand_for_the_future_until_it_is_known() -> None:
    publisher = with_flaw("zeros_ahead")
    known = publisher.history("DE/load", NOON)

    assert known[0].value == 0
    assert known[0].since < NOON
    assert known[1:] == Publisher(1).history("DE/load", NOON)


def test_an_hour_may_be_told_twice() -> None:
    publisher = with_flaw("hour_doubled")

    assert first(publisher, "DE/load", NOON) == first(Publisher(1), "DE/load", NOON - timedelta(hours=1))


def test_the_other_auction_may_stand_in_the_place_of_the_first() -> None:
    publisher = with_flaw("other_auction", series="DE/day_ahead_price/1")

    assert first(publisher, "DE/day_ahead_price/1", NOON) == first(Publisher(1), "DE/day_ahead_price/2", NOON)


@pytest.mark.parametrize("kind", ["times_1000", "flat", "zeros", "zeros_ahead", "hour_doubled"])
def test_a_flaw_leaves_other_days_alone(kind: Flawed) -> None:
    publisher, eve = with_flaw(kind), DAY - timedelta(minutes=15)

    assert publisher.history("DE/load", eve) == Publisher(1).history("DE/load", eve)


def test_a_trouble_strikes_as_often_as_planned_and_then_no_more() -> None:
    troubles = Troubles((Trouble("entsoe", "unavailable", DAY, NOON, times=2, only="A75"),))

    met = [troubles.strike("entsoe", text, DAY) for text in ("A65", "A75", "A75", "A75")]

    assert [trouble.kind if trouble else None for trouble in met] == [
        None,
        "unavailable",
        "unavailable",
        None,
    ]


def test_a_trouble_keeps_to_its_publisher_and_its_time() -> None:
    troubles = Troubles((Trouble("eia", "html", DAY, NOON),))

    assert troubles.strike("fred", "/fred/series", DAY) is None
    assert troubles.strike("eia", "/v2/", DAY - timedelta(seconds=1)) is None
    assert troubles.strike("eia", "/v2/", NOON) is None
    assert troubles.strike("eia", "/v2/", DAY) is not None


def test_a_faulty_year_has_every_kind_of_flaw_and_holes_that_stay() -> None:
    plan = faulty_year(date(2026, 1, 1), ["DE", "FR"])

    assert {flaw.kind for flaw in plan.flaws} == {
        "zeros",
        "zeros_ahead",
        "flat",
        "times_1000",
        "hour_doubled",
        "other_auction",
    }
    assert any(hole.filled_at is None for hole in plan.holes)
    assert {trouble.kind for trouble in plan.troubles} >= {"ban", "unavailable", "html", "truncated", "reset"}
