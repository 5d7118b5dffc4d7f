"""A year of four areas with publishers that are late, revise, fail and get things wrong.

The jobs run every five days of a clock that the test moves. Afterwards everything that is stored is
compared with what the publishers ever had, and the ledger of requests with the publishers' limits.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devstack.access import SupabaseAccess
from devstack.energy import TOKEN, Clock, Publisher, StandIn, faulty_year
from devstack.energy.catalogue import ENTRIES
from devstack.energy.ledger import Asked, Ledger
from plantpulse.series.kinds import KINDS
from tests.conftest import empty_project
from tests.series.conftest import Market
from tests.series.expectation import STORED, Answers, History, answered, expected, histories

START = datetime(2026, 1, 1, 14, 30, tzinfo=UTC)
DAYS = 365
SERIES: dict[str, Any] = {
    "areas": {
        "DE": {"kinds": ["day_ahead_price", "load"]},
        "NL": {"kinds": ["load"]},
        "AT": {"kinds": ["weekly_load_forecast"]},
        "FR": {"kinds": ["load", "load_forecast", "generation"]},
    },
    "commodities": {"WTI": {}},
    "monthly_look_back_days": 60,
}
KEYS = [
    key
    for key, entry in ENTRIES.items()
    if (entry.subject, entry.kind)
    in {
        ("DE", "day_ahead_price"),
        ("DE", "load"),
        ("NL", "load"),
        ("AT", "weekly_load_forecast"),
        ("FR", "load"),
        ("FR", "load_forecast"),
        ("FR", "generation"),
        ("FR", "pumping"),
    }
] + ["WTI/price/eia", "WTI/price/fred"]


@dataclass(frozen=True)
class Lived:
    """What is left of the year."""

    publisher: Publisher
    ledger: Ledger
    answers: Answers
    end: datetime
    outcomes: Counter[tuple[str, str]]
    stored: dict[str, History]
    overlaps: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    failed_batches: list[dict[str, Any]]


@pytest.fixture(scope="module")
def lived(supabase: SupabaseAccess) -> Iterator[Lived]:
    clock = Clock(START)
    publisher = Publisher(seed=11, plan=faulty_year(START.date(), ("DE", "NL", "AT", "FR")))
    with StandIn(publisher, clock) as stand_in, supabase.connect() as store:
        empty_project(store)
        market = Market(supabase, store, stand_in, clock, SERIES)
        outcomes = live(market)
        yield Lived(
            publisher,
            stand_in.ledger,
            answered(stand_in.ledger.requests()),
            clock(),
            outcomes,
            histories(market.rows(STORED)),
            market.rows(OVERLAPS),
            market.rows("select * from public.gaps order by starts_at"),
            market.rows("select * from public.failed_batches order by id"),
        )


def live(market: Market) -> Counter[tuple[str, str]]:
    """Let the year pass in steps of five days; return how often each pipeline ended how."""
    outcomes: Counter[tuple[str, str]] = Counter()
    for day in range(0, DAYS, 5):
        market.clock.set(START + timedelta(days=day))
        for pipeline in PIPELINES if day % 30 == 0 else PIPELINES[:-1]:
            outcomes[pipeline, market.run(pipeline)["outcome"]] += 1
            market.pass_time(minutes=10)
    return outcomes


PIPELINES = ("energy_forecasts", "energy_actuals", "commodity_prices", "series_gaps", "series_backfill")
OVERLAPS = """
select * from (
  select
    p.series_id, p.at,
    lag(p.at + make_interval(mins => p.minutes)) over (partition by p.series_id order by p.at) as reached
  from public.series_points as p
) as point
where point.reached > point.at
"""


def test_the_runs_did_their_work_whatever_the_publishers_did(lived: Lived) -> None:
    failed = sum(number for (_, outcome), number in lived.outcomes.items() if outcome == "failed")
    partial = sum(number for (_, outcome), number in lived.outcomes.items() if outcome == "partial")

    assert 2 <= failed <= 6
    assert 4 <= partial <= 12
    assert sum(lived.outcomes.values()) - failed - partial > 280


@pytest.mark.parametrize("key", KEYS)
def test_everything_that_was_visible_at_a_run_is_stored_once_and_with_its_past(
    lived: Lived, key: str
) -> None:
    should = expected(lived.publisher, key, lived.answers[key], lived.end)

    is_there = lived.stored[key]
    assert is_there.keys() == should.keys()
    wrong = {at: (is_there[at], should[at]) for at in should if is_there[at] != should[at]}
    assert dict(list(wrong.items())[:3]) == {}


@pytest.mark.parametrize("key", ["DE/load", "FR/generation/B04"])
def test_many_values_have_a_past(lived: Lived, key: str) -> None:
    revised = sum(len(known) > 1 for known in lived.stored[key].values())

    # A fifth changes within a day. In steps of five days a run sees the first values of a fifth of them.
    assert 0.03 < revised / len(lived.stored[key]) < 0.1


@pytest.mark.parametrize("key", KEYS)
def test_no_due_point_is_missing_that_the_publisher_ever_had(lived: Lived, key: str) -> None:
    due = KINDS[ENTRIES[key].kind].publication.due_until(lived.end - timedelta(days=3))

    had = {point.at for point in lived.publisher.points(key, START, due, lived.end - timedelta(days=9))}

    assert had
    assert had - lived.stored[key].keys() == set()


def test_no_two_values_are_stored_of_one_time(lived: Lived) -> None:
    assert lived.overlaps == []


def test_gaps_are_closed_or_absent_with_a_reason(lived: Lived) -> None:
    states = Counter(gap["state"] for gap in lived.gaps)
    old = [
        gap
        for gap in lived.gaps
        if gap["state"] == "open" and gap["found_at"] < lived.end - timedelta(days=20)
    ]

    assert old == []
    assert states["filled"] >= 4
    assert all(gap["reason"] for gap in lived.gaps if gap["state"] == "absent")


def test_the_limits_of_the_publishers_were_kept(lived: Lived) -> None:
    asked = lived.ledger.requests()

    assert lived.ledger.most_in_a_minute("entsoe") <= 400
    assert lived.ledger.most_in_a_minute("fred") <= 120
    assert [one for one in asked if one.status == 429 and not one.trouble] == []
    # A span that is too long is refused once in a run, and then asked for in parts.
    refused = Counter(
        (one.at, _item(one)) for one in asked if one.status in (400, 401, 403) and not one.trouble
    )
    assert set(refused.values()) <= {1}


def _item(asked: Asked) -> str:
    return f"{asked.publisher} {asked.parameters.get('documentType')}"


def test_what_could_not_be_read_is_kept_without_a_key(lived: Lived) -> None:
    assert {one["code"] for one in lived.failed_batches} == {"unreadable_reply"}
    assert {one["source"] for one in lived.failed_batches} == {"entsoe", "eia"}
    assert TOKEN not in str(lived.failed_batches)
