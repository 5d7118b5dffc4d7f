"""What health writes down of each pipeline at a scheduled call, for pages that can ask nobody else. Pure."""

from datetime import UTC, datetime

from plantpulse.health.observed import Observation, Observed
from plantpulse.runs import Json

_MINUTE_S = 60


def judged(look: Observation) -> list[dict[str, Json]]:
    """Return the state of each pipeline and when it is due, late and called next (UTC; None: never)."""
    return [_judged(one, look.at) for one in look.pipelines]


def _judged(seen: Observed, now: datetime) -> dict[str, Json]:
    pipeline, schedule = seen.pipeline, seen.pipeline.schedule
    next_at = pipeline.next_call(now)
    slot = schedule.next_slot(now)
    times = (seen.history.missing_slot(schedule), seen.late_at, next_at) if next_at else (None, None, None)
    due_at, late_at, called_at = (at.astimezone(UTC).isoformat() if at else None for at in times)
    return {
        "pipeline": pipeline.name,
        "plant": pipeline.plant,
        "state": seen.state,
        "is_data_behind": seen.is_behind,
        "due_at": due_at,
        "late_at": late_at,
        "next_at": called_at,
        "interval_minutes": round((schedule.next_slot(slot) - slot).total_seconds() / _MINUTE_S),
    }
