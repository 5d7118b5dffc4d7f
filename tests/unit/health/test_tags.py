"""What health says of machine tags, and what it makes of runs that overlap."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plantpulse.health.observed import observed
from plantpulse.health.tags import polls_tags, seen_of_groups
from plantpulse.schedules.pipelines import pipelines_of
from plantpulse.settings import Settings
from plantpulse.settings.validation import validated

NOW = datetime(2026, 11, 30, 14, 5, 30, tzinfo=UTC)
PLANTS = {
    "north": {"time_zone": "UTC", "tags": {}},
    "south": {"time_zone": "UTC", "tags": {"runs_on": "edge"}},
    "west": {"time_zone": "UTC", "tags": {"enabled": False}},
    "east": {"time_zone": "UTC"},
}
WELL: dict[str, Any] = {
    "failing_since": None,
    "error_code": None,
    "error": None,
    "queue_highest": 2,
    "queue_limit": 300,
    "dropped_at": None,
    "dropped_count": 0,
    "unheard_since": None,
}


def settings(plants: dict[str, Any] = PLANTS) -> Settings:
    return validated(Settings, {"plants": plants})


def missing(plant: str) -> dict[str, Any]:
    return {**WELL, "plant": plant, "name": "Press", "unheard_since": (NOW - timedelta(hours=1)).isoformat()}


def test_a_group_that_nobody_polls_is_told_in_the_cloud_and_in_the_plant() -> None:
    told = seen_of_groups([missing(plant) for plant in (*PLANTS, "gone")], settings(), (), NOW)

    assert [(one["plant"], [fires["rule"] for fires in one["firing"]]) for one in told] == [
        ("north", ["tag_burst_missing"]),
        ("south", ["tag_burst_missing"]),
    ]


def test_where_all_is_well_only_an_open_alert_is_ended() -> None:
    told = seen_of_groups([], settings(), {("tags", "north"), ("tags", "west"), ("live_pulse", "south")}, NOW)

    assert [(one["plant"], one["firing"], len(one["rules"])) for one in told] == [
        ("north", [], 4),
        ("west", [], 4),
    ]


def test_without_machine_tags_nobody_is_asked() -> None:
    assert polls_tags(settings())
    assert not polls_tags(settings({"east": PLANTS["east"]}))


def state(last_slot_s: float, lease_s: float | None = 200) -> str:
    """Return the state of the bursts of north, whose newest success was so many seconds ago."""
    slot = (NOW - timedelta(seconds=last_slot_s)).replace(second=0)
    running = lease_s and {
        "started_at": (NOW - timedelta(seconds=40)).isoformat(),
        "lease_expires_at": (NOW + timedelta(seconds=lease_s)).isoformat(),
    }
    summary = {
        "pipeline": "tags",
        "plant": "north",
        "watched_since": (NOW - timedelta(days=1)).isoformat(),
        "last_run": None,
        "last_success": {"finished_at": NOW.isoformat()},
        "last_slot": slot.isoformat(),
        "running": running or None,
        "window_until": None,
    }
    known = settings()
    bursts = [one for one in pipelines_of(known) if (one.name, one.plant) == ("tags", "north")]
    (seen,) = observed(bursts, [summary], known.health, NOW)
    return seen.state


@pytest.mark.parametrize("lease_s", [200, None])
@pytest.mark.parametrize("last_slot_s", [30, 90, 150, 240, 380])
def test_the_burst_of_the_minute_before_may_still_run(last_slot_s: float, lease_s: float | None) -> None:
    assert state(last_slot_s, lease_s) == "running"


@pytest.mark.parametrize("lease_s", [200, None])
def test_a_burst_at_work_hides_no_bursts_that_never_succeed(lease_s: float | None) -> None:
    assert state(450, lease_s) == "down"
