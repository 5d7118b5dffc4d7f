"""What the rules of alerts look at in the slot that a poll has just read. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.live_pulse.slot_batch import SlotSnapshots
from plantpulse.live_pulse.slot_reader import SlotReader
from plantpulse.live_pulse.snapshots import Snapshot
from plantpulse.runs import Json

EXPLAINED_SHARE: Final = 0.9  # a recorded stop this long explains a window without output
WEEKS_COMPARED: Final = 8


def seen_in_slot(
    slot: SlotSnapshots, reader: SlotReader, unknown: Sequence[str], brought: Mapping[str, Json]
) -> dict[str, Json]:
    """Return what was seen, by rule. A slot without snapshots says nothing about assets."""
    seen: dict[str, Json] = {
        "asset_unknown": {"day": slot.at.astimezone(reader.times.zone).date().isoformat(), "names": unknown}
    }
    if slot.snapshots:
        names = {asset.asset_id: asset.source_name for asset in reader.model.assets}
        window_s = slot.window.length.total_seconds()
        seen["no_output"] = {
            "interval_s": reader.times.every.total_seconds(),
            "window_s": window_s,
            "assets": [names[one.asset_id] for one in slot.snapshots if _is_idle(one, window_s / 60)],
        }
    if "rows_before" in brought:
        counts = reader.answers.progress.counts
        rows = counts.get("output_rows", 0) + counts.get("summed_rows", 0)
        seen["volume_unusual"] = {"rows": rows, "rows_before": brought["rows_before"]}
    return seen


def slots_compared(slot: datetime, zone: ZoneInfo) -> list[str]:
    """Return the slots at the same weekday and time of the plant's clock in the weeks before."""
    shown = slot.astimezone(zone).replace(tzinfo=None)
    before = (shown - timedelta(weeks=weeks) for weeks in range(WEEKS_COMPARED, 0, -1))
    return [at.replace(tzinfo=zone).isoformat() for at in before]


def _is_idle(snapshot: Snapshot, window_minutes: float) -> bool:
    stopped = snapshot.downtime_minutes or 0
    return (
        snapshot.output_target > 0
        and snapshot.output_actual == 0
        and stopped < EXPLAINED_SHARE * window_minutes
    )
