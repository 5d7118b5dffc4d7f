"""The pipeline that finds gaps in series, and fills the small ones in the same run."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from plantpulse.entry.invocations import Invocation
from plantpulse.runs import Budget, Run, RunPlan, RunReport
from plantpulse.schedules.pipelines import on_grid
from plantpulse.series.asks import still_collected
from plantpulse.series.collecting import Collecting, OpenSources
from plantpulse.series.ending import end_run
from plantpulse.series.gap_filling import GapFilling, Store
from plantpulse.series.planning import budget_of, require_collected, run_clock, upkeep_plan
from plantpulse.series.request import UpkeepRequest
from plantpulse.series.seen import seen_of_series
from plantpulse.settings import Settings

PIPELINE: Final = "series_gaps"


class GapsRequest(UpkeepRequest):
    """Look for gaps in all series, and fill the small ones."""


@dataclass(frozen=True, slots=True)
class SeriesGaps:
    """The pipeline that the entry points run."""

    request: ClassVar = GapsRequest

    open_sources: OpenSources

    def start_budget(self, plan: RunPlan, settings: Settings) -> Budget:
        """Return the time of a run, starting now."""
        return budget_of(plan, settings)

    def plan(self, invocation: Invocation, settings: Settings, now: datetime) -> RunPlan:
        """Return the plan of an invocation. Raises: InvalidRequest."""
        schedule = on_grid(settings.series_gaps)
        return upkeep_plan(PIPELINE, self.request, schedule, invocation, settings, now)

    def require_configured(self, plan: RunPlan, settings: Settings) -> None:
        """Raises: NotConfigured without series; SwitchedOff for a schedule alone."""
        require_collected(plan, settings)

    def work(self, run: Run, settings: Settings, store: Store) -> RunReport:
        """Find gaps, collect the small ones again, and return the recorded report."""
        series = settings.require_series()
        stored = still_collected(run.brought.get("series") or (), series)
        collecting = Collecting(run, series, store, run_clock(run))
        run.progress.seen["series_stale"] = seen_of_series(stored, run.plan.at)
        filling = GapFilling(collecting, store, stored, settings.series_gaps.look_back_days)
        small = [gap for gap in filling.look() if gap.length <= timedelta(hours=series.small_gap_hours)]
        collected, asks = filling.fill(small, self.open_sources)
        return end_run(collecting, collected, asks)
