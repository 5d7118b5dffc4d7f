"""Rules about what no run can say of itself: health looks at a pipeline from outside. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from plantpulse.alerts.sights import Fires, Firing
from plantpulse.settings import Rule

_WELL: Final = {"new", "running", "stopped", "not_configured"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSight:
    """A pipeline as health sees it. `missing_since`: the oldest slot without a success; None without one.

    `lease_expired_at`: when the lease of a run ended that is still marked running.
    """

    pipeline: str
    plant: str
    state: str
    now: datetime
    interval_s: float
    missing_since: datetime | None = None
    last_success_at: datetime | None = None
    lease_expired_at: datetime | None = None
    consecutive_failures: int = 0
    last_error: str | None = None
    data_until: datetime | None = None
    is_data_behind: bool = False


def overdue(sight: PipelineSight, rule: Rule) -> Fires:
    """Fire while a due slot has no success: late is a warning at most, down has the rule's severity."""
    if sight.state in _WELL:
        return ()
    if sight.state not in {"late", "down"}:
        return None
    mild = "info" if rule.severity == "info" else "warning"
    facts = {
        "state": sight.state,
        "missing_since": sight.missing_since.isoformat() if sight.missing_since else None,
        "last_success_at": sight.last_success_at.isoformat() if sight.last_success_at else None,
        "failures": sight.consecutive_failures,
        "error": sight.last_error,
    }
    return [Firing(facts, severity=rule.severity if sight.state == "down" else mild)]


def stuck(sight: PipelineSight, rule: Rule) -> Fires:
    """Fire while a run is marked running long after its lease: it died, and nothing took over."""
    ended = sight.lease_expired_at
    if ended is None or sight.now - ended < timedelta(minutes=rule.threshold or 0):
        return ()
    return [Firing({"lease_expired_at": ended.isoformat()})]


def data_behind(sight: PipelineSight, rule: Rule) -> Fires:
    """Fire while polls succeed and bring no data."""
    if not sight.is_data_behind:
        return ()
    longest = timedelta(seconds=sight.interval_s * (rule.threshold or 0))
    if sight.data_until is not None and sight.now - sight.data_until < longest:
        return ()
    return [Firing({"data_until": sight.data_until.isoformat() if sight.data_until else None})]
