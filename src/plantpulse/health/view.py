"""The view of health: the figures of each pipeline.

Pure. It shows no secret, no host, and only the code of an error, because anybody may look at health. Instants
are ISO 8601 in UTC; null means none yet.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from plantpulse import __version__
from plantpulse.errors import PlantpulseError
from plantpulse.health.observed import Observed, instant
from plantpulse.health.states import status_of
from plantpulse.runs import Json
from plantpulse.schedules.pipelines import Pipeline


def view_of(pipelines: Sequence[Observed], now: datetime) -> dict[str, Json]:
    """Return the view of all pipelines."""
    status = status_of(
        [one.state for one in pipelines], is_data_behind=any(one.is_behind for one in pipelines)
    )
    return _whole(status, [_pipeline(one, now) for one in pipelines], now)


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


def _pipeline(seen: Observed, now: datetime) -> dict[str, Json]:
    pipeline, summary = seen.pipeline, seen.summary
    last_run, running, day = summary["last_run"] or {}, summary["running"] or {}, summary["day"]
    success = summary["last_success"] or {}
    return {
        "pipeline": pipeline.name,
        "plant": pipeline.shown_plant,
        "state": seen.state,
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
        "data_until": _text(seen.data_until),
        "data_age_s": round((now - seen.data_until).total_seconds()) if seen.data_until else None,
        "is_data_behind": seen.is_behind,
        "counts": success.get("counts"),
        "missing_settings": list(pipeline.missing_settings),
    }


def _next_poll(pipeline: Pipeline, now: datetime) -> str | None:
    return _text(pipeline.next_call(now))


def _error(error: Mapping[str, Json] | None) -> dict[str, Json] | None:
    return {**error, "at": _utc(error["at"])} if error else None


def _utc(text: str | None) -> str | None:
    return _text(instant(text))


def _text(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None
