"""The Morning Report as a pipeline: the plan of an invocation, and the order of a report.

The adapters are arguments; `functions/morning_report/main.py` puts them and this module together.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from plantpulse.entry.invocations import Invocation, plant_named
from plantpulse.entry.requests import parse
from plantpulse.errors import SwitchedOff
from plantpulse.morning_report.day import last_ended, production_day
from plantpulse.morning_report.report import MorningRun, Store
from plantpulse.morning_report.request import MorningReportRequest, days_asked
from plantpulse.runs import LEASE_MARGIN_S, Budget, Run, RunPlan, RunReport
from plantpulse.schedules.schedules import DailyAt, scheduled_slot
from plantpulse.schedules.slots import Window
from plantpulse.schedules.stagger import offset_of_day
from plantpulse.settings import MorningReportSettings, Settings
from plantpulse.source.answers import ConnectSource

PIPELINE: Final = "morning_report"
_DAY: Final = timedelta(days=1)
_PLANT_MODEL: Final = (
    "plant_model",
    "planned_assets",
    "cost_centers",
    "asset_names",
    "report_dates",
)


@dataclass(frozen=True, slots=True)
class MorningReport:
    """The pipeline that the entry points run."""

    request: ClassVar = MorningReportRequest

    connect_source: ConnectSource

    def start_budget(self, plan: RunPlan, settings: Settings) -> Budget:
        """Return the time of a report, starting now."""
        report = settings.morning_report_of(plan.plant)
        return Budget.start(report.timeout_s, report.slow_after_s)

    def plan(self, invocation: Invocation, settings: Settings, now: datetime) -> RunPlan:
        """Return the plan of an invocation. Raises: InvalidRequest."""
        request = parse(MorningReportRequest, invocation.parameters)
        plant = plant_named(request.plant, settings.plants)
        report, zone = settings.morning_report_of(plant), ZoneInfo(settings.plants[plant].time_zone)
        schedule = DailyAt(time.fromisoformat(report.at), zone)
        offset = offset_of_day(plant, settings.plants, schedule.at)
        slot = _slot(request, invocation, report, now, schedule, offset)
        window = _window_of_slot(slot, report, zone) if slot else _window_asked(request, report, now, zone)
        first = last_ended(window.start, _starts_at(report), zone) + _DAY
        return RunPlan(
            pipeline=PIPELINE,
            plant=plant,
            trigger="schedule" if slot else "manual",
            slot=slot,
            at=slot or now.replace(microsecond=0),
            lease_s=report.timeout_s + LEASE_MARGIN_S,
            window=window,
            wants=_PLANT_MODEL,
            asks={"report_dates_since": first.isoformat(), "is_window_named": slot is None},
            is_dry_run=request.dry_run,
            idempotency_key=None if slot or request.dry_run else invocation.idempotency_key,
        )

    def require_configured(self, plan: RunPlan, settings: Settings) -> None:
        """Raises: NotConfigured naming what the SQL Server lacks, SwitchedOff for a schedule alone."""
        if plan.trigger == "schedule" and not settings.is_on_schedule(plan.plant, PIPELINE):
            raise SwitchedOff(
                f"the morning report of plant {plan.plant} is switched off on schedule by enabled: false"
            )
        settings.sql_server_of(plan.plant)

    def work(self, run: Run, settings: Settings, store: Store) -> RunReport:
        """Report the plant's days, commit, and return the recorded report.

        Raises: the errors of source and store; then nothing of the current day is written.
        """
        plant = settings.plants[run.plan.plant]
        morning = MorningRun.of(run, plant, settings.morning_report_of(run.plan.plant), store)
        connection = self.connect_source(
            settings.sql_server_of(run.plan.plant), seconds_left=run.budget.seconds_left_to_read
        )
        with ExitStack() as stack:
            with run.progress.timed("connect"):
                source = stack.enter_context(connection)
            morning.answers.note_session(source, run.started_at)
            days = morning.read_days(source)
        return morning.commit(days)


def _slot(
    request: MorningReportRequest,
    invocation: Invocation,
    report: MorningReportSettings,
    now: datetime,
    schedule: DailyAt,
    offset: timedelta,
) -> datetime | None:
    """Return the slot of a scheduler's time, None for a manual run; only people name days."""
    if request.dry_run or request.date or request.from_date or request.until_date:
        return None
    return scheduled_slot(
        schedule,
        invocation.scheduled_at,
        now,
        catch_up=timedelta(days=report.catch_up_days),
        tolerance=timedelta(seconds=report.slot_tolerance_s),
        offset=offset,
    )


def _window_of_slot(slot: datetime, report: MorningReportSettings, zone: ZoneInfo) -> Window:
    """Return the span of all days that a morning may report, back to the oldest one to catch up on."""
    newest = last_ended(slot, _starts_at(report), zone)
    days_back = max(report.catch_up_days, report.look_back_days)
    return _window(newest - _DAY * days_back, newest, report, zone)


def _window_asked(
    request: MorningReportRequest, report: MorningReportSettings, now: datetime, zone: ZoneInfo
) -> Window:
    days = days_asked(request, report, now, zone)
    return _window(days.first, days.until - _DAY, report, zone)


def _window(first: date, last: date, report: MorningReportSettings, zone: ZoneInfo) -> Window:
    start = production_day(first, _starts_at(report), zone).window.start
    return Window(start, production_day(last, _starts_at(report), zone).window.until)


def _starts_at(report: MorningReportSettings) -> time:
    return time.fromisoformat(report.day_starts_at)
