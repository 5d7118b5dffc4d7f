"""A claimed run: the answer to its claim, its progress, and its end."""

import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Literal, Protocol

from plantpulse.errors import FenceRefused, PlantpulseError
from plantpulse.late_dataclasses import dataclass, field, replace
from plantpulse.runs.budget import Budget
from plantpulse.runs.plan import Json, RunPlan, text_of
from plantpulse.runs.report import FinalStatus, RunReport, error_as_json, noting_slowness, report_of_plan
from plantpulse.runs.stored import readable


class Watcher(Protocol):
    """Follows the progress of a run: how many units are done, and of how many (None if unknown)."""

    def __call__(self, done: int, unit: str, total: int | None, /) -> None: ...


class Judge(Protocol):
    """Says what alerts a run is to change; `report` is None for one slot of a run that goes on."""

    def __call__(self, run: "Run", report: RunReport | None, /) -> Sequence[Json]: ...


def no_alerts(_run: "Run", _report: RunReport | None, /) -> Sequence[Json]:
    """Change no alert; used without rules."""
    return ()


def nobody(_done: int, _unit: str, _total: int | None, /) -> None:
    """Ignore the progress; used without a watcher."""


@dataclass(slots=True)
class Progress:
    """What a run has done so far; the only mutable part of a run.

    `seen` is what rules of alerts look at beyond the report, by rule. `is_urgent`: tell it at once.
    """

    counts: dict[str, int] = field(default_factory=dict)
    timings_ms: dict[str, int] = field(default_factory=dict)
    warnings: list[dict[str, str]] = field(default_factory=list)
    source: dict[str, Json] | None = None
    finished: bool | None = None
    watcher: Watcher = nobody
    seen: dict[str, Json] = field(default_factory=dict)
    is_urgent: bool = False

    def reach(self, done: int, unit: str, *, total: int | None = None) -> None:
        """Pass the progress to the watcher."""
        self.watcher(done, unit, total)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time spent inside to a step's milliseconds, even if it fails."""
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
        """Add a warning to the report, once."""
        warning = {"code": code, "message": message}
        if warning not in self.warnings:
            self.warnings.append(warning)


@dataclass(frozen=True, slots=True)
class Run:
    """A claimed run: the answer to its claim, and what else the work needs.

    `brought` is the whole answer to the claim; the pipeline reads what its plan wanted.
    """

    plan: RunPlan
    fence: str
    run_id: int | None
    attempt: int
    started_at: datetime
    budget: Budget
    progress: Progress
    is_cold_start: bool = False
    brought: Mapping[str, Json] = field(default_factory=dict)
    judge: Judge = no_alerts

    def alerts(self, report: RunReport | None) -> Sequence[Json]:
        """Return what this run changes of the alerts, for its end or, without a report, for one slot."""
        seen = self.judge(self, report)
        if any(one["severity"] == "critical" for part in seen for one in part["firing"]):
            self.progress.is_urgent = True
        return seen

    def report(self, status: FinalStatus, *, error: PlantpulseError | None = None) -> RunReport:
        """Return the report so far, with `status` as its outcome."""
        report = replace(
            report_of_plan(self.plan, outcome=status, is_cold_start=self.is_cold_start),
            status=None if self.plan.is_dry_run else status,
            run_id=self.run_id,
            attempt=self.attempt,
            started_at=text_of(self.started_at),
            counts=dict(self.progress.counts),
            timings_ms=dict(self.progress.timings_ms),
            warnings=tuple(self.progress.warnings),
            error=error_as_json(error) if error else None,
            source=self.progress.source,
            finished=self.progress.finished,
            peak_memory_mb=peak_memory_mb(),
        )
        return noting_slowness(report, self.budget)


def peak_memory_mb() -> int:
    """Return the peak memory of this process so far, in MiB."""
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(kib / 1024 / (1024 if sys.platform == "darwin" else 1))  # macOS counts bytes


def begin(
    plan: RunPlan,
    answer: Mapping[str, Json],
    fence: str,
    budget: Budget,
    progress: Progress,
    *,
    is_cold_start: bool,
    judge: Judge = no_alerts,
) -> Run:
    """Return the run of a claim that was answered with `claimed`. Raises: StoreRefused."""
    with readable("the claimed run"):
        claimed = answer["run"]
        run_id, attempt = claimed["run_id"], claimed["attempt"]
        started_at = datetime.fromisoformat(claimed["started_at"])
    return Run(
        plan=plan,
        fence=fence,
        run_id=run_id,
        attempt=attempt,
        started_at=started_at,
        budget=budget,
        progress=progress,
        is_cold_start=is_cold_start,
        brought=answer,
        judge=judge,
    )


def require_fence(answer: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the answer to a commit. Raises: FenceRefused if another run took over."""
    if answer["answer"] == "fenced":
        raise FenceRefused("another run took over while this one worked; this commit wrote nothing")
    return answer


class RunEnder(Protocol):
    """What the end of a run needs from Supabase, if it commits nothing else."""

    def complete_run(self, fence: str, completion: Mapping[str, Json]) -> dict[str, Json]: ...


def complete(run: Run, status: Literal["succeeded", "partial"], store: RunEnder) -> RunReport:
    """End a run after its data is written, and return the recorded report; a dry run records nothing.

    Raises: FenceRefused if another run took over.
    """
    report = run.report(status)
    if run.plan.is_dry_run:
        return report
    completion = {"status": status, "report": report.as_json(), "alerts": run.alerts(report)}
    answer = require_fence(store.complete_run(run.fence, completion))
    return RunReport.from_json(answer["report"])
