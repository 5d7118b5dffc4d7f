"""The job of the function `tags`: one run is one burst of a plant.

A stub: it plans a run and polls nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field

from plantpulse.entry.invocations import Invocation, parse, plant_named
from plantpulse.errors import NotConfigured
from plantpulse.runs import LEASE_MARGIN_S, Budget, Json, Run, RunPlan, RunReport
from plantpulse.schedules.schedules import Every, scheduled_slot
from plantpulse.settings import Settings
from plantpulse.settings.tags import TagsSettings

PIPELINE: Final = "tags"


class TagsRequest(BaseModel):
    """Poll the groups of machine tags of a plant."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    plant: str | None = Field(None, description="Which plant to poll; unnecessary with a single plant.")


class Store(Protocol):
    """What a burst needs from Supabase."""

    def claim_run(self, claim: dict[str, Json]) -> dict[str, Json]: ...


@dataclass(frozen=True, slots=True)
class TagBursts:
    """The pipeline that the entry points run."""

    request: ClassVar = TagsRequest

    def plan(self, invocation: Invocation, settings: Settings, now: datetime) -> RunPlan:
        """Return the plan of an invocation. Raises: InvalidRequest."""
        plant = plant_named(parse(TagsRequest, invocation.parameters).plant, settings.plants)
        slot = scheduled_slot(
            Every.minutes(1),
            invocation.scheduled_at,
            now,
            catch_up=timedelta(minutes=2),
            tolerance=timedelta(seconds=60),
        )
        return RunPlan(
            pipeline=PIPELINE,
            plant=plant,
            trigger="schedule" if slot else "manual",
            slot=slot,
            at=slot or now,
            lease_s=_of(plant, settings).timeout_s + LEASE_MARGIN_S,
        )

    def start_budget(self, plan: RunPlan, settings: Settings) -> Budget:
        """Return the time of a run, starting now."""
        timeout_s = _of(plan.plant, settings).timeout_s
        return Budget.start(timeout_s, timeout_s)

    def require_configured(self, plan: RunPlan, settings: Settings) -> None:
        """Raises: NotConfigured, because nothing is polled yet."""
        raise NotConfigured("machine tags are not polled yet")

    def work(self, run: Run, settings: Settings, store: Store) -> RunReport:
        """Raises: NotConfigured, because nothing is polled yet."""
        raise NotConfigured("machine tags are not polled yet")


def _of(plant: str, settings: Settings) -> TagsSettings:
    found: TagsSettings | None = settings.of(plant, PIPELINE)
    if found is None:
        raise NotConfigured(f"plant {plant} has no machine tags: write a section `tags` in plantpulse.yaml")
    return found
