"""The first rows that a dry run would write. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from plantpulse.live_pulse.safety import SafetyEvent
from plantpulse.live_pulse.slot_batch import SlotSnapshots
from plantpulse.runs import Json

PREVIEWED: Final = 20
PREVIEWED_SLOTS: Final = 10


def preview(
    slots: Sequence[SlotSnapshots],
    events: Sequence[SafetyEvent],
    rejected: Sequence[Json],
    unknown_assets: Iterable[str],
) -> Json:
    """Return the first rows of every table, snapshots with their slot."""
    return {
        "snapshots": [
            {"snapshot_timestamp": slot.at.isoformat(), **snapshot.as_json()}
            for slot in slots[:PREVIEWED_SLOTS]
            for snapshot in slot.snapshots[:PREVIEWED]
        ],
        "safety_events": [event.as_json() for event in events[:PREVIEWED]],
        "rejected_records": rejected[:PREVIEWED],
        "unknown_assets": sorted(unknown_assets)[:PREVIEWED],
    }
