"""The end of a run, as it is told: the failure in Supabase, the canonical line in the log."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol

from plantpulse import runs
from plantpulse.entry.guard import guarded
from plantpulse.errors import FenceRefused, PlantpulseError
from plantpulse.late_dataclasses import replace
from plantpulse.logs import Severity, log
from plantpulse.runs import Json, Run, RunReport
from plantpulse.schedules.pipelines import shown_plant

METRICS_NAMESPACE: Final = "METRICS_NAMESPACE"  # of this deployment in CloudWatch; Terraform sets it on AWS

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


def log_run(report: RunReport, clock: Callable[[], datetime] = runs.utc_now) -> None:
    """Write the canonical line of a run."""
    fields = {name: value for name, value in report.as_json().items() if name != "preview"}
    counted = success_as_metric(report, os.environ.get(METRICS_NAMESPACE), clock())
    log(_SEVERITY.get(report.outcome, "WARNING"), f"run {report.outcome}", **fields, **counted)


def success_as_metric(report: RunReport, namespace: str | None, at: datetime) -> dict[str, Json]:
    """Return what makes CloudWatch count a plant's success out of its line; nothing without a namespace.

    A metric filter could count it too, and CloudWatch may switch one off at 1,000 plants an hour.
    Source: AWS, "Specification: Embedded metric format".
    """
    is_success = report.outcome in {"succeeded", "partial"} and not report.is_dry_run
    if not namespace or not is_success or shown_plant(report.plant) is None:
        return {}
    name = f"{report.pipeline}-successes"
    metric = {"Namespace": namespace, "Dimensions": [["plant"]], "Metrics": [{"Name": name, "Unit": "Count"}]}
    stamp_ms = int(at.timestamp() * 1000)
    return {"_aws": {"Timestamp": stamp_ms, "CloudWatchMetrics": [metric]}, name: 1}
