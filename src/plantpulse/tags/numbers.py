"""Turns a device's bytes into figures and text. Pure.

What is not a number or not text becomes NOT_READABLE: it never becomes a value.
"""

import struct
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from math import inf, isfinite, log10
from typing import Final, get_args

from plantpulse.tags.readings import NOT_READABLE, Reading
from plantpulse.tags.tag import DataType, Order, Tag

ORDERS: Final[tuple[Order, ...]] = get_args(Order)
# Of texts in a device's memory, by their names in Python; the first where nobody names one.
ENCODINGS: Final = (
    "utf-8",
    "latin-1",
    "cp1250",
    "cp1251",
    "cp1252",
    "cp1253",
    "cp1254",
    "shift_jis",
    "gb18030",
)

# How many bytes each number has; a string has as many as its length says.
SIZES: Final[Mapping[DataType, int]] = {
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "int64": 8,
    "uint64": 8,
    "float32": 4,
    "float64": 8,
}

_FORMATS: Final[Mapping[DataType, str]] = {"float32": ">f", "float64": ">d"}
_USUAL: Final = (-3.0, 6.0)  # decades in which most measurements of a factory are
_CLEAR: Final = 4.0  # by how much another order must be likelier, in decades


def read_number(tag: Tag, raw: bytes, order: Order = "abcd") -> Reading:
    """Return a tag's figure from a number's bytes, as they lie in the device.

    An 8-bit number may come in its word: it is the low byte. Raises: ValueError if `raw` is no such number.
    """
    size = SIZES[tag.data_type]
    if len(raw) != size and (size, len(raw)) != (1, 2):
        raise ValueError(f"{tag.data_type} has {size} bytes, not {len(raw)}")
    return scaled(tag, _number(most_significant_first(raw, order)[-size:], tag.data_type))


def read_bit(raw: bytes, bit: int, order: Order = "abcd") -> bool:
    """Return a bit of a byte or word; bit 0 is the least significant one."""
    if not 0 <= bit < 8 * len(raw):
        raise ValueError(f"the bit must be from 0 to {8 * len(raw) - 1}, not {bit}")
    return bool(int.from_bytes(most_significant_first(raw, order)) >> bit & 1)


def read_text(raw: bytes, encoding: str = "utf-8") -> Reading:
    """Return the text in a field: up to its first NUL, without the blanks that pad it.

    `raw` has the characters in their order. Bytes that are no text in the encoding are NOT_READABLE.
    """
    width = 2 if encoding.startswith("utf-16") else 1
    ends = (at for at in range(0, len(raw), width) if not any(raw[at : at + width]))
    try:
        return Reading(raw[: next(ends, len(raw))].decode(encoding).rstrip(" "))
    except UnicodeDecodeError:
        return NOT_READABLE


def scaled(tag: Tag, number: float) -> Reading:
    """Return a number in the tag's unit; a number that is not finite is NOT_READABLE.

    A whole number that needs no scaling stays one, however large. Decimal arithmetic keeps 3 * 0.1 at 0.3.
    """
    if not isfinite(number):
        return NOT_READABLE
    if tag.scale == 1 and tag.offset == 0:
        return Reading(number)
    if isinstance(number, int) and tag.scale == 1 and float(tag.offset).is_integer():
        return Reading(number + int(tag.offset))
    figure = float(_exact(number) * _exact(tag.scale) + _exact(tag.offset))
    return Reading(figure) if isfinite(figure) else NOT_READABLE


def in_unit(tag: Tag, reading: Reading) -> Reading:
    """Return the reading of an unscaled number in the tag's unit; others, bits and texts too, as they are."""
    number = reading.value
    if number is None or isinstance(number, bool | str):
        return reading
    figure = scaled(tag, number)
    return figure if figure.value is None else replace(reading, value=figure.value)


def shortest_single(value: float) -> float:
    """Return the shortest decimal number that is the same 32-bit float: 12.3 for 12.300000190734863."""
    if not isfinite(value):
        return value
    for digits in range(6, 9):
        short = float(f"{value:.{digits}g}")
        if _is_same_single(short, value):
            return short
    return float(f"{value:.9g}")  # nine digits tell any two 32-bit floats apart


def swapped(raw: bytes) -> bytes:
    """Return the bytes with those of each word exchanged: of texts that are stored low byte first."""
    return b"".join(raw[at : at + 2][::-1] for at in range(0, len(raw), 2))


def most_significant_first(raw: bytes, order: Order) -> bytes:
    """Return a number's bytes with the most significant one first; the order is its own inverse."""
    if order == "dcba":
        return raw[::-1]
    if order == "badc":
        return swapped(raw)
    if order == "cdab":
        return swapped(raw[::-1])
    return raw


def singles(raw: bytes) -> Mapping[Order, float]:
    """Return what four bytes are as a 32-bit float in each order."""
    return {order: _number(most_significant_first(raw, order), "float32") for order in ORDERS}


def likelier_order(raw: bytes, order: Order) -> Order | None:
    """Return the order in which a 32-bit float is far more plausible than in `order`, if there is one.

    A guess from one value, good enough for a warning: a measurement is mostly between 0.001 and 1,000,000,
    or has few digits.
    """
    if not any(raw):
        return None
    doubts = {each: _doubt(value) for each, value in singles(raw).items()}
    likeliest = min(ORDERS, key=lambda each: doubts[each])
    return likeliest if doubts[order] - doubts[likeliest] >= _CLEAR else None


def _number(raw: bytes, data_type: DataType) -> float:
    if data_type == "float32":
        return shortest_single(_float(raw, data_type))
    if data_type == "float64":
        return _float(raw, data_type)
    return int.from_bytes(raw, signed=data_type.startswith("int"))


def _float(raw: bytes, data_type: DataType) -> float:
    value: float = struct.unpack(_FORMATS[data_type], raw)[0]
    return value


def _exact(number: float) -> Decimal:
    return Decimal(repr(number))


def _is_same_single(short: float, value: float) -> bool:
    try:
        return struct.pack(">f", short) == struct.pack(">f", value)
    except OverflowError:  # rounded up beyond the largest one
        return False


def _doubt(value: float) -> float:
    """Return how implausible a measurement is: the decades by which it is unusual, and half its digits."""
    if not isfinite(value):
        return inf
    if value == 0:
        return 0.0
    low, high = _USUAL
    decade = log10(abs(value))
    digits = len(f"{value:.9g}".partition("e")[0].strip("-0.").replace(".", ""))
    return max(low - decade, decade - high, 0.0) + digits / 2
