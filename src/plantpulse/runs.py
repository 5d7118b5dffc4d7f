"""The run protocol: what a pipeline plans, what a claim answers, what a run reports.

A run goes: plan, claim, work, then commit or fail (docs/architecture.md). The truth about claims,
leases and fences is in Postgres (`supabase/migrations`); this module gives it Python shapes and
knows neither HTTP nor Supabase nor any one pipeline.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol

from plantpulse import __version__
from plantpulse.errors import FenceRefused, InternalError, InvalidRequest, PlantpulseError
from plantpulse.slots import Window

Json = Any
Trigger = Literal["schedule", "manual"]
FinalStatus = Literal["succeeded", "partial", "failed", "abandoned"]
Status = Literal["running", "succeeded", "partial", "failed", "abandoned"]
Outcome = Literal[
    "succeeded", "partial", "failed", "abandoned", "duplicate", "busy", "refused", "not_configured"
]

# Stands for the plant in the runs of a pipeline that runs once for all of them: no plant's key looks like it,
# and only members of all plants see its runs.
ALL_PLANTS: Final = "(all plants)"
RESERVED_FOR_COMMIT_S: Final = 12.0
SLOW_RUN: Final = "slow_run"


def utc_now() -> datetime:
    """Return the present instant; the only place where a function's clock is read."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Budget:
    """The time that one invocation may take, in seconds of a clock that never goes back.

    Reading the source must leave time to commit, and everything must leave time to say that it failed:
    the former is kept back here, the latter by the store.
    """

    total_s: float
    warn_after_s: float
    monotonic: Callable[[], float]
    started_s: float

    @classmethod
    def start(
        cls, total_s: float, warn_after_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> "Budget":
        """Return a budget whose time begins to run now."""
        return cls(total_s, warn_after_s, monotonic, monotonic())

    def seconds_left(self) -> float:
        """Return what is left; negative when it is overdrawn."""
        return self.total_s - (self.monotonic() - self.started_s)

    def seconds_left_to_read(self) -> float:
        """Return what is left for the source; a commit's time is kept back."""
        return self.seconds_left() - RESERVED_FOR_COMMIT_S

    def is_slow(self) -> bool:
        """Say whether so much time has passed that somebody should know."""
        return self.monotonic() - self.started_s > self.warn_after_s


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What an invocation is to do, decided before anything is claimed or read.

    `slot` is None for a manual run; `at` is the instant that its data is stamped with, the slot or now.
    `window` is the span that it reads, None for a pipeline that reads none. `wants` names the parts of the
    plant model that the claim shall bring along, `recent_slots` the slots whose fingerprints it shall, `asks`
    what else the pipeline's claim says. `slots` are the past ones that a person asked for, newest first;
    none for every other run.
    """

    pipeline: str
    plant: str
    trigger: Trigger
    slot: datetime | None
    at: datetime
    lease_s: int
    window: Window | None = None
    wants: tuple[str, ...] = ()
    recent_slots: tuple[datetime, ...] = ()
    asks: Mapping[str, Json] = field(default_factory=dict)
    slots: tuple[datetime, ...] = ()
    is_dry_run: bool = False
    idempotency_key: str | None = None
    requested_by: str | None = None

    def as_claim(self, fence: str) -> dict[str, Json]:
        """Return the argument of `claim_run`."""
        return {
            "pipeline": self.pipeline,
            "plant": self.plant,
            "trigger": self.trigger,
            "slot": _text(self.slot),
            "fence": fence,
            "idempotency_key": self.idempotency_key,
            "requested_by": self.requested_by,
            "lease_s": self.lease_s,
            "window_start": _text(self.window.start if self.window else None),
            "window_until": _text(self.window.until if self.window else None),
            "code_version": __version__,
            "is_dry_run": self.is_dry_run,
            "wants": list(self.wants),
            "recent_slots": [slot.isoformat() for slot in self.recent_slots],
            "span": span_of(self.slots),
            **self.asks,
        }

    def require_window(self) -> Window:
        """Return the span that it reads. Raises: InternalError for a pipeline that reads none."""
        if self.window is None:
            raise InternalError(f"a run of {self.pipeline} has no window")
        return self.window


@dataclass(frozen=True, slots=True)
class RunReport:
    """What became of an invocation: the log line, the response body and the run record alike.

    `outcome` answers this invocation; `status` is the recorded run's, which for a duplicate, busy or
    refused answer is an earlier run. Times are ISO 8601 in UTC. `source` is what the
    source's own clock showed; `preview` exists for dry runs alone, `finished` for pipelines whose work may be
    left for the next run. `span` is from the first to the last slot of the past that a person asked
    for, and `remaining` what of it was not got round to.
    """

    pipeline: str
    plant: str
    trigger: str
    outcome: Outcome
    status: Status | None = None
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
        """Return the report as JSON; a field that not every run has is left out where it says nothing."""
        body = {name: getattr(self, name) for name in self.__slots__}
        body["counts"], body["timings_ms"] = dict(self.counts), dict(self.timings_ms)
        body["warnings"] = list(self.warnings)
        return {name: value for name, value in body.items() if name not in _NOT_ALWAYS or value is not None}

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> "RunReport":
        """Return the report that an earlier invocation stored; unknown fields are left aside."""
        return cls(**{name: stored[name] for name in cls.__slots__ if stored.get(name) is not None})

    @property
    def is_retryable(self) -> bool:
        """Say whether the same call may succeed later."""
        return bool(self.error and self.error.get("is_retryable"))


_NOT_ALWAYS: Final = ("finished", "preview", "span", "remaining")


def span_of(slots: Sequence[datetime]) -> dict[str, str] | None:
    """Return the first and the last of the slots as reports and claims show them; None without any."""
    return {"from": min(slots).isoformat(), "until": max(slots).isoformat()} if slots else None


def error_as_json(error: PlantpulseError) -> dict[str, Json]:
    """Return an error as reports and records show it."""
    return {"code": error.code, "message": str(error), "is_retryable": error.is_retryable}


@dataclass(slots=True)
class Progress:
    """What a run has done so far; the only thing about a run that changes."""

    counts: dict[str, int] = field(default_factory=dict)
    timings_ms: dict[str, int] = field(default_factory=dict)
    warnings: list[dict[str, str]] = field(default_factory=list)
    source: dict[str, Json] | None = None
    finished: bool | None = None

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time spent inside to a step's milliseconds, also when it fails."""
        started_s = time.monotonic()
        try:
            yield
        finally:
            spent_ms = round((time.monotonic() - started_s) * 1000)
            self.timings_ms[step] = self.timings_ms.get(step, 0) + spent_ms

    def count(self, name: str, number: int) -> None:
        """Add to a count."""
        self.counts[name] = self.counts.get(name, 0) + number

    def warn(self, code: str, message: str) -> None:
        """Note, once, what a reader of the report should know although the run went on."""
        warning = {"code": code, "message": message}
        if warning not in self.warnings:
            self.warnings.append(warning)


@dataclass(frozen=True, slots=True)
class Run:
    """A claimed run: what the claim brought, and what the work needs beside it.

    `assets` and `shift_patterns` are the plant model's JSON rows. `snapshots_until` and `safety_until`
    say how far earlier runs have covered, None before the first; `catch_up_from` and `catch_up_until`
    which older slots they left, None when none. `fingerprints` are those of the plan's recent slots.
    `brought` is the claim's answer as a whole.
    """

    plan: RunPlan
    fence: str
    run_id: int | None
    attempt: int
    started_at: datetime
    budget: Budget
    progress: Progress
    is_cold_start: bool = False
    assets: Sequence[Mapping[str, Json]] = ()
    shift_patterns: Sequence[Mapping[str, Json]] | None = None
    snapshots_until: datetime | None = None
    safety_until: datetime | None = None
    catch_up_from: datetime | None = None
    catch_up_until: datetime | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    brought: Mapping[str, Json] = field(default_factory=dict)

    def report(self, status: FinalStatus, *, error: PlantpulseError | None = None) -> RunReport:
        """Return the report as it stands now, with `status` as its outcome."""
        report = replace(
            report_of_plan(self.plan, outcome=status, is_cold_start=self.is_cold_start),
            status=None if self.plan.is_dry_run else status,
            run_id=self.run_id,
            attempt=self.attempt,
            started_at=_text(self.started_at),
            counts=dict(self.progress.counts),
            timings_ms=dict(self.progress.timings_ms),
            warnings=tuple(self.progress.warnings),
            error=error_as_json(error) if error else None,
            source=self.progress.source,
            finished=self.progress.finished,
            peak_memory_mb=peak_memory_mb(),
        )
        return noting_slowness(report, self.budget)


def noting_slowness(report: RunReport, budget: Budget) -> RunReport:
    """Return the report with a warning when the run has taken longer than it should, said once."""
    is_said = any(warning["code"] == SLOW_RUN for warning in report.warnings)
    if is_said or not budget.is_slow():
        return report
    warning = {"code": SLOW_RUN, "message": f"the run took longer than {budget.warn_after_s:g} s"}
    return replace(report, warnings=(*report.warnings, warning))


def peak_memory_mb() -> int:
    """Return the most memory that this process has held so far, in MiB."""
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(kib / 1024 / (1024 if sys.platform == "darwin" else 1))  # macOS counts bytes


def report_of_plan(plan: RunPlan, *, outcome: Outcome, is_cold_start: bool = False) -> RunReport:
    """Return the report of a plan that no run has come of (yet)."""
    return RunReport(
        pipeline=plan.pipeline,
        plant=plan.plant,
        trigger=plan.trigger,
        outcome=outcome,
        slot=_text(plan.slot),
        is_dry_run=plan.is_dry_run,
        window={name: at.isoformat() for name, at in plan.window._asdict().items()} if plan.window else None,
        requested_by=plan.requested_by,
        is_cold_start=is_cold_start,
        span=span_of(plan.slots),
    )


def answer_without_work(plan: RunPlan, answer: Mapping[str, Json]) -> RunReport:
    """Return the report for a claim that was answered duplicate, busy or refused.

    Raises: InvalidRequest when the caller's key stands for a request of something else.
    """
    if answer["answer"] == "busy":
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
    """Say whether a request asks for what an earlier one did: a poll's span, or the window that it names."""
    is_window_named = bool(plan.asks.get("is_window_named"))
    planned = report_of_plan(plan, outcome="duplicate")
    return report.span == planned.span and (not is_window_named or report.window == planned.window)


def begin(
    plan: RunPlan,
    answer: Mapping[str, Json],
    fence: str,
    budget: Budget,
    progress: Progress,
    *,
    is_cold_start: bool,
) -> Run:
    """Return the run that a claim answered `claimed` has begun."""
    claimed = answer["run"]
    return Run(
        plan=plan,
        fence=fence,
        run_id=claimed["run_id"],
        attempt=claimed["attempt"],
        started_at=datetime.fromisoformat(claimed["started_at"]),
        budget=budget,
        progress=progress,
        is_cold_start=is_cold_start,
        assets=answer.get("assets", ()),
        shift_patterns=answer.get("shift_patterns"),
        snapshots_until=_instant(answer.get("snapshots_until")),
        safety_until=_instant(answer.get("safety_until")),
        catch_up_from=_instant(answer.get("catch_up_from")),
        catch_up_until=_instant(answer.get("catch_up_until")),
        fingerprints=answer.get("fingerprints", {}),
        brought=answer,
    )


def require_fence(answer: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the answer to a commit. Raises: FenceRefused when another run had taken over."""
    if answer["answer"] == "fenced":
        raise FenceRefused("another run took over while this one worked; this commit wrote nothing")
    return answer


class RunEnder(Protocol):
    """What ending a run needs of Supabase, for a pipeline whose end commits nothing else."""

    def complete_run(self, fence: str, completion: Mapping[str, Json]) -> dict[str, Json]: ...


def complete(run: Run, status: Literal["succeeded", "partial"], store: RunEnder) -> RunReport:
    """End a run whose data is written already; returns the report as recorded, of a dry run as it stands.

    Raises: FenceRefused when another run had taken over.
    """
    report = run.report(status)
    if run.plan.is_dry_run:
        return report
    completion = {"status": status, "report": report.as_json()}
    answer = require_fence(store.complete_run(run.fence, completion))
    return RunReport.from_json(answer["report"])


def report_of_failure(answer: Mapping[str, Json], report: RunReport) -> RunReport:
    """Return the report of a failed run as it is recorded now: an abandoned run keeps its status."""
    if answer["answer"] == "fenced":
        return replace(report, outcome="abandoned", status="abandoned")
    return RunReport.from_json(answer["report"])


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
