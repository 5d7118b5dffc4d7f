"""Whether a value that a server sent is one of the declared type, and the figure it becomes. Pure."""

from dataclasses import dataclass
from typing import Final

from plantpulse.tags.drivers.opcua.statuses import INDEX_RANGE_NO_DATA, quality_of
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import Tag
from plantpulse.tags.typed import typed_reading

_WITH_VALUE: Final = (Quality.GOOD, Quality.UNCERTAIN)


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

    What the server calls bad has no value, and what is not of the declared type is NOT_READABLE.
    """
    quality = quality_of(answer.status)
    if quality not in _WITH_VALUE:
        return Reading(None, quality)
    reading = typed_reading(tag, answer.value, answer.is_single)
    return Reading(reading.value, quality) if reading.value is not None else reading
