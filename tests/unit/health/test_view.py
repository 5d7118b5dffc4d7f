"""What health shows of a plant that is polled some minutes after its slots."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plantpulse.health.observed import observed
from plantpulse.health.view import view_of
from plantpulse.schedules.pipelines import Pipeline
from plantpulse.schedules.schedules import Every
from plantpulse.settings import HealthSettings

BERLIN = Pipeline("live_pulse", "berlin", Every.minutes(15), 60, offset=timedelta(minutes=2))
SUMMARY = {
    "pipeline": "live_pulse",
    "plant": "berlin",
    "watched_since": "2026-11-01T00:00:00+00:00",
    "last_run": {"status": "succeeded", "started_at": "2026-11-20T10:02:01+00:00"},
    "last_success": {"finished_at": "2026-11-20T10:02:09+00:00", "counts": {}},
    "last_slot": "2026-11-20T10:00:00+00:00",
    "running": None,
    "consecutive_failures": 0,
    "last_error": None,
    "day": {"executed": 96, "failed": 0, "p50": 2100, "p95": 4800},
    "snapshots_until": None,
    "window_until": "2026-11-20T10:00:00+00:00",
}


def shown(minute: int, second: int = 0, plant: Pipeline = BERLIN) -> Any:
    now = datetime(2026, 11, 20, 10, minute, second, tzinfo=UTC)
    seen = observed([plant], [SUMMARY], HealthSettings(late_after_s=120), now)
    [pipeline] = view_of(seen, now)["pipelines"]
    return pipeline


@pytest.mark.parametrize(
    ("minute", "second", "state"), [(18, 59, "running"), (19, 0, "late"), (16, 59, "running")]
)
def test_a_poll_is_late_so_much_later(minute: int, second: int, state: str) -> None:
    assert shown(minute, second)["state"] == state


@pytest.mark.parametrize(("minute", "second", "state"), [(19, 59, "running"), (20, 0, "late")])
def test_a_poll_of_many_plants_may_begin_a_minute_later(minute: int, second: int, state: str) -> None:
    assert shown(minute, second, replace(BERLIN, delay_s=3))["state"] == state


@pytest.mark.parametrize(("minute", "told"), [(16, "10:17"), (17, "10:32"), (20, "10:32")])
def test_the_next_poll_is_when_the_scheduler_calls(minute: int, told: str) -> None:
    assert shown(minute)["next_poll_scheduled"] == f"2026-11-20T{told}:00+00:00"
