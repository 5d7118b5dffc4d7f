"""What a Modbus device's address says: host, port, unit, and how it keeps numbers and texts. Pure.

For example `modbus://10.20.0.5`, `modbus://10.20.0.5:502/3?order=cdab&hole=8&encoding=latin-1`.
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
from plantpulse.tags.numbers import ENCODINGS, ORDERS
from plantpulse.tags.tag import Order

_PORTS: Final = {"modbus": 502}
_LARGEST_HOLE: Final = 123  # a hole has a register on either side, and a request at most 125


@dataclass(frozen=True, slots=True)
class Device:
    """The unit that is asked, and the order of its bytes.

    `largest_hole` is how many units between two tags are read along with them: 0, since many devices refuse
    a block for one register that they do not have.
    """

    unit: int = 1
    order: Order = "abcd"
    largest_hole: int = 0
    encoding: str = "utf-8"


def parse_device(address: str) -> Endpoint:
    """Return a Modbus device's address. Raises: ValueError saying what is wrong and what is allowed."""
    endpoint = parse_endpoint(address, _PORTS)
    device_of(endpoint)
    return endpoint


def device_of(endpoint: Endpoint) -> Device:
    """Return what path and options say. Raises: ValueError saying what is wrong and what is allowed."""
    require_known_options(endpoint, ("order", "hole", "encoding"))
    return Device(
        unit=whole_number("the unit behind the host", endpoint.path or "1", 255),
        order=chosen(endpoint, "order", ORDERS),
        largest_hole=whole_number("the option hole", endpoint.options.get("hole", "0"), _LARGEST_HOLE),
        encoding=chosen(endpoint, "encoding", ENCODINGS),
    )
