"""Where a tag lies in an S7 controller: `DB1.DBX0.3`, `DB1.DBD4`, `MW10`, `E0.0`, `DB1.STRING20`. Pure.

Addresses are written as in Siemens' tools, in English (I, Q) or German (E, A); a `%` may stand before them.
Source: STEP 7, "Ladder Logic (LAD) for S7-300 and S7-400 Programming"; TIA Portal, "Addressing variables".
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from plantpulse.tags.blocks import Extent
from plantpulse.tags.numbers import SIZES
from plantpulse.tags.requests import Place
from plantpulse.tags.tag import Tag

LONGEST_BLOCK: Final = 222  # bytes; what the shortest packet that controllers agree on carries
_BLOCK: Final = 0x84
_AREAS: Final = {"I": 0x81, "E": 0x81, "Q": 0x82, "A": 0x82, "M": 0x83}
_WIDTHS: Final = {"B": 1, "W": 2, "D": 4, "L": 8}
_LAST: Final = 0xFFFF
_LONGEST_TEXT: Final = 254
_WRITTEN: Final = re.compile(
    r"%?(?:DB(?P<block>\d{1,5})\.(?:DB(?P<size>[XBWDL])|(?P<text>STRING|WSTRING|CHAR))"
    r"|(?P<area>[IEQAM])(?P<width>[XBWDL]?))"
    r"(?P<byte>\d{1,5})(?:\.(?P<point>\d{1,3}))?",
    re.ASCII | re.IGNORECASE,
)
_SYNTAX: Final = (
    "an address is a bit such as DB1.DBX0.3, M10.3, I0.0 (E0.0) or Q0.0 (A0.0); or one, two, four or eight "
    "bytes such as DB1.DBB2, DB1.DBW2, DB1.DBD4, DB1.DBL8, MW10, IW4 or QD0; or a text such as "
    "DB1.STRING20, DB1.WSTRING20 or DB1.CHAR20"
)


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a controller's memory: its code in the protocol, and the number of a data block."""

    code: int
    block: int = 0

    @property
    def most_units(self) -> int:
        """Return how many bytes one item may read, whatever length of packet is agreed on."""
        return LONGEST_BLOCK

    @property
    def is_input(self) -> bool:
        """Say whether it is the image of the inputs."""
        return self.code == _AREAS["I"]


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of an address.

    `size` is X, B, W, D, L, or the name of a kind of text; `point` is the number behind the point.
    """

    area: Area
    size: str
    byte: int
    point: int | None


def place_of(tag: Tag) -> Place[Area]:
    """Return where a tag lies. Raises: ValueError if address and type do not go together; says what does."""
    address = parse_address(tag.address)
    place = _place(tag, address)
    if place.extent.end - 1 > _LAST:
        raise ValueError(f"the bytes of an area end at {_LAST}")
    return place


def bit_to_set(tag: Tag) -> tuple[Area, int, int]:
    """Return the area, the byte and the bit of what can be set. Raises: ValueError for anything else."""
    place = place_of(tag)
    if place.bit is None or place.extent.area.is_input:
        raise ValueError(
            f"{tag.address} is no bit that can be set: only one such as DB1.DBX0.0, M0.0 or Q0.0 can"
        )
    return place.extent.area, place.extent.start, place.bit


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address:
    """Return the parts of an address. Raises: ValueError saying what it must look like."""
    match = _WRITTEN.fullmatch(text)
    if not match:
        raise ValueError(_SYNTAX)
    byte, point = int(match["byte"]), match["point"]
    size = (match["size"] or match["text"] or match["width"] or "X").upper()
    area = Area(_BLOCK, int(match["block"])) if match["block"] else Area(_AREAS[match["area"].upper()])
    if area.code == _BLOCK and not 1 <= area.block <= _LAST:
        raise ValueError(f"a data block has a number from 1 to {_LAST}")
    return Address(area, size, byte, int(point) if point else None)


def text_size(size: str, length: int) -> int:
    """Return how many bytes a text of so many characters takes up, with what stands before it."""
    return {"STRING": 2 + length, "WSTRING": 4 + 2 * length, "CHAR": length}[size]


def _place(tag: Tag, address: Address) -> Place[Area]:
    if address.size == "X":
        return _bit(tag, address)
    if address.size in _WIDTHS:
        length = _number(tag, address)
    else:
        length = text_size(address.size, _characters(tag, address))
    return Place(Extent(address.area, address.byte, length))


def _bit(tag: Tag, address: Address) -> Place[Area]:
    if address.point is None:
        raise ValueError(f"a bit has its number behind a point: {tag.address}.0. A byte is MB0 or DB1.DBB0")
    if address.point > 7:
        raise ValueError("a byte has the bits 0 to 7")
    if tag.data_type != "bool":
        raise ValueError(f"a bit is of type bool, not {tag.data_type}: numbers have B, W, D or L for X")
    _require_no_order(tag)
    return Place(Extent(address.area, address.byte, 1), address.point)


def _number(tag: Tag, address: Address) -> int:
    """Return how many bytes a number takes up, which its address says too."""
    if address.point is not None:
        raise ValueError("only a bit has a number behind a point: write DB1.DBX2.5, M2.5, I2.5 or Q2.5")
    if tag.data_type == "bool":
        raise ValueError("a bool is a bit: write DB1.DBX0.0, M0.0, I0.0 or Q0.0")
    if tag.data_type == "string":
        raise ValueError("a string is DB1.STRING20, DB1.WSTRING20 or DB1.CHAR20")
    size, width = SIZES[tag.data_type], _WIDTHS[address.size]
    if size != width:
        letter = next(letter for letter, one in _WIDTHS.items() if one == size)
        right = re.sub(r"[BWDL](?=\d+$)", letter, tag.address.upper())
        raise ValueError(
            f"{tag.address} is {width} long, in bytes, and {tag.data_type} is {size}: write {right}, "
            "or another type"
        )
    return size


def _characters(tag: Tag, address: Address) -> int:
    if tag.data_type != "string":
        raise ValueError(f"a text is of type string, not {tag.data_type}")
    _require_no_order(tag)
    named = {one for one in (address.point, tag.length or None) if one is not None}
    if len(named) > 1:
        raise ValueError("the address and the column length name different lengths: leave one out")
    length = named.pop() if named else 0
    if not 1 <= length <= _LONGEST_TEXT:
        raise ValueError(f"a string needs a length from 1 to {_LONGEST_TEXT}")
    return length


def _require_no_order(tag: Tag) -> None:
    if tag.order is not None:
        raise ValueError("bits and texts have one order of bytes: leave byte_order empty")
