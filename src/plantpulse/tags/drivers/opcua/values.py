"""Whether a value that a server sent is one of the declared type, and the figure it becomes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from plantpulse.tags.drivers.opcua.statuses import INDEX_RANGE_NO_DATA, quality_of
from plantpulse.tags.numbers import scaled, shortest_single
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import DataType, Tag

_NOT_READABLE: Final = Reading(None, Quality.NOT_READABLE)
_WITH_VALUE: Final = (Quality.GOOD, Quality.UNCERTAIN)
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said of a node: a status code, and a value of Python. `is_single`: a 32-bit float."""

    status: int
    value: object = None
    is_single: bool = False


def element_of(answer: Answer, element: str) -> Answer:
    """Return the answer for one element of an array, such as `3` or `0,2`.

    The whole array is read: a server that ignores a range of indices would answer with another element.
    """
    value = answer.value
    for index in map(int, element.split(",")):
        if not isinstance(value, list) or index >= len(value):
            return Answer(INDEX_RANGE_NO_DATA) if quality_of(answer.status) in _WITH_VALUE else answer
        value = value[index]
    return Answer(answer.status, value, answer.is_single)


def reading_of(tag: Tag, answer: Answer) -> Reading:
    """Return a tag's reading from what a server answered.

    A whole number does where a float is declared, and any that fits where a whole number is. Nothing else is
    turned into another type: that is NOT_READABLE, as is no value, an array or a structure. A text is cut at
    its first NUL.
    """
    quality = quality_of(answer.status)
    if quality not in _WITH_VALUE:
        return Reading(None, quality)
    reading = _readable(tag, _shortest(answer))
    return Reading(reading.value, quality) if reading.value is not None else reading


def _shortest(answer: Answer) -> object:
    value = answer.value
    return shortest_single(value) if answer.is_single and isinstance(value, float) else value


def _readable(tag: Tag, value: object) -> Reading:
    if tag.data_type == "bool":
        return Reading(value) if isinstance(value, bool) else _NOT_READABLE
    if tag.data_type == "string":
        return _text(tag, value) if isinstance(value, str) else _NOT_READABLE
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _NOT_READABLE
    if tag.data_type in ("float32", "float64"):
        return _figure(tag, value)
    fits = isinstance(value, int) and value in _RANGES[tag.data_type]
    return scaled(tag, value) if fits else _NOT_READABLE


def _figure(tag: Tag, value: float) -> Reading:
    if tag.data_type == "float32" and abs(value) >= _LARGEST_SINGLE:
        return _NOT_READABLE
    return scaled(tag, float(value))


def _text(tag: Tag, value: str) -> Reading:
    text = value.partition("\0")[0]
    has_bytes_that_are_no_text = any("\ud800" <= letter <= "\udfff" for letter in text)
    if has_bytes_that_are_no_text or len(text) > (tag.length or _LONGEST_TEXT):
        return _NOT_READABLE
    return Reading(text)
