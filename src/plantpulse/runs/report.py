"""The result of an invocation: with work, or answered without work."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from plantpulse import __version__
from plantpulse.errors import InvalidRequest, PlantpulseError
from plantpulse.late_dataclasses import dataclass, field, replace
from plantpulse.runs.budget import Budget
from plantpulse.runs.plan import Json, RunPlan, span_of, text_of
from plantpulse.runs.stored import check_report, readable
from plantpulse.schedules.pipelines import shown_plant

FinalStatus = Literal["succeeded", "partial", "failed", "abandoned"]
RunStatus = Literal["running", "succeeded", "partial", "failed", "abandoned"]
Outcome = Literal[
    "succeeded", "partial", "failed", "abandoned", "duplicate", "busy", "refused", "not_configured"
]

SLOW_RUN: Final = "slow_run"


@dataclass(frozen=True, slots=True)
class RunReport:
    """The result of an invocation: the same for log line, response body and run record.

    `outcome` answers this invocation; `status` is the recorded run's, which for a duplicate, busy or
    refused answer is an earlier run. Times are ISO 8601 in UTC. `source` describes the source's own clock.
    `preview` exists only for dry runs, `finished` only for pipelines that may leave work for the next run.
    `span` is from the first to the last slot of the past that a person asked for; `remaining` is the part
    that the run had no time for.
    """

    pipeline: str
    plant: str | None
    trigger: str
    outcome: Outcome
    status: RunStatus | None = None
    run_id: int | None = None
    slot: str | None = None
    attempt: int | None = None
    is_dry_run: bool = False
    started_at: str | None = None
    finished_at: str | None = None
    duration_ms: int | None = None
    window: Mapping[str, str] | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    timings_ms: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[Mapping[str, str]] = ()
    error: Mapping[str, Json] | None = None
    requested_by: str | None = None
    code_version: str = __version__
    is_cold_start: bool = False
    source: Mapping[str, Json] | None = None
    peak_memory_mb: int | None = None
    finished: bool | None = None
    preview: Mapping[str, Json] | None = None
    span: Mapping[str, str] | None = None
    remaining: Mapping[str, str] | None = None

    def as_json(self) -> dict[str, Json]:
        """Return the report as JSON; optional fields are left out if they are empty."""
        body = {name: getattr(self, name) for name in self.__slots__}
        body["counts"], body["timings_ms"] = dict(self.counts), dict(self.timings_ms)
        body["warnings"] = list(self.warnings)
        return {name: value for name, value in body.items() if name not in NOT_ALWAYS or value is not None}

    @classmethod
    def from_json(cls, stored: Json) -> "RunReport":
        """Return the report that an earlier invocation stored; unknown fields are ignored.

        Raises: StoreRefused if it is no report.
        """
        stored = check_report(stored)
        known = {name: stored[name] for name in cls.__slots__ if stored.get(name) is not None}
        return cls(**known | {"plant": shown_plant(stored.get("plant"))})

    @property
    def is_retryable(self) -> bool:
        """Say whether the same call may succeed later."""
        return bool(self.error and self.error.get("is_retryable"))


NOT_ALWAYS: Final = ("plant", "finished", "preview", "span", "remaining")


def error_as_json(error: PlantpulseError) -> dict[str, Json]:
    """Return an error as JSON for reports and records."""
    return {"code": error.code, "message": str(error), "is_retryable": error.is_retryable}


def noting_slowness(report: RunReport, budget: Budget) -> RunReport:
    """Return the report, with one warning if the run took too long."""
    is_said = any(warning["code"] == SLOW_RUN for warning in report.warnings)
    if is_said or not budget.is_slow():
        return report
    warning = {"code": SLOW_RUN, "message": f"the run took longer than {budget.warn_after_s:g} s"}
    return replace(report, warnings=(*report.warnings, warning))


def report_of_plan(plan: RunPlan, *, outcome: Outcome, is_cold_start: bool = False) -> RunReport:
    """Return the report of a plan without a run (yet)."""
    return RunReport(
        pipeline=plan.pipeline,
        plant=shown_plant(plan.plant),
        trigger=plan.trigger,
        outcome=outcome,
        slot=text_of(plan.slot),
        is_dry_run=plan.is_dry_run,
        window={name: at.isoformat() for name, at in plan.window._asdict().items()} if plan.window else None,
        requested_by=plan.requested_by,
        is_cold_start=is_cold_start,
        span=span_of(plan.slots),
    )


def answer_without_work(plan: RunPlan, answer: Mapping[str, Json]) -> RunReport:
    """Return the report for a claim that was answered duplicate, busy or refused.

    Raises: InvalidRequest if the caller's key belongs to another request.
    """
    if answer["answer"] == "busy":
        with readable("the run that is in the way"):
            running = answer["run"]
            return replace(
                report_of_plan(plan, outcome="busy"),
                status="running",
                run_id=running["run_id"],
                attempt=running["attempt"],
                started_at=running["started_at"],
            )
    report = RunReport.from_json(answer["report"])
    if plan.trigger == "manual" and plan.idempotency_key and not _asks_for_the_same(plan, report):
        raise InvalidRequest(
            "was used for a request of another span", field="Idempotency-Key", http_status=422
        )
    return replace(report, outcome=answer["answer"])


def _asks_for_the_same(plan: RunPlan, report: RunReport) -> bool:
    """Say whether a request asks for the same as an earlier one: the same span, or the same window."""
    is_window_named = bool(plan.asks.get("is_window_named"))
    planned = report_of_plan(plan, outcome="duplicate")
    return report.span == planned.span and (not is_window_named or report.window == planned.window)


def report_of_failure(answer: Mapping[str, Json], report: RunReport) -> RunReport:
    """Return the report of a failed run as recorded; an abandoned run keeps its status."""
    if answer["answer"] == "fenced":
        return replace(report, outcome="abandoned", status="abandoned")
    return RunReport.from_json(answer["report"])
