"""What an S7 controller's address says: host, port, rack, slot, and how it keeps texts. Pure.

For example `s7://10.20.0.6`, `s7://10.20.0.6/0/2?connection=op&encoding=cp1252`.
"""

from dataclasses import dataclass
from typing import Final

from plantpulse.tags.endpoints import (
    Endpoint,
    chosen,
    parse_endpoint,
    require_known_options,
    whole_number,
)
from plantpulse.tags.numbers import ENCODINGS

_PORTS: Final = {"s7": 102}
_KINDS: Final = ("pg", "op", "basic")  # of connections, in the order of their codes from 1 on
_LAST_RACK: Final = 7
_LAST_SLOT: Final = 31


@dataclass(frozen=True, slots=True)
class Device:
    """The module that is asked, as which kind of partner, and how its texts are encoded."""

    rack: int = 0
    slot: int = 1
    connection: str = "pg"
    encoding: str = "utf-8"

    @property
    def selector(self) -> int:
        """Return what names the module and the kind of connection: the called TSAP."""
        return (_KINDS.index(self.connection) + 1) << 8 | self.rack << 5 | self.slot


def parse_device(address: str) -> Endpoint:
    """Return a controller's address. Raises: ValueError saying what is wrong and what is allowed."""
    endpoint = parse_endpoint(address, _PORTS)
    device_of(endpoint)
    return endpoint


def device_of(endpoint: Endpoint) -> Device:
    """Return what path and options say. Raises: ValueError saying what is wrong and what is allowed."""
    require_known_options(endpoint, ("connection", "encoding"))
    rack, slash, slot = (endpoint.path or "0/1").partition("/")
    if not slash:
        raise ValueError("the path is rack and slot: /0/1 for S7-1200 and S7-1500, /0/2 for S7-300")
    return Device(
        rack=whole_number("the rack", rack, _LAST_RACK),
        slot=whole_number("the slot", slot, _LAST_SLOT),
        connection=chosen(endpoint, "connection", _KINDS),
        encoding=chosen(endpoint, "encoding", ENCODINGS),
    )
