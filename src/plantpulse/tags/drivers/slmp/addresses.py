"""Where a tag lies in a MELSEC controller: `D100`, `W1F`, `D100.A`, `M10`, `X1F`. Pure.

Devices of bits are read as words of sixteen, from a multiple of sixteen on: all ranges begin and end there.
Source: SH(NA)-080956ENG, "SLMP Reference Manual", 5.2; JY997D56001, "iQ-F SLMP", for X and Y in octal.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.slmp.device import Device
from plantpulse.tags.numbers import SIZES
from plantpulse.tags.requests import Place
from plantpulse.tags.tag import Tag

MOST_WORDS: Final = 960
WORD_BITS: Final = 16
_LAST: Final = 0xFFFFFF
_OCTAL: Final = 8
_WORDS: Final[Mapping[str, int]] = {
    "D": 10,
    "W": 16,
    "R": 10,
    "ZR": 10,
    "RD": 10,
    "SD": 10,
    "SW": 16,
    "Z": 10,
    "TN": 10,
    "STN": 10,
    "CN": 10,
}
_BITS: Final[Mapping[str, int]] = {
    "X": 16,
    "Y": 16,
    "M": 10,
    "L": 10,
    "F": 10,
    "V": 10,
    "B": 16,
    "SM": 10,
    "SB": 16,
    "DX": 16,
    "DY": 16,
}
_PRESENT_VALUES: Final = {"T": "TN", "ST": "STN", "C": "CN"}
_TERMINALS: Final = ("X", "Y")
_NEVER_SET: Final = ("X", "DX", "SM", "SB")
_LACKING: Final[Mapping[str, tuple[str, ...]]] = {
    "iqf": ("ZR", "RD", "V", "DX", "DY"),
    "q": ("RD",),
    "l": ("RD",),
    "": ("RD",),
}
_CODES: Final = sorted({*_WORDS, *_BITS, *_PRESENT_VALUES}, key=len, reverse=True)
_WRITTEN: Final = re.compile(
    rf"(?P<code>{'|'.join(_CODES)})(?P<number>[0-9A-F]{{1,8}})(?:\.(?P<bit>[0-9A-F]+))?",
    re.ASCII | re.IGNORECASE,
)
_SYNTAX: Final = (
    "an address is a word such as D100, W1F, R0, ZR0, SD0, SW0, Z0, or TN5, STN5, CN5 for present values; a "
    "bit such as M10, X1F, Y1F, B1F, L0, F0, SM0, SB0; or a bit of a word such as D100.A"
)


@dataclass(frozen=True, slots=True)
class Area:
    """All devices of one kind. Their units are words, also of bits."""

    code: str

    @property
    def most_units(self) -> int:
        """Return how many words one request may read."""
        return MOST_WORDS

    @property
    def has_bits(self) -> bool:
        """Say whether its devices are bits."""
        return self.code in _BITS

    @property
    def can_be_set(self) -> bool:
        """Say whether a bit of it may be set: no input, and nothing of the system's."""
        return self.has_bits and self.code not in _NEVER_SET

    def first_device(self, word: int) -> int:
        """Return the number of the device that a word begins with."""
        return word * WORD_BITS if self.has_bits else word


def place_of(tag: Tag, device: Device) -> Place[Area]:
    """Return where a tag lies. Raises: ValueError if address and type do not go together; says what does."""
    code, number, bit = _parse(tag.address, device)
    if code in _BITS:
        if bit is not None:
            raise ValueError(f"{code} is a bit itself: leave out what follows the point")
        word, bit = divmod(number, WORD_BITS)
        length = 1
    else:
        word, length = number, 1 if bit is not None else _words(tag, device)
    if bit is not None:
        _require_bool(tag)
    if number + length - 1 > _LAST:
        raise ValueError(f"the numbers of devices end at {_LAST}")
    return Place(Extent(Area(code), word, length), bit)


def bit_to_set(tag: Tag, device: Device) -> tuple[Area, int]:
    """Return the area and the number of a bit that can be set. Raises: ValueError for anything else."""
    place = place_of(tag, device)
    area = place.extent.area
    if place.bit is None or not area.can_be_set:
        raise ValueError(f"{tag.address} is no bit that can be set: only one such as M0, L0, B0 or Y0 can")
    return area, area.first_device(place.extent.start) + place.bit


def _parse(address: str, device: Device) -> tuple[str, int, int | None]:
    match = _WRITTEN.fullmatch(address)
    if not match:
        raise ValueError(_SYNTAX)
    code = match["code"].upper()
    code = _PRESENT_VALUES.get(code, code)
    if code in _LACKING.get(device.series, ()):
        named = device.series or "a controller without the option series"
        raise ValueError(f"{named} has no {code}. {_SYNTAX}")
    return code, _number(code, match["number"], device), _bit(match["bit"])


def _number(code: str, digits: str, device: Device) -> int:
    radix = _BITS.get(code) or _WORDS[code]
    if code in _TERMINALS and not device.series:
        raise ValueError(
            f"the numbers of {code} are octal on an iQ-F (FX5), and hexadecimal on others: add "
            "?series= to the device's address, one of q, l, iqr, iql, iqf"
        )
    if code in _TERMINALS and device.series == "iqf":
        radix = _OCTAL
    try:
        return int(digits, radix)
    except ValueError:
        raise ValueError(f"the numbers of {code} are {_NAMES[radix]}") from None


_NAMES: Final = {8: "octal", 10: "decimal", 16: "hexadecimal"}


def _bit(digits: str | None) -> int | None:
    if digits is None:
        return None
    if len(digits) > 1:
        raise ValueError("a bit of a word is one hexadecimal digit, 0 to F: D100.A is the eleventh")
    return int(digits, 16)


def _require_bool(tag: Tag) -> None:
    if tag.data_type != "bool":
        raise ValueError(f"a bit is of type bool, not {tag.data_type}")
    _require_no_order(tag)


def _words(tag: Tag, device: Device) -> int:
    """Return how many words a number or text takes up."""
    if tag.data_type == "bool":
        raise ValueError("a bool in a word names its bit, such as D100.0 or D100.A")
    if tag.data_type != "string":
        return max(1, SIZES[tag.data_type] // 2)
    _require_no_order(tag)
    most = MOST_WORDS if has_wide_characters(device) else 2 * MOST_WORDS
    if not 1 <= tag.length <= min(most, 1000):
        raise ValueError(f"a string needs a length from 1 to {min(most, 1000)}")
    return tag.length if has_wide_characters(device) else (tag.length + 1) // 2


def has_wide_characters(device: Device) -> bool:
    """Say whether a character of a text takes up a word."""
    return device.encoding.startswith("utf-16")


def _require_no_order(tag: Tag) -> None:
    if tag.order is not None:
        raise ValueError("bits and texts have one order of bytes: leave byte_order empty")
