"""The slot of a scheduled poll, when plants are called one after another."""

from datetime import UTC, datetime

import pytest

from plantpulse.entry.invocations import Invocation
from plantpulse.live_pulse.job import LivePulse
from plantpulse.schedules.pipelines import pipelines_of
from plantpulse.settings import Settings
from plantpulse.settings.validation import validated

SETTINGS = validated(Settings, {"plants": {"berlin": {"time_zone": "UTC"}, "adelaide": {"time_zone": "UTC"}}})
SLOT = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize("plant", ["berlin", "adelaide"])
def test_the_time_of_a_plants_call_is_its_slot(plant: str) -> None:
    offset = next(one.offset for one in pipelines_of(SETTINGS) if one.plant == plant)
    called_at = SLOT + offset

    plan = LivePulse(connect_source=None).plan(  # type: ignore[arg-type]
        Invocation({"plant": plant}, scheduled_time=called_at.isoformat()), SETTINGS, called_at
    )

    assert (plan.slot, plan.trigger, plan.at) == (SLOT, "schedule", SLOT)


def test_a_call_at_the_slot_itself_still_counts() -> None:
    plan = LivePulse(connect_source=None).plan(  # type: ignore[arg-type]
        Invocation({"plant": "berlin"}, scheduled_time=SLOT.isoformat()), SETTINGS, SLOT
    )

    assert plan.slot == SLOT
