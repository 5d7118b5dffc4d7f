"""The state of a pipeline, from its schedule, its runs and the clock alone.

Pure; every instant is aware UTC. docs/operations.md says what each state means and what to do. Late and down
are about success: a pipeline that runs on time and fails every time is down.
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
    """How long after its due time a pipeline is late, and down (`intervals`, at most `longest`)."""

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
        """Return the oldest slot without success since the last successful one."""
        return schedule.next_slot(max(self.last_slot or self.watched_since, self.watched_since))

    def has_succeeded(self) -> bool:
        """Say whether any run has succeeded since health began to watch the pipeline."""
        return self.last_success_at is not None and self.last_success_at >= self.watched_since

    def is_at_work(self, now: datetime) -> bool:
        """Say whether a run is working and its lease has not ended."""
        return self.lease_expires_at is not None and now < self.lease_expires_at


def state_of(
    schedule: Schedule, history: RunHistory, tolerance: Tolerance, now: datetime, *, is_configured: bool
) -> State:
    """Return the state of a pipeline that is switched on.

    Missing source settings count only without runs: runs say more than the settings of this function.
    """
    if not is_configured and not history.has_run:
        return "not_configured"
    due = history.missing_slot(schedule)
    # What is not late is not down either, so of plants that are well nobody works out when they would be.
    if now >= due + tolerance.late_after:
        if now >= _down_at(schedule, due, tolerance):
            return "down"
        if not history.is_at_work(now):
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
    """Return the status of a deployment: that of its worst pipeline."""
    if "down" in states:
        return "unhealthy"
    if is_data_behind or not {"late", "not_configured", "unknown"}.isdisjoint(states):
        return "degraded"
    return "healthy"
