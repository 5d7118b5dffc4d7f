"""One connection to one module of an S7 controller."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

from plantpulse.errors import DeviceRefused, DeviceTimedOut, DeviceUnavailable
from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.s7.addresses import Area, bit_to_set
from plantpulse.tags.drivers.s7.device import device_of
from plantpulse.tags.drivers.s7.exchange import Exchange
from plantpulse.tags.drivers.s7.values import reading_of
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.reader import Reader, Refusal
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.requests import Place
from plantpulse.tags.stream import Stream
from plantpulse.tags.tag import Tag

_HINT: Final = "its rack or slot may be another than {}/{}, or it has no connection left"


@dataclass(frozen=True, slots=True)
class _Questions:
    """As many items in a question as fit; each has a status of its own."""

    exchange: Exchange
    encoding: str

    def most_together(self, extents: Sequence[Extent[Area]]) -> int:
        return self.exchange.most_together(extents)

    def ask(self, extents: Sequence[Extent[Area]], deadline_s: float) -> Sequence[bytes | Refusal] | Refusal:
        return self.exchange.read(extents, deadline_s)

    def reading_of(self, tag: Tag, place: Place[Area], read: Extent[Area], data: bytes) -> Reading:
        return reading_of(tag, place, read, data, self.encoding)


class S7Link:
    """A link as the burst uses it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._device = device_of(endpoint)
        self._stream = Stream(endpoint.host, endpoint.port)
        self._exchange = Exchange(self._stream, self._device.selector)
        self._reader = Reader(_Questions(self._exchange, self._device.encoding), monotonic)

    def connect(self, deadline_s: float) -> None:
        """Raises: DeviceUnavailable."""
        self._stream.connect(deadline_s)
        try:
            self._exchange.sign_in(deadline_s)
        except DeviceTimedOut:
            raise
        except DeviceUnavailable as error:
            hint = _HINT.format(self._device.rack, self._device.slot)
            raise DeviceUnavailable(f"{error}: {hint}") from error

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        """Return one reading for each tag of the plan. Raises: DeviceUnavailable."""
        return self._reader.read(plan, deadline_s)

    def write(self, tag: Tag, value: bool, deadline_s: float) -> None:
        """Set a bit. Raises: DeviceUnavailable; DeviceRefused by the device, or for anything but a bit."""
        try:
            area, byte, bit = bit_to_set(tag)
        except ValueError as wrong:
            raise DeviceRefused(str(wrong)) from wrong
        refusal = self._exchange.set_bit(area, byte, bit, value, deadline_s)
        if refusal:
            error = DeviceUnavailable if refusal.quality is Quality.DEVICE_FAILURE else DeviceRefused
            raise error(f"{self._stream.device} did not set {tag.address}: error {refusal.code:#x} of S7")

    def close(self) -> None:
        """End the connection. Never raises; any thread may call it."""
        self._stream.close()
