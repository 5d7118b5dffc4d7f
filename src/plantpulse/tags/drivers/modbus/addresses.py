"""Where a tag lies in a Modbus device: `40001`, `400001`, `hr:0`, `ir:12.5`, `co:0`, `di:7`. Pure.

Source: Modbus Application Protocol Specification V1.1b3, 4.3 and 4.4.
"""

import re
from enum import Enum
from typing import Final

from plantpulse.tags.blocks import Extent
from plantpulse.tags.numbers import SIZES
from plantpulse.tags.requests import Place
from plantpulse.tags.tag import Tag

_REGISTER_BITS: Final = 16
_LAST: Final = 0xFFFF
_WRITTEN: Final = re.compile(r"(?:(co|di|ir|hr):(\d{1,5})|([0134])(\d{4,5}))(?:\.(\d{1,2}))?", re.ASCII)
_SYNTAX: Final = (
    "an address is a register number such as 40001 or 400001, or an area with an address from 0 on: "
    "co:0 (coils, 0x), di:0 (discrete inputs, 1x), ir:0 (input registers, 3x), hr:0 (holding registers, 4x); "
    "a bit of a register is hr:0.5"
)


class Area(Enum):
    """A table of a device's data: the function that reads it, and how much one request may read."""

    COILS = (1, 2000)
    DISCRETE_INPUTS = (2, 2000)
    HOLDING_REGISTERS = (3, 125)
    INPUT_REGISTERS = (4, 125)

    @property
    def function(self) -> int:
        """Return the code of the function that reads it."""
        return self.value[0]

    @property
    def most_units(self) -> int:
        """Return how many bits or registers one request may read."""
        return self.value[1]

    @property
    def has_bits(self) -> bool:
        """Say whether its units are bits; otherwise they are registers of 16 bits."""
        return self in (Area.COILS, Area.DISCRETE_INPUTS)


_AREAS: Final = {
    "co": Area.COILS,
    "di": Area.DISCRETE_INPUTS,
    "ir": Area.INPUT_REGISTERS,
    "hr": Area.HOLDING_REGISTERS,
    "0": Area.COILS,
    "1": Area.DISCRETE_INPUTS,
    "3": Area.INPUT_REGISTERS,
    "4": Area.HOLDING_REGISTERS,
}


def place_of(tag: Tag) -> Place[Area]:
    """Return where a tag lies. Raises: ValueError if address and type do not go together; says what does."""
    area, start, bit = _parse(tag.address)
    if area.has_bits or bit is not None:
        _require_bool(tag, area, bit)
        length = 1
    else:
        length = _registers(tag)
    if start + length - 1 > _LAST:
        raise ValueError(f"the addresses of an area end at {_LAST}, counted from 0")
    return Place(Extent(area, start, length), bit)


def coil_of(tag: Tag) -> int:
    """Return the address of a coil, which can be set. Raises: ValueError for anything but a coil."""
    extent = place_of(tag).extent
    if extent.area is not Area.COILS:
        raise ValueError(f"{tag.address} is not a coil: only a coil can be set, such as co:0 or 00001")
    return extent.start


def _parse(address: str) -> tuple[Area, int, int | None]:
    match = _WRITTEN.fullmatch(address)
    if not match:
        raise ValueError(_SYNTAX)
    short, from_zero, digit, from_one, bit = match.groups()
    start = int(from_zero) if short else int(from_one) - 1
    if not 0 <= start <= _LAST:
        allowed = "0 to 65535" if short else "1 to 65536 behind its first digit"
        raise ValueError(f"an address is from {allowed}")
    return _AREAS[short or digit], start, int(bit) if bit else None


def _require_bool(tag: Tag, area: Area, bit: int | None) -> None:
    if tag.data_type != "bool":
        raise ValueError(f"a single bit is of type bool, not {tag.data_type}")
    if area.has_bits and bit is not None:
        raise ValueError("coils and discrete inputs are bits themselves: leave out the bit")
    if bit is not None and bit >= _REGISTER_BITS:
        raise ValueError("a register has the bits 0 to 15")


def _registers(tag: Tag) -> int:
    """Return how many registers a number or text takes up."""
    most = Area.HOLDING_REGISTERS.most_units
    if tag.data_type == "bool":
        raise ValueError("a bool in a register names its bit, such as hr:0.5")
    if tag.data_type != "string":
        return max(1, SIZES[tag.data_type] // 2)
    if not 1 <= tag.length <= 2 * most:
        raise ValueError(f"a string needs a length from 1 to {2 * most}")
    return (tag.length + 1) // 2
