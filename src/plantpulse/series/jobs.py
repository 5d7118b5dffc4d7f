"""The three pipelines that collect series: prices of commodities, actual values, and forecasts.

The publishers are an argument; `functions/<name>/main.py` puts them and these jobs together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, Protocol
from zoneinfo import ZoneInfo

from plantpulse.entry.invocations import Invocation
from plantpulse.entry.requests import parse
from plantpulse.runs import Budget, Json, Run, RunPlan, RunReport
from plantpulse.schedules.pipelines import on_grid, on_some_days, with_prices
from plantpulse.schedules.schedules import Schedule
from plantpulse.schedules.slots import Window
from plantpulse.series.asks import Stored, asks_of, subjects_of, subjects_wanted
from plantpulse.series.collecting import Collecting, OpenSources
from plantpulse.series.ending import end_run
from plantpulse.series.kinds import BRUSSELS, KINDS, Job
from plantpulse.series.planning import budget_of, plan_of, require_collected, run_clock, slot_of
from plantpulse.series.publisher import Ask, Span
from plantpulse.series.request import (
    ActualsRequest,
    EnergyRequest,
    ForecastsRequest,
    PricesRequest,
    Wanted,
    wanted,
)
from plantpulse.series.seen import seen_of_unusual
from plantpulse.settings import Settings

_NEW_YORK: Final = ZoneInfo("America/New_York")


class Store(Protocol):
    """What collecting needs from Supabase."""

    def claim_run(self, claim: Mapping[str, Json]) -> dict[str, Json]: ...
    def commit_series(self, fence: str, commit: Mapping[str, Json]) -> dict[str, Json]: ...
    def collection_history(self, asks: Sequence[Mapping[str, Json]], at: datetime) -> dict[str, Json]: ...
    def fail_run(self, fence: str, failure: Mapping[str, Json]) -> dict[str, Json]: ...
    def end_dry_run(self, fence: str) -> dict[str, Json]: ...


@dataclass(frozen=True, slots=True)
class _CollectingJob:
    """What the three have in common. `open_sources` opens the publishers."""

    open_sources: OpenSources

    pipeline: ClassVar[Job]
    request: ClassVar[type[EnergyRequest] | type[PricesRequest]] = EnergyRequest
    zone: ClassVar[ZoneInfo] = BRUSSELS

    def schedule(self, settings: Settings) -> Schedule:
        """Return when it is due."""
        return on_grid(getattr(settings, self.pipeline))

    def start_budget(self, plan: RunPlan, settings: Settings) -> Budget:
        """Return the time of a run, starting now."""
        return budget_of(plan, settings)

    def plan(self, invocation: Invocation, settings: Settings, now: datetime) -> RunPlan:
        """Return the plan of an invocation. Raises: InvalidRequest."""
        asked: Any = parse(self.request, invocation.parameters)
        found = wanted(asked, self.zone, now)
        if settings.series:
            subjects_wanted(subjects_of(self.pipeline, settings.series), found)
        is_plain = not (asked.dry_run or found.subject or found.kind) and found.mode == "incremental"
        slot = slot_of(invocation, self.schedule(settings), now, is_scheduled=is_plain)
        return plan_of(
            self.pipeline,
            invocation,
            settings,
            (slot, now),
            window=Window(*found.span) if found.span else None,
            asks=_asks(self.pipeline, found),
            is_dry_run=asked.dry_run,
        )

    def require_configured(self, plan: RunPlan, settings: Settings) -> None:
        """Raises: NotConfigured without series; SwitchedOff for a schedule alone."""
        require_collected(plan, settings)

    def work(self, run: Run, settings: Settings, store: Store) -> RunReport:
        """Collect, store, and return the recorded report.

        Raises: the store's errors; the publishers' if none of them answered anything.
        """
        series = settings.require_series()
        asks = _questions(run, settings)
        collecting = Collecting(run, series, store, run_clock(run))
        opened = self.open_sources(series, seconds_left=collecting.seconds_left, clock=collecting.now)
        with run.progress.timed("collect"), opened as sources:
            collected = collecting.collect(asks, sources)
        if run.plan.slot and settings.alerts.rule("collection_unusual").enabled:
            run.progress.seen["collection_unusual"] = _unusual(collecting, store)
        return end_run(collecting, collected, asks)


class CommodityPrices(_CollectingJob):
    """Prices of commodities."""

    pipeline = "commodity_prices"
    request = PricesRequest
    zone = _NEW_YORK

    def schedule(self, settings: Settings) -> Schedule:
        """Return when it is due."""
        return on_some_days(settings.commodity_prices)


class EnergyActuals(_CollectingJob):
    """Loads, generation and imbalances."""

    pipeline = "energy_actuals"
    request = ActualsRequest


class EnergyForecasts(_CollectingJob):
    """Forecasts and day-ahead prices."""

    pipeline = "energy_forecasts"
    request = ForecastsRequest

    def schedule(self, settings: Settings) -> Schedule:
        """Return when it is due."""
        return with_prices(settings.energy_forecasts)


def _asks(pipeline: Job, found: Wanted) -> dict[str, Json]:
    """Return what the claim carries beyond the plan: which series it returns, and what was asked for."""
    kinds = [kind.name for kind in KINDS.values() if kind.job == pipeline]
    return {
        "series_of": {"kinds": kinds},
        "collect": {"mode": found.mode, "subject": found.subject, "kind": found.kind},
        "is_window_named": found.span is not None,
    }


def _unusual(collecting: Collecting, store: Store) -> Json:
    """Return what was unusual about the replies, for the rule that somebody switched on: one more call."""
    asked = {(ask.source, ask.kind, ask.subject) for ask, _ in collecting.measured}
    names = [
        {
            "pipeline": collecting.run.plan.pipeline,
            "source": source,
            "kind": kind,
            "subject": subject,
        }
        for source, kind, subject in sorted(asked)
    ]
    history = store.collection_history(names, collecting.now()) if names else {"history": []}
    return seen_of_unusual(collecting.measured, history["history"])


def _questions(run: Run, settings: Settings) -> Sequence[Ask]:
    """Return what this run asks of the publishers."""
    series, pipeline = settings.require_series(), run.plan.pipeline
    found = Wanted(span=Span(*run.plan.window) if run.plan.window else None, **run.plan.asks["collect"])
    subjects = subjects_wanted(subjects_of(pipeline, series), found)  # type: ignore[arg-type] # its own name
    stored = [Stored.of(row) for row in run.brought.get("series") or ()]
    return asks_of(subjects, found, stored, series, run.plan.at)
