"""The slot of a scheduled report, when many plants report one after another."""

from datetime import UTC, datetime, timedelta

import pytest

from plantpulse.entry.invocations import Invocation
from plantpulse.morning_report.job import MorningReport
from plantpulse.runs import RunPlan
from plantpulse.schedules.pipelines import pipelines_of
from plantpulse.settings import Settings
from plantpulse.settings.validation import validated

PLANTS = [f"plant_{number}" for number in range(11)]
SETTINGS = validated(Settings, {"plants": {plant: {"time_zone": "America/Chicago"} for plant in PLANTS}})
SLOT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # six o'clock in Chicago
OFFSETS = {one.plant: one.offset for one in pipelines_of(SETTINGS) if one.name == "morning_report"}


def plan(plant: str, called_at: datetime) -> RunPlan:
    return MorningReport(connect_source=None).plan(  # type: ignore[arg-type] # a plan needs no source
        Invocation({"plant": plant}, scheduled_time=called_at.isoformat()), SETTINGS, called_at
    )


@pytest.mark.parametrize("plant", PLANTS)
def test_the_time_of_a_plants_call_is_its_slot(plant: str) -> None:
    told = plan(plant, SLOT + OFFSETS[plant])

    assert (told.slot, told.trigger, told.at) == (SLOT, "schedule", SLOT)
    assert len(set(OFFSETS.values())) == 5


def test_the_day_is_that_of_the_slot() -> None:
    late = max(OFFSETS, key=lambda plant: OFFSETS[plant])

    assert plan(late, SLOT + OFFSETS[late]).window == plan(late, SLOT).window


def test_a_minute_that_is_another_plants_is_no_slot() -> None:
    late = max(OFFSETS, key=lambda plant: OFFSETS[plant])

    told = plan(late, SLOT + OFFSETS[late] - timedelta(minutes=1))

    assert (told.slot, told.trigger) == (None, "manual")
