"""What a Modbus device's address says: host, port, unit, and how it keeps numbers and texts. Pure.

For example `modbus://10.20.0.5`, `modbus://10.20.0.5:502/3?order=cdab&hole=8&encoding=latin-1`.
"""

from dataclasses import dataclass
from typing import Final

from plantpulse.tags.endpoints import Endpoint, parse_endpoint, require_known_options
from plantpulse.tags.numbers import ORDERS
from plantpulse.tags.tag import Order

ENCODINGS: Final = ("utf-8", "latin-1", "cp1252", "shift_jis", "gb18030")
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
    options = endpoint.options
    return Device(
        unit=_whole("the unit behind the host", endpoint.path or "1", 255),
        order=_order(options.get("order", "abcd")),
        largest_hole=_whole("the option hole", options.get("hole", "0"), _LARGEST_HOLE),
        encoding=_encoding(options.get("encoding", "utf-8")),
    )


def _whole(what: str, written: str, most: int) -> int:
    if (
        not (written.isascii() and written.isdigit() and len(written) <= len(str(most)))
        or int(written) > most
    ):
        raise ValueError(f"{what} must be a number from 0 to {most}")
    return int(written)


def _order(written: str) -> Order:
    for order in ORDERS:
        if written == order:
            return order
    raise ValueError(f"the option order must be one of {', '.join(ORDERS)}")


def _encoding(written: str) -> str:
    if written not in ENCODINGS:
        raise ValueError(f"the option encoding must be one of {', '.join(ENCODINGS)}")
    return written
