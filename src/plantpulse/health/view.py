"""The view of health: the figures of each pipeline.

Pure. It shows no secret, no host, and only the code of an error, because anybody may look at health. Instants
are ISO 8601 in UTC; null means none yet.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from plantpulse import __version__
from plantpulse.errors import PlantpulseError
from plantpulse.health.states import RunHistory, State, Tolerance, state_of, status_of
from plantpulse.runs import Json
from plantpulse.schedules.pipelines import Pipeline
from plantpulse.settings import HealthSettings


def view_of(
    pipelines: Sequence[Pipeline],
    summaries: Sequence[Mapping[str, Json]],
    settings: HealthSettings,
    now: datetime,
) -> dict[str, Json]:
    """Return the view of all pipelines; `summaries` are the answer of `pipeline_health`."""
    summary_of = {(summary["pipeline"], summary["plant"]): summary for summary in summaries}
    shown = [_pipeline(one, summary_of[one.name, one.plant], settings, now) for one in pipelines]
    status = status_of(
        [one["state"] for one in shown], is_data_behind=any(one["is_data_behind"] for one in shown)
    )
    return _whole(status, shown, now)


def blind_view_of(pipelines: Sequence[Pipeline], error: PlantpulseError, now: datetime) -> dict[str, Json]:
    """Return the view without knowledge of the runs, or even of the settings."""
    shown: list[dict[str, Json]] = [
        {
            "pipeline": pipeline.name,
            "plant": pipeline.shown_plant,
            "state": "unknown" if pipeline.is_enabled else "stopped",
            "next_poll_scheduled": _next_poll(pipeline, now),
        }
        for pipeline in pipelines
    ]
    told = f"{error.code}: docs/operations.md says what to do, the log has the details"
    return _whole("unhealthy", shown, now) | {"error": {"code": error.code, "message": told}}


def _whole(status: str, pipelines: Sequence[Mapping[str, Json]], now: datetime) -> dict[str, Json]:
    return {
        "status": status,
        "checked_at": _text(now),
        "code_version": __version__,
        "pipelines": list(pipelines),
    }


def _pipeline(
    pipeline: Pipeline, summary: Mapping[str, Json], settings: HealthSettings, now: datetime
) -> dict[str, Json]:
    last_run, running, day = summary["last_run"] or {}, summary["running"] or {}, summary["day"]
    success = summary["last_success"] or {}
    data_until = data_until_of(pipeline, summary)
    return {
        "pipeline": pipeline.name,
        "plant": pipeline.shown_plant,
        "state": state_of_pipeline(pipeline, summary, settings, now),
        "last_poll_timestamp": _utc(last_run.get("started_at")),
        "last_poll_success": last_run["status"] in {"succeeded", "partial"} if last_run else None,
        "last_poll_status": last_run.get("status"),
        "last_success_timestamp": _utc(success.get("finished_at")),
        "next_poll_scheduled": _next_poll(pipeline, now),
        "running_since": _utc(running.get("started_at")),
        "polls_executed": day["executed"],
        "polls_failed": day["failed"],
        "consecutive_failures": summary["consecutive_failures"],
        "last_error": _error(summary["last_error"]),
        "duration_ms": {"p50": day["p50"], "p95": day["p95"]},
        "data_until": _text(data_until),
        "data_age_s": round((now - data_until).total_seconds()) if data_until else None,
        "is_data_behind": is_behind(pipeline, summary),
        "counts": success.get("counts"),
        "missing_settings": list(pipeline.missing_settings),
    }


def state_of_pipeline(
    pipeline: Pipeline, summary: Mapping[str, Json], settings: HealthSettings, now: datetime
) -> State:
    """Return the state of a pipeline from what its runs say."""
    if not pipeline.is_enabled:
        return "stopped"
    history = history_of(summary, now)
    tolerance = Tolerance(
        late_after=timedelta(seconds=settings.late_after_s) + pipeline.offset,
        intervals=settings.grace_intervals,
        longest=timedelta(minutes=settings.longest_grace_minutes),
    )
    return state_of(pipeline.schedule, history, tolerance, now, is_configured=not pipeline.missing_settings)


def history_of(summary: Mapping[str, Json], now: datetime) -> RunHistory:
    """Return how far a pipeline has got, from what its runs say."""
    success, running = summary["last_success"] or {}, summary["running"] or {}
    return RunHistory(
        watched_since=instant(summary["watched_since"]) or now,
        last_slot=instant(summary["last_slot"]),
        last_success_at=instant(success.get("finished_at")),
        lease_expires_at=instant(running.get("lease_expires_at")),
        has_run=bool(summary["last_run"] or running),
    )


def data_until_of(pipeline: Pipeline, summary: Mapping[str, Json]) -> datetime | None:
    """Return up to when there is data of a pipeline; None before the first."""
    return instant(summary["snapshots_until" if pipeline.keeps_snapshots else "window_until"])


def is_behind(pipeline: Pipeline, summary: Mapping[str, Json]) -> bool:
    """Say whether slots succeeded without data: a poll with incomplete output writes none."""
    data_until, last_slot = data_until_of(pipeline, summary), instant(summary["last_slot"])
    is_missing = last_slot is not None and (data_until is None or data_until < last_slot)
    return pipeline.is_enabled and pipeline.keeps_snapshots and is_missing


def _next_poll(pipeline: Pipeline, now: datetime) -> str | None:
    next_slot = pipeline.schedule.next_slot(now - pipeline.offset)
    return _text(next_slot + pipeline.offset) if pipeline.is_enabled else None


def _error(error: Mapping[str, Json] | None) -> dict[str, Json] | None:
    return {**error, "at": _utc(error["at"])} if error else None


def _utc(text: str | None) -> str | None:
    return _text(instant(text))


def instant(text: str | None) -> datetime | None:
    """Return an instant of an answer; None for None."""
    return datetime.fromisoformat(text) if text else None


def _text(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None
