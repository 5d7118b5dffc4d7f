"""Which state a pipeline is in: its schedule, its runs and the clock, and nothing else.

Pure; every instant is aware UTC. What a state means and what to do about it stands in docs/operations.md.
Late and down are about success: a pipeline that runs on time and fails every time is down.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from plantpulse.schedules.schedules import Schedule

State = Literal["new", "running", "late", "down", "stopped", "not_configured", "unknown"]
HealthStatus = Literal["healthy", "degraded", "unhealthy"]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How long after a run was due its pipeline is late, and down: so many intervals, at most `longest`."""

    late_after: timedelta
    intervals: int
    longest: timedelta


@dataclass(frozen=True, slots=True)
class RunHistory:
    """How far a pipeline has got; None: not at all.

    `last_slot` is the newest slot that succeeded, `last_success_at` when any run last did.
    """

    watched_since: datetime
    last_slot: datetime | None = None
    last_success_at: datetime | None = None
    lease_expires_at: datetime | None = None
    has_run: bool = False

    def missing_slot(self, schedule: Schedule) -> datetime:
        """Return the oldest slot that has not succeeded, since the last one that did."""
        return schedule.next_slot(max(self.last_slot or self.watched_since, self.watched_since))

    def has_succeeded(self) -> bool:
        """Tell whether any run has succeeded since the pipeline is watched."""
        return self.last_success_at is not None and self.last_success_at >= self.watched_since

    def is_at_work(self, now: datetime) -> bool:
        """Tell whether a run is under way that nobody may take over yet."""
        return self.lease_expires_at is not None and now < self.lease_expires_at


def state_of(
    schedule: Schedule, history: RunHistory, tolerance: Tolerance, now: datetime, *, is_configured: bool
) -> State:
    """Return the state of a pipeline that is switched on.

    A source without settings is no reason once there have been runs: they tell more than the settings that
    this function was given.
    """
    if not is_configured and not history.has_run:
        return "not_configured"
    due = history.missing_slot(schedule)
    if now >= _down_at(schedule, due, tolerance):
        return "down"
    if now >= due + tolerance.late_after and not history.is_at_work(now):
        return "late"
    return "running" if history.has_succeeded() else "new"


def _down_at(schedule: Schedule, due: datetime, tolerance: Tolerance) -> datetime:
    latest = due + tolerance.longest
    down_at = due
    for _ in range(tolerance.intervals):
        if down_at < latest:
            down_at = schedule.next_slot(down_at)
    return max(min(down_at, latest), due + tolerance.late_after)


def status_of(states: Collection[State], *, is_data_behind: bool) -> HealthStatus:
    """Return the status of a whole deployment: as bad as its worst pipeline."""
    if "down" in states:
        return "unhealthy"
    if is_data_behind or not {"late", "not_configured", "unknown"}.isdisjoint(states):
        return "degraded"
    return "healthy"
