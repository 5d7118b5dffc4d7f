"""Tool wear: counts the assets that a plant has, once an interval, and keeps the number in its run."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol

from plantpulse.entry.invocations import Invocation, plant_named
from plantpulse.entry.requests import Request, parameter, parse
from plantpulse.late_dataclasses import dataclass
from plantpulse.plant.plant_model import parse_plant_model
from plantpulse.runs import LEASE_MARGIN_S, Budget, Json, Run, RunPlan, RunReport, complete
from plantpulse.schedules.schedules import Every, scheduled_slot
from plantpulse.settings import Settings

PIPELINE: Final = "tool_wear"
LATEST_DELIVERY: Final = timedelta(hours=6)
SLOT_TOLERANCE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolWearRequest(Request):
    """Count the assets of a plant."""

    plant: str | None = None
    dry_run: bool = parameter(False, description="Count, but keep no run.")


class Store(Protocol):
    """What the pipeline needs of Supabase."""

    def claim_run(self, claim: Mapping[str, Json]) -> dict[str, Json]: ...
    def complete_run(self, fence: str, completion: Mapping[str, Json]) -> dict[str, Json]: ...
    def fail_run(self, fence: str, failure: Mapping[str, Json]) -> dict[str, Json]: ...
    def end_dry_run(self, fence: str) -> dict[str, Json]: ...


@dataclass(frozen=True, slots=True)
class ToolWear:
    """The job that the entry points run."""

    request: ClassVar = ToolWearRequest

    def plan(self, invocation: Invocation, settings: Settings, now: datetime) -> RunPlan:
        """Return what the invocation asks for. Raises: InvalidRequest."""
        request = parse(ToolWearRequest, invocation.parameters)
        plant = plant_named(request.plant, settings.plants)
        own = settings.of(plant, PIPELINE)
        slot = scheduled_slot(
            Every.minutes(own.every_minutes),
            None if request.dry_run else invocation.scheduled_at,
            now,
            catch_up=LATEST_DELIVERY,
            tolerance=SLOT_TOLERANCE,
        )
        return RunPlan(
            pipeline=PIPELINE,
            plant=plant,
            trigger="schedule" if slot else "manual",
            slot=slot,
            at=slot or now,
            lease_s=own.timeout_s + LEASE_MARGIN_S,
            wants=("plant_model",),
            is_dry_run=request.dry_run,
        )

    def start_budget(self, plan: RunPlan, settings: Settings) -> Budget:
        """Return the time that a run may take, beginning now."""
        timeout_s = settings.of(plan.plant, PIPELINE).timeout_s
        return Budget.start(timeout_s, timeout_s)

    def require_configured(self, plan: RunPlan, settings: Settings) -> None:
        """Raises nothing: it needs no more than Supabase."""

    def work(self, run: Run, settings: Settings, store: Store) -> RunReport:
        """Count and end the run; returns the report as recorded."""
        run.progress.count("assets_seen", len(parse_plant_model(run.brought["plant_model"]["parts"]).assets))
        return complete(run, "succeeded", store)
