"""Asks a publisher again for what could not be read or stored: one failed batch, as a run of its pipeline.

A person asks for it, on the command line alone. If the reply can be stored now, the batch is resolved in the
commit that stores it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from plantpulse.entry.invocations import Invocation
from plantpulse.entry.requests import Request
from plantpulse.errors import InvalidRequest
from plantpulse.runs import Budget, Json, Run, RunPlan, RunReport
from plantpulse.schedules.slots import Window
from plantpulse.series.asks import subjects_of
from plantpulse.series.collecting import Collecting, OpenSources, Store
from plantpulse.series.ending import end_run
from plantpulse.series.kinds import KINDS, Job
from plantpulse.series.planning import budget_of, plan_of, require_collected, run_clock
from plantpulse.series.publisher import Ask, Span
from plantpulse.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRequest(Request):
    """Ask again for a failed batch."""


@dataclass(frozen=True, slots=True)
class RetryBatch:
    """The run that asks again. `batch_id` is the failed batch, `ask` its question."""

    open_sources: OpenSources
    batch_id: int
    ask: Ask

    request: ClassVar = RetryRequest

    @classmethod
    def of(cls, open_sources: OpenSources, batch: Mapping[str, Json]) -> "RetryBatch":
        """Return the job for a row of `failed_batches`. Raises: InvalidRequest if nothing can collect it."""
        if batch["kind"] not in KINDS:
            raise InvalidRequest(f"this version collects no {batch['kind']}", field="batch_id")
        span = Span(*(datetime.fromisoformat(batch[name]) for name in ("asked_from", "asked_until")))
        return cls(open_sources, batch["id"], Ask(batch["source"], batch["kind"], batch["subject"], span))

    @property
    def pipeline(self) -> Job:
        """Return the pipeline that collects it."""
        return KINDS[self.ask.kind].job

    def start_budget(self, plan: RunPlan, settings: Settings) -> Budget:
        """Return the time of a run, starting now."""
        return budget_of(plan, settings)

    def plan(self, invocation: Invocation, settings: Settings, now: datetime) -> RunPlan:
        """Return the plan of the run. Raises: InvalidRequest if the settings collect it no more."""
        self._require_in_settings(settings)
        asks = {"retried_batch": self.batch_id}
        return plan_of(
            self.pipeline, invocation, settings, (None, now), asks=asks, window=Window(*self.ask.span)
        )

    def _require_in_settings(self, settings: Settings) -> None:
        ask = self.ask
        known = subjects_of(self.pipeline, settings.series) if settings.series else ()
        if settings.series and (ask.source, ask.kind, ask.subject) not in {
            (one.source, one.kind, one.subject) for one in known
        }:
            told = f"{ask.kind} of {ask.subject} is no longer collected from {ask.source}"
            raise InvalidRequest(f"{told}: the settings say so", field="batch_id")

    def require_configured(self, plan: RunPlan, settings: Settings) -> None:
        """Raises: NotConfigured without series."""
        require_collected(plan, settings)

    def work(self, run: Run, settings: Settings, store: Store) -> RunReport:
        """Ask again, store what comes, and return the recorded report.

        Raises: the publisher's error if it failed again, after that is stored; the store's errors.
        """
        collecting = Collecting(run, settings.require_series(), store, run_clock(run))
        opened = self.open_sources(
            collecting.settings, seconds_left=collecting.seconds_left, clock=collecting.now
        )
        with run.progress.timed("collect"), opened as sources:
            collected = collecting.collect([self.ask], sources)
        collecting.store_rest()
        if not collected.failed and not collecting.refused:
            collecting.commit.resolved.append(self.batch_id)
            run.progress.count("batches_resolved", 1)
        return end_run(collecting, collected, [self.ask])
