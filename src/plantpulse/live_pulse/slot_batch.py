"""The readings of a batch of slots, a slot's share of them, and its snapshots."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from plantpulse.late_dataclasses import dataclass
from plantpulse.live_pulse.bucket_sums import BucketSums
from plantpulse.live_pulse.slot_facts import AssetStops, PlannedSlots
from plantpulse.live_pulse.snapshots import Readings, Snapshot
from plantpulse.plant.local_time import BucketGrid
from plantpulse.plant.readings import DowntimeReading, OutputReading
from plantpulse.runs import Json
from plantpulse.schedules.slots import Window


@dataclass(frozen=True, slots=True)
class SlotSnapshots:
    """The snapshots of one slot, or of a manual poll's instant.

    `planned`: what is planned for their assets, in the same order. `stops`: of the assets with any, by id.
    `seal`: of the slot once they are stored; None if the next run does not need it.
    """

    at: datetime
    window: Window
    is_catch_up: bool
    is_time_ambiguous: bool
    snapshots: Sequence[Snapshot]
    planned: PlannedSlots
    stops: Mapping[int, AssetStops]
    seal: str | None = None

    def as_json(self) -> dict[str, Json]:
        """Return one entry of the commit's `slots`; it needs snapshots."""
        # One list per column: repeated names for every asset would be most of the request.
        columns = dict(zip(Snapshot._fields, zip(*self.snapshots, strict=True), strict=True))
        return {
            "snapshot_timestamp": self.at.isoformat(),
            "window_start": self.window.start.isoformat(),
            "is_catch_up": self.is_catch_up,
            "is_time_ambiguous": self.is_time_ambiguous,
            "snapshots": columns | self.planned.columns(),
            "shifts": self.planned.shifts_as_json(),
            "stops": {str(asset_id): stops.as_json() for asset_id, stops in self.stops.items()},
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """The readings of a batch: output by bucket of the grid, and stops (None: cut off).

    `whole`: readings of one slot alone, by slot; most slots have none. `doubtful`: slots with rows that the
    source may have deleted. `sums`: of output by bucket, None if they were not asked for. `settled`: slots
    of which no output was read, because nothing is to be corrected.
    """

    grid: BucketGrid
    output: Mapping[int, Sequence[OutputReading]]
    downtime: Sequence[DowntimeReading] | None
    whole: Mapping[datetime, Readings]
    doubtful: frozenset[datetime]
    sums: BucketSums | None = None
    settled: frozenset[datetime] = frozenset()

    def has_doubtful_stop(self, window: Window) -> bool:
        """Say whether the window's downtime may belong to another hour and be too large."""
        return any(
            stop.is_second_reading
            and stop.started_at < window.until
            and (stop.ended_at is None or stop.ended_at > window.start)
            for stop in self.downtime or ()
        )

    def readings(self) -> Readings:
        """Return the readings of all slots."""
        output = [reading for bucket in self.output.values() for reading in bucket]
        return Readings(
            output,
            self.downtime,
            oee=[reading for slot in self.whole.values() for reading in slot.oee or ()],
            quality=[reading for slot in self.whole.values() for reading in slot.quality or ()],
            labor=[reading for slot in self.whole.values() for reading in slot.labor or ()],
        )


class Share(NamedTuple):
    """A slot's share of a batch."""

    readings: Readings
    window: Window
    window_buckets: frozenset[int]
    slot_buckets: frozenset[int] | None
