"""What a MELSEC controller's address says: where it is, of which series, and how it keeps texts. Pure.

For example `slmp://10.20.0.7:1025?series=iqr`, `slmp://10.20.0.7:5000?series=q&network=2&station=3`.
"""

from dataclasses import dataclass
from typing import Final, Literal

from plantpulse.tags.endpoints import (
    Endpoint,
    chosen,
    parse_endpoint,
    require_known_options,
    whole_number,
)
from plantpulse.tags.numbers import ENCODINGS
from plantpulse.tags.tag import Order

Series = Literal["", "q", "l", "iqr", "iql", "iqf"]
Frame = Literal["3e", "4e"]
_PORTS: Final = {"slmp": 0}  # there is no usual one
_SERIES: Final[tuple[Series, ...]] = ("q", "l", "iqr", "iql", "iqf")
_FRAMES: Final[tuple[Frame, ...]] = ("3e", "4e")
_ORDERS: Final[tuple[Order, ...]] = ("cdab", "abcd", "badc", "dcba")
_ENCODINGS: Final = (*ENCODINGS, "utf-16-le")
_NEWER: Final = ("iqr", "iql")


@dataclass(frozen=True, slots=True)
class Device:
    """The controller that is asked. `series` is empty where nobody named it.

    `network` and `station` are those of a controller behind the one at the address.
    """

    series: Series = ""
    frame: Frame = "3e"
    network: int = 0
    station: int = 255
    order: Order = "cdab"
    encoding: str = "utf-8"

    @property
    def has_long_numbers(self) -> bool:
        """Say whether it is asked in the newer way, which has room for more devices."""
        return self.series in _NEWER


def parse_device(address: str) -> Endpoint:
    """Return a controller's address. Raises: ValueError saying what is wrong and what is allowed."""
    endpoint = parse_endpoint(address, _PORTS)
    device_of(endpoint)
    return endpoint


def device_of(endpoint: Endpoint) -> Device:
    """Return what port and options say. Raises: ValueError saying what is wrong and what is allowed."""
    require_known_options(endpoint, ("encoding", "frame", "network", "order", "series", "station"))
    if not endpoint.port:
        raise ValueError("name the port of the controller's SLMP connection, as in slmp://10.20.0.7:1025")
    if endpoint.path:
        raise ValueError("an SLMP device has no path: name network and station as options")
    series: Series = chosen(endpoint, "series", _SERIES) if "series" in endpoint.options else ""
    usual: Frame = "4e" if series in _NEWER else "3e"
    return Device(
        series=series,
        frame=chosen(endpoint, "frame", _FRAMES) if "frame" in endpoint.options else usual,
        network=whole_number("the option network", endpoint.options.get("network", "0"), 239),
        station=whole_number("the option station", endpoint.options.get("station", "255"), 255),
        order=chosen(endpoint, "order", _ORDERS),
        encoding=chosen(endpoint, "encoding", _ENCODINGS),
    )
