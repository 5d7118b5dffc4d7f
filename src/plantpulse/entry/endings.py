"""The end of a run, as it is told: the failure in Supabase, the canonical line in the log."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from plantpulse import runs
from plantpulse.entry.guard import guarded
from plantpulse.errors import FenceRefused, PlantpulseError
from plantpulse.logs import Severity, log
from plantpulse.runs import Json, Run, RunReport

_SEVERITY: Mapping[str, Severity] = {"succeeded": "INFO", "duplicate": "INFO", "failed": "ERROR"}


class Recorder(Protocol):
    """What is needed of Supabase to record the end of a run that has not committed it."""

    def fail_run(self, fence: str, failure: Mapping[str, Json]) -> dict[str, Json]: ...
    def end_dry_run(self, fence: str) -> dict[str, Json]: ...


def record_failure(run: Run, error: PlantpulseError, store: Recorder) -> RunReport:
    """Return the report of a failed run, recorded if Supabase answers."""
    report = run.report("abandoned" if isinstance(error, FenceRefused) else "failed", error=error)
    if run.plan.is_dry_run:
        end_dry_run(run, store)
        return report
    failure = {
        "error": runs.error_as_json(error),
        "report": report.as_json(),
        "alerts": run.alerts(report) if report.status == "failed" else [],
    }
    recorded = guarded(lambda: runs.report_of_failure(store.fail_run(run.fence, failure), report))
    if isinstance(recorded, PlantpulseError):
        unrecorded = {"code": "failure_not_recorded", "message": str(recorded)}
        return replace(report, warnings=(*report.warnings, unrecorded))
    return recorded


def end_dry_run(run: Run, store: Recorder) -> None:
    """Let the next dry run begin; if Supabase does not answer, it begins when the lease has run out."""
    guarded(lambda: store.end_dry_run(run.fence))


def log_run(report: RunReport) -> None:
    """Write the canonical line of a run."""
    fields = {name: value for name, value in report.as_json().items() if name != "preview"}
    log(_SEVERITY.get(report.outcome, "WARNING"), f"run {report.outcome}", **fields)
