"""One connection to one module of an S7 controller."""

from collections.abc import Sequence
from functools import partial
from time import monotonic
from typing import Final

from plantpulse.errors import DeviceRefused
from plantpulse.tags.drivers.s7.addresses import bit_to_set
from plantpulse.tags.drivers.s7.device import device_of
from plantpulse.tags.drivers.s7.exchange import Exchange
from plantpulse.tags.drivers.s7.values import reading_of
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.reader import Reader
from plantpulse.tags.readings import Reading
from plantpulse.tags.stream import Stream, hinted
from plantpulse.tags.tag import Tag

_HINT: Final = "its rack or slot may be another than {}/{}, or it has no connection left"


class S7Link:
    """A link as the burst uses it."""

    signs_in: Final = True

    def __init__(self, endpoint: Endpoint) -> None:
        self._device = device_of(endpoint)
        self._stream = Stream(endpoint.host, endpoint.port)
        self._exchange = Exchange(self._stream, self._device.selector)
        self._reader = Reader(self._exchange, partial(reading_of, encoding=self._device.encoding), monotonic)

    def connect(self, deadline_s: float) -> None:
        """Raises: DeviceUnavailable."""
        self._stream.connect(deadline_s)
        with hinted(_HINT.format(self._device.rack, self._device.slot)):
            self._exchange.sign_in(deadline_s)

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        """Return one reading for each tag of the plan. Raises: DeviceUnavailable."""
        return self._reader.read(plan, deadline_s)

    def write(self, tag: Tag, value: bool, deadline_s: float) -> None:
        """Set a bit. Raises: DeviceUnavailable; DeviceRefused by the device, or for anything but a bit.

        Only the return code FFh tells that the bit was written. Source: as for `replies`.
        """
        try:
            area, byte, bit = bit_to_set(tag)
        except ValueError as wrong:
            raise DeviceRefused(str(wrong)) from wrong
        refusal = self._exchange.set_bit(area, byte, bit, value, deadline_s)
        if refusal:
            why = f"error {refusal.code:#x} of S7"
            raise DeviceRefused(f"{self._stream.device} did not set {tag.address}: {why}")

    def close(self) -> None:
        """End the connection. Never raises; any thread may call it."""
        self._stream.close()
