"""Each slot that polls have covered has one snapshot of each active asset, with what the plant made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from soak.checks.stops import stopped_minutes
from soak.checks.view import View
from soak.coverage import Reading, Slots
from soak.ledger import WINDOW, Broken
from soak.plant import Plant

_SNAPSHOTS: Final = """
select a.source_name as asset, s.snapshot_timestamp as at, s.slot_output, s.output_actual, s.downtime_minutes
from public.live_snapshots as s
join public.assets as a on a.id = s.asset_id
where a.plant = %s and s.snapshot_timestamp >= %s and s.snapshot_timestamp < %s
"""

Snapshots = Mapping[str, Mapping[str, Any]]


def check_slots(view: View, start: datetime, until: datetime) -> None:
    """Check the slots of a span. Raises: Broken."""
    for name, plant in view.plants.items():
        slots, stored = view.ledger.slots[name], _stored(view, name, start, until)
        _check_spans(view, plant, slots)
        slot = start
        while slot < until:
            _check_slot(view, plant, slots, slot, stored.pop(slot, {}))
            slot += slots.every
        for at, found in stored.items():
            if set(found) != set(plant.assets) or any(
                row["slot_output"] is not None for row in found.values()
            ):
                raise Broken(f"the poll at {at}, which is no slot, has snapshots of {sorted(found)}")
            view.checked["polls outside the slots"] += 1


def _check_spans(view: View, plant: Plant, slots: Slots) -> None:
    """What was answered as filled is filled, but for an hour that the clock shows twice. Raises: Broken."""
    for slot in sorted(slots.left_out):
        if not plant.is_doubtful(slot - WINDOW, slot):
            raise Broken(f"slot {slot} of {plant.name} is part of a span that was filled, and was not read")
        view.checked["slots of spans in an hour that the clock shows twice"] += 1
    slots.left_out.clear()
    view.checked["slots of spans"] += slots.filled
    slots.filled = 0


def _stored(
    view: View, plant: str, start: datetime, until: datetime
) -> dict[datetime, dict[str, dict[str, Any]]]:
    stored: dict[datetime, dict[str, dict[str, Any]]] = {}
    for row in view.rows(_SNAPSHOTS, plant, start, until):
        of_slot = stored.setdefault(row["at"], {})
        if row["asset"] in of_slot:
            raise Broken(f"{plant} has two snapshots of {row['asset']} at {row['at']}")
        of_slot[row["asset"]] = row
    return stored


def _check_slot(view: View, plant: Plant, slots: Slots, slot: datetime, found: Snapshots) -> None:
    reading = slots.read.get(slot)
    if reading is None:
        if found:
            raise Broken(f"slot {slot} of {plant.name} was never covered, and has {len(found)} snapshots")
        view.checked["slots before the first run, or missed for too long"] += 1
        return
    if set(found) != set(plant.assets):
        raise Broken(f"slot {slot} of {plant.name} has snapshots of {sorted(found)}")
    if plant.is_doubtful(slot - WINDOW, slot):
        view.checked["slots in an hour that the clock shows twice"] += 1
        return
    for asset, row in found.items():
        for column, value in _expected(plant, asset, slots, slot, reading).items():
            if row[column] is None or abs(float(row[column]) - value) > 0.001:
                told = f"{column} of {asset} is {row[column]}, and the plant showed {value}"
                raise Broken(f"slot {slot} of {plant.name}: {told} when it was read at {reading.output_at}")
    view.checked["slots in whose second somebody polled by hand"] += slot in slots.by_chance
    view.checked["slots"] += 1
    view.checked["snapshots"] += len(found)


def _expected(plant: Plant, asset: str, slots: Slots, slot: datetime, reading: Reading) -> dict[str, float]:
    expected = {
        "output_actual": plant.units(asset, slot - WINDOW, slot, reading.output_at),
        "downtime_minutes": stopped_minutes(plant, asset, (slot - WINDOW, slot), reading.stops_at),
    }
    if slot not in slots.by_chance:
        expected["slot_output"] = plant.units(asset, slot - slots.every, slot, reading.output_at)
    return expected
