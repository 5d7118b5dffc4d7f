"""What was read of a batch of slots, what of it a slot is judged by, and the snapshots that came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from plantpulse.live_pulse.snapshots import Readings, Snapshot
from plantpulse.plant.local_time import BucketGrid
from plantpulse.plant.readings import DowntimeReading, OutputReading
from plantpulse.runs import Json
from plantpulse.schedules.slots import Window


@dataclass(frozen=True, slots=True)
class SlotSnapshots:
    """The snapshots of one slot, or of a manual poll's instant."""

    at: datetime
    window: Window
    is_catch_up: bool
    is_time_ambiguous: bool
    snapshots: Sequence[Snapshot]

    def as_json(self) -> dict[str, Json]:
        """Return one entry of the commit's `slots`; there must be snapshots."""
        return {
            "snapshot_timestamp": self.at.isoformat(),
            "window_start": self.window.start.isoformat(),
            "is_catch_up": self.is_catch_up,
            "is_time_ambiguous": self.is_time_ambiguous,
            # One list for each column: names repeated for every asset would be most of what is sent.
            "snapshots": dict(zip(Snapshot._fields, zip(*self.snapshots, strict=True), strict=True)),
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read of a batch: output by bucket of the grid, and stops (None: cut off).

    `whole`: what is known of a slot alone, by slot; of most slots nothing is. `doubtful`: slots whose rows
    the source may not keep any more.
    """

    grid: BucketGrid
    output: Mapping[int, Sequence[OutputReading]]
    downtime: Sequence[DowntimeReading] | None
    whole: Mapping[datetime, Readings]
    doubtful: frozenset[datetime]

    def has_doubtful_stop(self, window: Window) -> bool:
        """Say whether downtime of the window may belong to another hour, so that it counts too much."""
        return any(
            stop.is_second_reading
            and stop.started_at < window.until
            and (stop.ended_at is None or stop.ended_at > window.start)
            for stop in self.downtime or ()
        )

    def readings(self) -> Readings:
        """Return everything, whichever slot it is of."""
        output = [reading for bucket in self.output.values() for reading in bucket]
        return Readings(
            output,
            self.downtime,
            oee=[reading for slot in self.whole.values() for reading in slot.oee or ()],
            quality=[reading for slot in self.whole.values() for reading in slot.quality or ()],
            labor=[reading for slot in self.whole.values() for reading in slot.labor or ()],
        )


class Share(NamedTuple):
    """What of a batch a slot is judged by."""

    readings: Readings
    window: Window
    window_buckets: frozenset[int]
    slot_buckets: frozenset[int] | None
