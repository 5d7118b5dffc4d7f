"""Whether a value that came with its type is one of the declared type, and the figure it becomes. Pure.

For devices that say of which type a value is. A whole number does where a float is declared, and any that
fits where a whole number is. Nothing else is turned into another type.
"""

from collections.abc import Mapping
from typing import Final

from plantpulse.tags.numbers import scaled, shortest_single
from plantpulse.tags.readings import NOT_READABLE, Reading
from plantpulse.tags.tag import DataType, Tag

_LARGEST_SINGLE: Final = 3.4028235677973366e38  # from here on rounded to infinity
_LONGEST_TEXT: Final = 1000
_RANGES: Final[Mapping[DataType, range]] = {
    "int8": range(-(2**7), 2**7),
    "uint8": range(2**8),
    "int16": range(-(2**15), 2**15),
    "uint16": range(2**16),
    "int32": range(-(2**31), 2**31),
    "uint32": range(2**32),
    "int64": range(-(2**63), 2**63),
    "uint64": range(2**64),
}


def typed_reading(tag: Tag, value: object, is_single: bool = False) -> Reading:
    """Return a tag's reading; what is not of its type is NOT_READABLE: an array, too.

    `is_single`: the value was a 32-bit float. A text is cut at its first NUL.
    """
    return _readable(tag, shortest_single(value) if is_single and isinstance(value, float) else value)


def _readable(tag: Tag, value: object) -> Reading:
    if tag.data_type == "bool":
        return Reading(value) if isinstance(value, bool) else NOT_READABLE
    if tag.data_type == "string":
        return _text(tag, value) if isinstance(value, str) else NOT_READABLE
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NOT_READABLE
    if tag.data_type in ("float32", "float64"):
        return _figure(tag, value)
    fits = isinstance(value, int) and value in _RANGES[tag.data_type]
    return scaled(tag, value) if fits else NOT_READABLE


def _figure(tag: Tag, value: float) -> Reading:
    if tag.data_type == "float32" and abs(value) >= _LARGEST_SINGLE:
        return NOT_READABLE
    return scaled(tag, float(value))


def _text(tag: Tag, value: str) -> Reading:
    text = value.partition("\0")[0]
    has_bytes_that_are_no_text = any("\ud800" <= letter <= "\udfff" for letter in text)
    if has_bytes_that_are_no_text or len(text) > (tag.length or _LONGEST_TEXT):
        return NOT_READABLE
    return Reading(text)
