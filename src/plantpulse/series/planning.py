"""What the plans of the pipelines of series have in common, and the time and the clock of their runs.

Pure, except that `run_clock` reads the monotonic clock of the run's budget.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from plantpulse.entry.invocations import Invocation
from plantpulse.entry.requests import parse
from plantpulse.errors import SwitchedOff
from plantpulse.runs import LEASE_MARGIN_S, Budget, Json, Run, RunPlan
from plantpulse.schedules.pipelines import NO_PLANT
from plantpulse.schedules.schedules import Schedule, scheduled_slot
from plantpulse.schedules.slots import Window
from plantpulse.series.request import UpkeepRequest
from plantpulse.settings import Settings

_LATEST_DELIVERY: Final = timedelta(days=1)  # a later one counts as manual: every run collects what is new
_SLOT_TOLERANCE: Final = timedelta(seconds=60)


def slot_of(
    invocation: Invocation, schedule: Schedule, now: datetime, *, is_scheduled: bool
) -> datetime | None:
    """Return the slot of a scheduler's time; None for a run of a person, who may ask for something else."""
    if not is_scheduled:
        return None
    return scheduled_slot(
        schedule, invocation.scheduled_at, now, catch_up=_LATEST_DELIVERY, tolerance=_SLOT_TOLERANCE
    )


def plan_of(
    pipeline: str,
    invocation: Invocation,
    settings: Settings,
    at: tuple[datetime | None, datetime],
    *,
    asks: Mapping[str, Json],
    window: Window | None = None,
    is_dry_run: bool = False,
) -> RunPlan:
    """Return the plan of a run; `at` is its slot, if it has one, and now."""
    slot, now = at
    own = getattr(settings, pipeline)
    return RunPlan(
        pipeline=pipeline,
        plant=NO_PLANT,
        trigger="schedule" if slot else "manual",
        slot=slot,
        at=slot or now.replace(microsecond=0),
        lease_s=own.timeout_s + LEASE_MARGIN_S,
        window=window,
        wants=("series",),
        asks=asks,
        is_dry_run=is_dry_run,
        idempotency_key=None if slot or is_dry_run else invocation.idempotency_key,
    )


def upkeep_plan(
    pipeline: str,
    asked: type[UpkeepRequest],
    schedule: Schedule,
    invocation: Invocation,
    settings: Settings,
    now: datetime,
) -> RunPlan:
    """Return the plan of a run that looks after all series. Raises: InvalidRequest."""
    is_dry_run = parse(asked, invocation.parameters).dry_run
    slot = slot_of(invocation, schedule, now, is_scheduled=not is_dry_run)
    asks = {"series_of": {"kinds": None}}
    return plan_of(pipeline, invocation, settings, (slot, now), asks=asks, is_dry_run=is_dry_run)


def budget_of(plan: RunPlan, settings: Settings) -> Budget:
    """Return the time of a run, starting now; three quarters of it pass without a warning."""
    timeout_s = getattr(settings, plan.pipeline).timeout_s
    return Budget.start(timeout_s, timeout_s * 0.75)


def require_collected(plan: RunPlan, settings: Settings) -> None:
    """Raises: NotConfigured without series; SwitchedOff for a schedule alone."""
    settings.require_series()
    own: Any = getattr(settings, plan.pipeline)
    if plan.trigger == "schedule" and not own.enabled:
        raise SwitchedOff(f"{plan.pipeline} is switched off on schedule by enabled: false")


def run_clock(run: Run) -> Callable[[], datetime]:
    """Return the clock of a run: the database's at its claim, and this machine's from there on.

    So "known at" is compared by one clock, whatever the machines of the functions think.
    """
    monotonic = run.budget.monotonic
    started_s = monotonic()
    return lambda: run.started_at + timedelta(seconds=monotonic() - started_s)
