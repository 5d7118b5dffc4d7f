"""Reads a group once: connect, read, close. For a call by hand, a check, and a dry run.

The connection is its own, so what polls the same device goes on as it is. A device that allows no second
connection refuses it, which is an error like any other.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plantpulse.entry.guard import guarded
from plantpulse.errors import DeviceRefused, DeviceTimedOut, PlantpulseError
from plantpulse.runs import utc_now
from plantpulse.tags.devices import Device, Devices
from plantpulse.tags.readings import NO_SUCH_ADDRESS, NOT_CONNECTED, TIMED_OUT, Quality, Reading
from plantpulse.tags.tag import Group, Tag

READ_S: Final = 5.0  # a device that needs longer for its answer is not one to wait for in a call


@dataclass(frozen=True, slots=True)
class GroupReading:
    """A group that was read once: one reading for each tag, in the order of the group's tags.

    With an `error` no reading has a value. `read_at` is when the device was asked. `took_ms` is the whole
    time, `read_ms` the time of the question alone.
    """

    group: Group
    readings: Sequence[Reading]
    read_at: datetime
    took_ms: int
    read_ms: int = 0
    error: PlantpulseError | None = None

    @property
    def by_tag(self) -> Mapping[Tag, Reading]:
        """Return the readings by tag."""
        return dict(zip(self.group.tags, self.readings, strict=True))

    @property
    def bad_count(self) -> int:
        """Return how many tags have no value."""
        return sum(reading.value is None for reading in self.readings)


@dataclass(frozen=True, slots=True)
class Handshake:
    """Reads groups once. `connect_s` is the longest time for a connection."""

    devices: Devices
    connect_s: float
    monotonic: Callable[[], float] = time.monotonic
    clock: Callable[[], datetime] = utc_now

    def read(self, group: Group, deadline_s: float) -> GroupReading:
        """Return what one read of a group brought by the deadline, an instant of the monotonic clock.

        Raises nothing: what failed is its error.
        """
        begun_s, read_at = self.monotonic(), self.clock()
        found = guarded(lambda: self._read(group, deadline_s))
        took_ms = self._ms_since(begun_s)
        if isinstance(found, PlantpulseError):
            return GroupReading(
                group, [without_value(found)] * len(group.tags), read_at, took_ms, error=found
            )
        readings, read_at, read_ms = found
        return GroupReading(group, readings, read_at, took_ms, read_ms)

    def _read(self, group: Group, deadline_s: float) -> tuple[Sequence[Reading], datetime, int]:
        connected_by_s = min(deadline_s, self.monotonic() + self.connect_s)
        device = self.devices.open(group, connected_by_s)
        try:
            device.link.connect(connected_by_s)
            readings, read_at, read_ms = self._ask(device, deadline_s)
        finally:
            device.link.close()
        found = dict(zip(device.plan.tags, readings, strict=True))
        return [found.get(tag, NO_SUCH_ADDRESS) for tag in group.tags], read_at, read_ms

    def _ask(self, device: Device, deadline_s: float) -> tuple[Sequence[Reading], datetime, int]:
        read_at, begun_s = self.clock(), self.monotonic()
        readings = device.link.read(device.plan, min(deadline_s, begun_s + READ_S))
        return readings, read_at, self._ms_since(begun_s)

    def _ms_since(self, begun_s: float) -> int:
        return round((self.monotonic() - begun_s) * 1000)


def without_value(error: PlantpulseError) -> Reading:
    """Return the reading of every tag of a device that an error kept from answering."""
    if isinstance(error, DeviceTimedOut):
        return TIMED_OUT
    return Reading(None, Quality.REFUSED) if isinstance(error, DeviceRefused) else NOT_CONNECTED
