"""A series is stale two days after the value that follows its newest one was due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plantpulse.series.freshness import freshness_of, next_due_at
from plantpulse.series.kinds import KINDS

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
SECOND = timedelta(seconds=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "until", "minutes", "zone", "due"),
    [
        ("load", "2026-11-30T00:30", 15, BERLIN, "2026-11-30T01:45"),
        ("imbalance_price", "2026-11-30T00:30", 15, BERLIN, "2026-12-01T00:45"),
        # Prices of the 1st are stored; those of the 2nd are due on the 1st at 14:00 in Brussels.
        ("day_ahead_price", "2026-12-01T23:00", 15, BERLIN, "2026-12-01T13:00"),
        ("day_ahead_price", "2026-07-01T22:00", 60, BERLIN, "2026-07-01T12:00"),
        # Wednesday's price is stored; Thursday ends at midnight in New York, and a week passes.
        ("price", "2026-11-26T05:00", 1440, NEW_YORK, "2026-12-04T05:00"),
        # Friday's is stored: Monday's is next.
        ("price", "2026-11-28T05:00", 1440, NEW_YORK, "2026-12-08T05:00"),
        # A month of 28 days is stored: the next one has up to 31.
        ("price", "2026-03-01T05:00", 40320, NEW_YORK, "2026-04-08T05:00"),
    ],
)
def test_the_next_value_is_due_by_the_rule_of_its_kind(
    kind: str, until: str, minutes: int, zone: ZoneInfo, due: str
) -> None:
    assert next_due_at(KINDS[kind], at(until), minutes, zone) == at(due)


def test_a_series_is_fresh_until_two_days_after_that() -> None:
    due = at("2026-11-30T01:45")
    last = due + timedelta(days=2)

    assert freshness_of(KINDS["load"], at("2026-11-30T00:30"), 15, BERLIN, last) == "fresh"
    assert freshness_of(KINDS["load"], at("2026-11-30T00:30"), 15, BERLIN, last + SECOND) == "stale"
