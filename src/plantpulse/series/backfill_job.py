"""The nightly pipeline of series: large gaps are asked for again, and so are the values of the last weeks.

A fifth of what ENTSO-E publishes is corrected later: most of it within a day, some of it within a year. So
the last weeks are collected again each night, and the last 13 months once a month.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, Protocol, get_args
from zoneinfo import ZoneInfo

from plantpulse.entry.invocations import Invocation
from plantpulse.runs import Budget, Run, RunPlan, RunReport
from plantpulse.schedules.pipelines import on_some_days
from plantpulse.series.asks import Stored, asks_again, still_collected, subjects_of
from plantpulse.series.collecting import Collected, Collecting, OpenSources
from plantpulse.series.ending import end_run
from plantpulse.series.gap_filling import GapFilling
from plantpulse.series.gap_filling import Store as FillingStore
from plantpulse.series.kinds import Job
from plantpulse.series.planning import budget_of, require_collected, run_clock, upkeep_plan
from plantpulse.series.publisher import Ask
from plantpulse.series.rating import Rating
from plantpulse.series.rating import Store as RatingStore
from plantpulse.series.reporting import Reporting, seen_of_reports
from plantpulse.series.reporting import Store as ReportingStore
from plantpulse.series.request import UpkeepRequest
from plantpulse.series.seen import seen_of_quality
from plantpulse.settings import Settings

PIPELINE: Final = "series_backfill"
FOR_RATING: Final = 0.2  # of a night's time, however much there is to collect


class Store(FillingStore, RatingStore, ReportingStore, Protocol):
    """What the nightly run needs from Supabase."""


class BackfillRequest(UpkeepRequest):
    """Fill large gaps, collect the last weeks again, and rate the quality of each day."""


@dataclass(frozen=True, slots=True)
class SeriesBackfill:
    """The pipeline that the entry points run."""

    request: ClassVar = BackfillRequest

    open_sources: OpenSources

    def start_budget(self, plan: RunPlan, settings: Settings) -> Budget:
        """Return the time of a run, starting now."""
        return budget_of(plan, settings)

    def plan(self, invocation: Invocation, settings: Settings, now: datetime) -> RunPlan:
        """Return the plan of an invocation. Raises: InvalidRequest."""
        schedule = on_some_days(settings.series_backfill)
        return upkeep_plan(PIPELINE, self.request, schedule, invocation, settings, now)

    def require_configured(self, plan: RunPlan, settings: Settings) -> None:
        """Raises: NotConfigured without series; SwitchedOff for a schedule alone."""
        require_collected(plan, settings)

    def work(self, run: Run, settings: Settings, store: Store) -> RunReport:
        """Fill gaps of any length, collect again, and return the recorded report."""
        series = settings.require_series()
        stored = still_collected(run.brought.get("series") or (), series)
        reserved_s = run.budget.total_s * FOR_RATING
        collecting = Collecting(run, series, store, run_clock(run), reserved_s)
        filling = GapFilling(collecting, store, stored, days=None)
        filled, asks = filling.fill(filling.look(), self.open_sources)
        again = questions_again(settings, run.plan.at)
        opened = self.open_sources(series, seconds_left=collecting.seconds_left, clock=collecting.now)
        with run.progress.timed("collect"), opened as sources:
            read_again = collecting.collect(again, sources)
        self._rate(collecting, stored, settings, store)
        return end_run(collecting, _together(filled, read_again), [*asks, *again])

    def _rate(
        self, collecting: Collecting, stored: Sequence[Stored], settings: Settings, store: Store
    ) -> None:
        """Rate the last days by what is stored now, and report on them."""
        run = collecting.run
        collecting.store_rest()
        if run.plan.is_dry_run:
            return
        rating = Rating(run, store, stored, run.plan.at)
        with run.progress.timed("rate"):
            is_finished = rating.rate(collecting.commit)
        run.progress.seen["series_quality"] = seen_of_quality(rating.rated)
        zone = ZoneInfo(settings.series_backfill.time_zone)
        reports = Reporting(run, store, stored, rating.rated, zone).report()
        if settings.alerts.rule("series_report").enabled:
            run.progress.seen["series_report"] = seen_of_reports(reports)
        if not is_finished:
            run.progress.warn("series_unrated", "the time was up before the days of every series were rated")


def questions_again(settings: Settings, now: datetime) -> list[Ask]:
    """Return what is asked for again: the last weeks, or on the first of a month the last 13 months."""
    series, zone = settings.require_series(), ZoneInfo(settings.series_backfill.time_zone)
    is_first = now.astimezone(zone).day == 1
    days = series.monthly_look_back_days if is_first else series.nightly_look_back_days
    jobs: tuple[Job, ...] = get_args(Job)
    asks = [ask for job in jobs for ask in asks_again(subjects_of(job, series), days, now)] if days else []
    # Each night another one is the first: where a night is too short for all, each has its turn.
    turn = now.toordinal() % len(asks) if asks else 0
    return asks[turn:] + asks[:turn]


def _together(first: Collected, second: Collected) -> Collected:
    return Collected(
        first.replies + second.replies,
        first.failures + second.failures,
        first.unfinished + second.unfinished,
    )
