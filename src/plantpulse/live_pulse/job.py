"""Live Pulse as a pipeline: the plan of an invocation, and the order of a poll.

The adapters are arguments; `functions/live_pulse/main.py` puts them and this module together.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from plantpulse.entry.invocations import Invocation, plant_named
from plantpulse.entry.requests import Request, parameter, parse
from plantpulse.errors import SwitchedOff
from plantpulse.late_dataclasses import dataclass, field
from plantpulse.live_pulse.catch_up import recent_slots
from plantpulse.live_pulse.poll import Poll, Store
from plantpulse.live_pulse.seen import slots_compared
from plantpulse.live_pulse.spans import SpanLimits, parse_span, slots_of_span
from plantpulse.plant.known_models import KnownModels
from plantpulse.plant.local_time import is_shown_once
from plantpulse.runs import LEASE_MARGIN_S, Budget, Json, Run, RunPlan, RunReport
from plantpulse.schedules.schedules import Every, scheduled_slot
from plantpulse.schedules.slots import Window, grid_interval, window_of_slot
from plantpulse.schedules.stagger import offset_of
from plantpulse.settings import LivePulseSettings, PlantSettings, Settings
from plantpulse.source.answers import ConnectSource

PIPELINE: Final = "live_pulse"


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePulseRequest(Request):
    """Poll a plant now, or read a span of the past again and fill its slots.

    Times are ISO 8601; without an offset they are plant time.
    """

    plant: str | None = None
    span_from: str | None = parameter(
        None, alias="from", description="Read a span of the past again, from this time.", metavar="TIME"
    )
    span_until: str | None = parameter(
        None, alias="until", description="With --from: the end of the span, included.", metavar="TIME"
    )
    dry_run: bool = parameter(False, description="Read and evaluate, but write nothing.")


@dataclass(frozen=True, slots=True)
class LivePulse:
    """The pipeline that the entry points run; `models` are those that this process has read."""

    request: ClassVar = LivePulseRequest

    connect_source: ConnectSource
    models: KnownModels = field(default_factory=KnownModels)

    def start_budget(self, plan: RunPlan, settings: Settings) -> Budget:
        """Return the time of a poll, starting now."""
        pulse = settings.live_pulse_of(plan.plant)
        return Budget.start(pulse.timeout_s, pulse.slow_after_s)

    def plan(self, invocation: Invocation, settings: Settings, now: datetime) -> RunPlan:
        """Return the plan of an invocation. Raises: InvalidRequest."""
        request = parse(LivePulseRequest, invocation.parameters)
        plant = plant_named(request.plant, settings.plants)
        pulse = settings.live_pulse_of(plant)
        slots = _slots(request, settings, plant, now)
        slot = None if request.dry_run or slots else _slot(invocation.scheduled_at, plant, settings, now)
        return RunPlan(
            pipeline=PIPELINE,
            plant=plant,
            trigger="schedule" if slot else "manual",
            slot=slot,
            at=slot or now.replace(microsecond=0),
            lease_s=pulse.timeout_s + LEASE_MARGIN_S,
            window=_window(slots or (slot or now,), pulse, settings.plants[plant]),
            wants=("plant_model",),
            recent_slots=tuple(_recent_slots(slot, slots, pulse, settings.plants[plant], now)),
            slots=tuple(slots),
            asks=_asks(slot, settings, plant) | {"known_model": self.models.version_of(plant)},
            is_dry_run=request.dry_run,
            idempotency_key=None if slot or request.dry_run else invocation.idempotency_key,
        )

    def require_configured(self, plan: RunPlan, settings: Settings) -> None:
        """Raises: NotConfigured naming what the SQL Server lacks, SwitchedOff for a schedule alone."""
        if plan.trigger == "schedule" and not settings.is_on_schedule(plan.plant, PIPELINE):
            raise SwitchedOff(f"polling plant {plan.plant} on schedule is switched off by enabled: false")
        settings.sql_server_of(plan.plant)

    def work(self, run: Run, settings: Settings, store: Store) -> RunReport:
        """Poll the plant, commit, and return the recorded report.

        Raises: the errors of source and store; then only safety events are written.
        """
        model = self.models.read(run.plan.plant, run.brought.get("plant_model"))
        poll = Poll.of(run, settings, store, model)
        connection = self.connect_source(
            settings.sql_server_of(run.plan.plant), seconds_left=run.budget.seconds_left_to_read
        )
        with ExitStack() as stack:
            with run.progress.timed("connect"):
                source = stack.enter_context(connection)
            poll.answers.note_session(source, run.started_at)
            poll.record_safety(source)
            slots = poll.read_span(source) if run.plan.slots else poll.read_slots(source)
        return poll.commit(slots)


def _asks(slot: datetime | None, settings: Settings, plant: str) -> dict[str, Json]:
    """Return what else the claim is to bring: the volumes of earlier weeks, if a rule compares with them."""
    alerts = settings.alerts_of(plant)
    if slot is None or not (alerts.enabled and alerts.rule("volume_unusual").enabled):
        return {}
    return {"rows_at": slots_compared(slot, ZoneInfo(settings.plants[plant].time_zone))}


def _slot(scheduled_at: datetime | None, plant: str, settings: Settings, now: datetime) -> datetime | None:
    """Return the slot of a scheduler's time, None for a manual run."""
    pulse = settings.live_pulse_of(plant)
    return scheduled_slot(
        Every.minutes(pulse.every_minutes),
        scheduled_at,
        now,
        catch_up=timedelta(hours=pulse.catch_up_hours),
        tolerance=timedelta(seconds=pulse.slot_tolerance_s),
        offset=offset_of(plant, settings.plants, pulse.every_minutes),
    )


def _slots(request: LivePulseRequest, settings: Settings, plant: str, now: datetime) -> Sequence[datetime]:
    """Return the slots of the span that a person asks for, newest first; empty without a span."""
    pulse = settings.live_pulse_of(plant)
    span = parse_span(request.span_from, request.span_until, ZoneInfo(settings.plants[plant].time_zone))
    if span is None:
        return ()
    limits = SpanLimits(
        longest=timedelta(hours=pulse.longest_span_hours),
        kept_for=timedelta(hours=settings.cleanup.snapshot_retention_hours),
    )
    return slots_of_span(span, now, grid_interval(pulse.every_minutes), limits)


def _window(slots: Sequence[datetime], pulse: LivePulseSettings, plant: PlantSettings) -> Window:
    """Return the time from the start of the first slot's window to the end of the last one's."""
    length, lag = timedelta(minutes=pulse.window_minutes), timedelta(seconds=plant.source_lag_s)
    windows = [window_of_slot(slot, length=length, source_lag=lag) for slot in (slots[0], slots[-1])]
    return Window(windows[-1].start, windows[0].until)


def _recent_slots(
    slot: datetime | None,
    slots: Sequence[datetime],
    pulse: LivePulseSettings,
    plant: PlantSettings,
    now: datetime,
) -> Sequence[datetime]:
    """Return the slots whose stored fingerprint we need.

    In a span these are the slots in a repeated hour: a later read knows less about them.
    """
    if slot:
        return recent_slots(slot, grid_interval(pulse.every_minutes))
    zone = ZoneInfo(plant.time_zone)
    return [one for one in slots if not is_shown_once(_window((one,), pulse, plant), zone, read_by=now)]
