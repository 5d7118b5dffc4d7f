"""Cleanup: removes expired rows, batch by batch.

One run is for all plants, so the rows of a plant that was removed from plantpulse.yaml expire too. Postgres
decides which rows may go (`remove_expired`); this module decides how many at a time: few enough for the
statement time-out, and many enough to finish.
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol

from plantpulse.entry.invocations import Invocation
from plantpulse.entry.requests import Request, parameter, parse
from plantpulse.errors import StatementTimedOut
from plantpulse.late_dataclasses import dataclass, replace
from plantpulse.runs import LEASE_MARGIN_S, Budget, Json, Run, RunPlan, RunReport, complete
from plantpulse.schedules.pipelines import ALL_PLANTS
from plantpulse.schedules.schedules import Every, scheduled_slot
from plantpulse.settings import Settings

PIPELINE: Final = "cleanup"
LATEST_DELIVERY: Final = timedelta(days=1)  # a later one counts as a manual run: every run removes everything
SLOT_TOLERANCE: Final = timedelta(seconds=60)
RESERVED_S: Final = 15.0  # time for one more batch that times out, and for the end of the run


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupRequest(Request):
    """Remove expired snapshots, runs, rejected records and summaries of all plants."""

    dry_run: bool = parameter(False, description="Count, but remove nothing.")


class Store(Protocol):
    """What a cleanup needs from Supabase."""

    def claim_run(self, claim: Mapping[str, Json]) -> dict[str, Json]: ...
    def remove_expired(self, batch: Mapping[str, Json]) -> dict[str, Json]: ...
    def complete_run(self, fence: str, completion: Mapping[str, Json]) -> dict[str, Json]: ...
    def fail_run(self, fence: str, failure: Mapping[str, Json]) -> dict[str, Json]: ...
    def end_dry_run(self, fence: str) -> dict[str, Json]: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rows a batch may look at, in rows, and how long it should take, in seconds."""

    first: int = 5_000
    least: int = 100
    most: int = 50_000
    fast_s: float = 0.5
    slow_s: float = 1.0

    def after(self, rows: int, took_s: float) -> int:
        """Return the size of the next batch: half after a slow one, double after a fast one."""
        if took_s > self.slow_s:
            return self.less_than(rows)
        return min(rows * 2, self.most) if took_s < self.fast_s else rows

    def less_than(self, rows: int) -> int:
        """Return half the size, but at least `least`."""
        return max(rows // 2, self.least)


@dataclass(frozen=True, slots=True)
class Removal:
    """The progress of the removal from one table.

    `rows` is the size of the next batch. `most` is its largest size, below any size that timed out.
    `resume_after` comes from the database and is not interpreted.
    """

    table: str
    keep_hours: int
    rows: int
    most: int
    resume_after: Json = None


@dataclass(frozen=True, slots=True)
class Cleanup:
    """The pipeline that the entry points run."""

    request: ClassVar = CleanupRequest

    pace: Pace = Pace()

    def start_budget(self, plan: RunPlan, settings: Settings) -> Budget:
        """Return the time of a run, starting now; it may use all of it without a warning."""
        timeout_s = settings.cleanup.timeout_s
        return Budget.start(timeout_s, timeout_s)

    def plan(self, invocation: Invocation, settings: Settings, now: datetime) -> RunPlan:
        """Return the plan of an invocation. Raises: InvalidRequest."""
        request = parse(CleanupRequest, invocation.parameters)
        slot = scheduled_slot(
            Every.minutes(settings.cleanup.every_minutes),
            None if request.dry_run else invocation.scheduled_at,
            now,
            catch_up=LATEST_DELIVERY,
            tolerance=SLOT_TOLERANCE,
        )
        return RunPlan(
            pipeline=PIPELINE,
            plant=ALL_PLANTS,
            trigger="schedule" if slot else "manual",
            slot=slot,
            at=slot or now,
            lease_s=settings.cleanup.timeout_s + LEASE_MARGIN_S,
            is_dry_run=request.dry_run,
            idempotency_key=None if slot or request.dry_run else invocation.idempotency_key,
        )

    def require_configured(self, plan: RunPlan, settings: Settings) -> None:
        """Raises nothing: a cleanup needs only Supabase."""

    def work(self, run: Run, settings: Settings, store: Store) -> RunReport:
        """Remove expired rows until none is left or the time is up; return the recorded report.

        The tables take turns, so that none waits forever behind a larger one. A dry run counts instead.
        Raises: the store's errors; rows that are already removed stay removed.
        """
        keep_hours = settings.cleanup.keep_hours()
        removals = deque(
            Removal(table, hours, rows=self.pace.first, most=self.pace.most)
            for table, hours in keep_hours.items()
        )
        while removals and run.budget.seconds_left() > RESERVED_S:
            with run.progress.timed(removals[0].table):
                left = self._remove_batch(removals.popleft(), run, store)
            if left:
                removals.append(left)
        run.progress.finished = not removals
        if removals:
            tables = ", ".join(removal.table for removal in removals)
            run.progress.warn("cleanup_unfinished", f"expired rows are left for the next run in {tables}")
        return complete(run, "partial" if removals else "succeeded", store)

    def _remove_batch(self, removal: Removal, run: Run, store: Store) -> Removal | None:
        """Return the rest after one more batch, None if there is none.

        Raises: StatementTimedOut if even the smallest batch takes too long.
        """
        run.progress.count("batches", 1)
        started_s = run.budget.monotonic()
        try:
            answer = store.remove_expired(_as_batch(removal, run))
        except StatementTimedOut:
            if removal.rows <= self.pace.least:
                raise
            run.progress.count("batches_timed_out", 1)
            rows = self.pace.less_than(removal.rows)
            return replace(removal, rows=rows, most=rows)
        counted = "expired" if run.plan.is_dry_run else "removed"
        run.progress.count(f"{removal.table}_{counted}", answer[counted])
        run.progress.reach(_rows(run.progress.counts, counted), "rows")
        took_s = run.budget.monotonic() - started_s
        timings_ms = run.progress.timings_ms
        timings_ms["longest_batch"] = max(timings_ms.get("longest_batch", 0), round(took_s * 1000))
        if answer["resume_after"] is None:
            return None
        rows = self.pace.after(removal.rows, took_s)
        return replace(removal, rows=min(rows, removal.most), resume_after=answer["resume_after"])


def _rows(counts: Mapping[str, int], counted: str) -> int:
    return sum(number for name, number in counts.items() if name.endswith(f"_{counted}"))


def _as_batch(removal: Removal, run: Run) -> dict[str, Json]:
    return {
        "table": removal.table,
        "keep_hours": removal.keep_hours,
        "limit": removal.rows,
        "resume_after": removal.resume_after,
        "is_dry_run": run.plan.is_dry_run,
    }
