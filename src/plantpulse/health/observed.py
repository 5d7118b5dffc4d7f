"""Pipelines as health sees them at one instant: what their runs say, and the state that follows.

Pure. The view and the alerts are made of it, so they cannot disagree, and each state is worked out once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from plantpulse.health.states import RunHistory, State, Tolerance, state_of
from plantpulse.runs import Json
from plantpulse.schedules.pipelines import Pipeline
from plantpulse.settings import HealthSettings

_SPREAD_OVER = timedelta(minutes=1)  # EventBridge's shortest flexible window; Google's waits are shorter


@dataclass(frozen=True, slots=True)
class Observed:
    """A pipeline and its part of the answer of `pipeline_health`."""

    pipeline: Pipeline
    summary: Mapping[str, Json]
    history: RunHistory
    state: State
    tolerance: Tolerance
    data_until: datetime | None
    """Up to when there is data; None before the first."""

    @property
    def late_at(self) -> datetime:
        """Return when it is late, if its missing slot has no success by then."""
        return self.history.missing_slot(self.pipeline.schedule) + self.tolerance.late_after

    @property
    def is_behind(self) -> bool:
        """Say whether slots succeeded without data: a poll with incomplete output writes none."""
        last_slot = self.history.last_slot
        is_missing = last_slot is not None and (self.data_until is None or self.data_until < last_slot)
        return self.pipeline.is_enabled and self.pipeline.keeps_snapshots and is_missing


@dataclass(frozen=True, slots=True)
class Observation:
    """What health saw at an instant. `alerted`: scope and plant of whatever has an open alert."""

    at: datetime
    pipelines: Sequence[Observed]
    alerted: Collection[tuple[str, str]] = ()


def observed(
    pipelines: Sequence[Pipeline],
    summaries: Sequence[Mapping[str, Json]],
    settings: HealthSettings,
    now: datetime,
) -> list[Observed]:
    """Return each pipeline with what its runs say; `summaries` are the answer of `pipeline_health`."""
    summary_of = {(summary["pipeline"], summary["plant"]): summary for summary in summaries}
    usual = _usual_tolerance(settings)
    return [_observed(one, summary_of[one.name, one.plant], usual, now) for one in pipelines]


def _observed(pipeline: Pipeline, summary: Mapping[str, Json], usual: Tolerance, now: datetime) -> Observed:
    history, tolerance = _history_of(summary, now), _tolerance_of(pipeline, usual)
    state = _state_of(pipeline, history, tolerance, now)
    data_until = instant(summary["snapshots_until" if pipeline.keeps_snapshots else "window_until"])
    return Observed(pipeline, summary, history, state, tolerance, data_until)


def _usual_tolerance(settings: HealthSettings) -> Tolerance:
    return Tolerance(
        late_after=timedelta(seconds=settings.late_after_s),
        intervals=settings.grace_intervals,
        longest=timedelta(minutes=settings.longest_grace_minutes),
    )


def _tolerance_of(pipeline: Pipeline, usual: Tolerance) -> Tolerance:
    late_after = usual.late_after + pipeline.offset
    if pipeline.delay_s:
        late_after += _SPREAD_OVER
    if pipeline.overlap_s:
        # A run that overlaps succeeds when the next one has relieved it, or when it ends without.
        late_after += timedelta(seconds=pipeline.overlap_s)
    return Tolerance(late_after, usual.intervals, usual.longest)


def _state_of(pipeline: Pipeline, history: RunHistory, tolerance: Tolerance, now: datetime) -> State:
    if not pipeline.is_enabled:
        return "stopped"
    if pipeline.overlap_s:
        # The run of the minute before still works, which says nothing of the one that is missing.
        history = replace(history, lease_expires_at=None)
    return state_of(pipeline.schedule, history, tolerance, now, is_configured=not pipeline.missing_settings)


def _history_of(summary: Mapping[str, Json], now: datetime) -> RunHistory:
    success, running = summary["last_success"] or {}, summary["running"] or {}
    return RunHistory(
        watched_since=instant(summary["watched_since"]) or now,
        last_slot=instant(summary["last_slot"]),
        last_success_at=instant(success.get("finished_at")),
        lease_expires_at=instant(running.get("lease_expires_at")),
        has_run=bool(summary["last_run"] or running),
    )


def instant(text: str | None) -> datetime | None:
    """Return an instant of an answer; None for None."""
    return datetime.fromisoformat(text) if text else None
