"""One connection to one unit of a Modbus TCP device."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Final

from plantpulse.errors import DeviceRefused, DeviceUnavailable
from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.modbus.addresses import Area, coil_of
from plantpulse.tags.drivers.modbus.device import device_of
from plantpulse.tags.drivers.modbus.exchange import Exchange
from plantpulse.tags.drivers.modbus.values import reading_of
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.reader import Reader, Refusal
from plantpulse.tags.readings import Reading
from plantpulse.tags.stream import Stream
from plantpulse.tags.tag import Tag

# No such function, address or value; busy; no path to the device. With others it may have been done: 4 is an
# error in the middle, 5 has it yet to do, and 11 is a device that did not answer its gateway.
_NOT_DONE: Final = (1, 2, 3, 6, 10)


@dataclass(frozen=True, slots=True)
class _Questions:
    """One question for each block: Modbus has no other."""

    exchange: Exchange

    def most_together(self, extents: Sequence[Extent[Area]]) -> int:
        return 1

    def read(self, extents: Sequence[Extent[Area]], deadline_s: float) -> Sequence[bytes | Refusal]:
        return [self.exchange.read(extent, deadline_s) for extent in extents]


class ModbusLink:
    """A link as the burst uses it."""

    signs_in: Final = False

    def __init__(self, endpoint: Endpoint) -> None:
        device = device_of(endpoint)
        self._stream = Stream(endpoint.host, endpoint.port)
        self._exchange = Exchange(self._stream, device.unit)
        self._reader = Reader(_Questions(self._exchange), partial(reading_of, device=device), monotonic)

    def connect(self, deadline_s: float) -> None:
        """Raises: DeviceUnavailable."""
        self._stream.connect(deadline_s)

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        """Return one reading for each tag of the plan. Raises: DeviceUnavailable."""
        return self._reader.read(plan, deadline_s)

    def write(self, tag: Tag, value: bool, deadline_s: float) -> None:
        """Set a coil. Raises: DeviceUnavailable; DeviceRefused by the device, or for anything but a coil.

        Source: Modbus Application Protocol V1.1b3, section 7.
        """
        try:
            coil = coil_of(tag)
        except ValueError as wrong:
            raise DeviceRefused(str(wrong)) from wrong
        refusal = self._exchange.set_coil(coil, value, deadline_s)
        if refusal:
            error = DeviceRefused if refusal.code in _NOT_DONE else DeviceUnavailable
            why = f"exception {refusal.code} of Modbus"
            raise error(f"{self._stream.device} did not set {tag.address}: {why}")

    def close(self) -> None:
        """End the connection. Never raises; any thread may call it."""
        self._stream.close()
