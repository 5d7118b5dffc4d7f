"""One connection to one MELSEC controller."""

from collections.abc import Sequence
from functools import partial
from time import monotonic
from typing import Final

from plantpulse.errors import DeviceRefused, DeviceUnavailable
from plantpulse.tags.drivers.slmp.addresses import bit_to_set
from plantpulse.tags.drivers.slmp.device import device_of
from plantpulse.tags.drivers.slmp.exchange import Exchange
from plantpulse.tags.drivers.slmp.values import reading_of
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.reader import Reader
from plantpulse.tags.readings import Reading
from plantpulse.tags.stream import Stream, hinted
from plantpulse.tags.tag import Tag

_HINT: Final = (
    "somebody else may have its connection, or the port is none of SLMP (MC protocol) over TCP in binary code"
)
_TIME_IS_UP: Final = (0xC022, 0xC05E, 0xC0DE)  # in the controller, or on the way behind it


class SlmpLink:
    """A link as the burst uses it."""

    signs_in: Final = False

    def __init__(self, endpoint: Endpoint) -> None:
        self._device = device_of(endpoint)
        self._stream = Stream(endpoint.host, endpoint.port)
        self._exchange = Exchange(self._stream, self._device)
        self._reader = Reader(self._exchange, partial(reading_of, device=self._device), monotonic)

    def connect(self, deadline_s: float) -> None:
        """Raises: DeviceUnavailable."""
        self._stream.connect(deadline_s)
        with hinted(_HINT):
            self._exchange.sign_in(deadline_s)

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        """Return one reading for each tag of the plan. Raises: DeviceUnavailable."""
        readings = self._reader.read(plan, deadline_s)
        self._exchange.confirm(deadline_s)
        return readings

    def write(self, tag: Tag, value: bool, deadline_s: float) -> None:
        """Set a bit. Raises: DeviceUnavailable; DeviceRefused by the device, or for anything but a bit.

        An end code tells that the request was not executed; 4010h, 4013h and C062h refuse it in RUN.
        After one of a timer that ran out the bit may have been set.
        Source: JY997D55401, appendix 3; SH(NA)-081105ENG, 16.7.1; SH(NA)-081257ENG, 3.5.
        """
        try:
            area, number = bit_to_set(tag, self._device)
        except ValueError as wrong:
            raise DeviceRefused(str(wrong)) from wrong
        refusal = self._exchange.set_bit(area, number, value, deadline_s)
        self._exchange.confirm(deadline_s)
        if refusal:
            error = DeviceUnavailable if refusal.code in _TIME_IS_UP else DeviceRefused
            why = f"end code {refusal.code:#06x} of SLMP"
            raise error(f"{self._stream.device} did not set {tag.address}: {why}")

    def close(self) -> None:
        """End the connection. Never raises; any thread may call it."""
        self._stream.close()
