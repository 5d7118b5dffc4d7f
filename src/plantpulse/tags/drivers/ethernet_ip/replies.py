"""Requests for several tags, and what a controller answers: values with their types. Pure.

Source: Rockwell 1756-PM020, "Logix 5000 Controllers Data Access"; CIP Volume 1, appendices B (statuses) and C
(types).
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plantpulse.tags.drivers.ethernet_ip.tag_names import TagName
from plantpulse.tags.readings import NOT_READABLE, Quality, Reading
from plantpulse.tags.tag import Tag
from plantpulse.tags.typed import typed_reading

MULTIPLE: Final = 0x0A
READ_TAG: Final = 0x4C
_TO_ROUTER: Final = b"\x02\x20\x02\x24\x01"
_SOME_FAILED: Final = 0x1E  # in the answer to several requests: each has its own status
_OVERHEAD: Final = 64  # of a packet
_LONGEST_TEXT: Final = 96
_LONGEST_NUMBER: Final = 16
_STRUCTURE: Final = 0x02A0
_STRING: Final = 0x0FCE  # the structure that is the type STRING
_SINGLE: Final = 0xCA
_BOOL: Final = 0xC1
_WORD_OF_BITS: Final = 0xD3
_TEXTS: Final[Mapping[int, str]] = {0xD0: "<H", 0xDA: "<B"}  # and what their length is
_FORMATS: Final[Mapping[int, str]] = {
    _BOOL: "<?",
    0xC2: "<b",
    0xC3: "<h",
    0xC4: "<i",
    0xC5: "<q",
    0xC6: "<B",
    0xC7: "<H",
    0xC8: "<I",
    0xC9: "<Q",
    _SINGLE: "<f",
    0xCB: "<d",
    0xD1: "<B",
    0xD2: "<H",
    _WORD_OF_BITS: "<I",
    0xD4: "<Q",
}
_MEANINGS: Final[Mapping[int, Quality]] = {
    0x04: Quality.NO_SUCH_ADDRESS,  # path segment error: no tag of this name
    0x05: Quality.NO_SUCH_ADDRESS,  # path destination unknown
    0x06: Quality.NOT_READABLE,  # partial transfer: a structure
    0x0F: Quality.REFUSED,  # privilege violation
    0x11: Quality.NOT_READABLE,  # reply data too large: a structure
    0x16: Quality.NO_SUCH_ADDRESS,  # object does not exist
    0x26: Quality.NO_SUCH_ADDRESS,  # path size invalid
}
_BEYOND_THE_ARRAY: Final = 0x2105  # in the extended status of 0xFF


@dataclass(frozen=True, slots=True)
class Answer:
    """What a controller said of one tag: a status with its extension, the code of a type, and bytes."""

    status: int
    extended: int = 0
    kind: int = 0
    data: bytes = b""


def several(requests: Sequence[bytes]) -> bytes:
    """Return one request that has some others in it."""
    at = 2 + 2 * len(requests)
    offsets = []
    for request in requests:
        offsets.append(at)
        at += len(request)
    head = struct.pack(f"<H{len(offsets)}H", len(offsets), *offsets)
    return bytes([MULTIPLE]) + _TO_ROUTER + head + b"".join(requests)


def batches(tags: Sequence[Tag], requests: Sequence[bytes], size: int) -> Sequence[slice]:
    """Return which tags share a packet of at most `size` bytes, as do their answers."""
    found, begin, asked, answered = [], 0, _OVERHEAD, _OVERHEAD
    for place, (tag, request) in enumerate(zip(tags, requests, strict=True)):
        answer = _LONGEST_TEXT if tag.data_type == "string" else _LONGEST_NUMBER
        if place > begin and max(asked + len(request) + 2, answered + answer) > size:
            found.append(slice(begin, place))
            begin, asked, answered = place, _OVERHEAD, _OVERHEAD
        asked, answered = asked + len(request) + 2, answered + answer
    return [*found, slice(begin, len(tags))] if tags else []


def answers_of(reply: bytes, count: int) -> Sequence[Answer]:
    """Return the answers in the reply to `several`. Raises: ValueError if it is none, or not complete."""
    service, _, status, words = _unpack("<BBBB", reply)
    if service != MULTIPLE | 0x80 or status not in (0, _SOME_FAILED):
        raise ValueError(f"service {service:#x}, status {status:#x}")
    data = reply[4 + 2 * words :]
    found, *offsets = _unpack(f"<H{count}H", data)
    ends = [*offsets[1:], len(data)]
    if found != count or any(begin >= end for begin, end in zip(offsets, ends, strict=True)):
        raise ValueError(f"{found} answers to {count} requests")
    return [answer_of(data[begin:end]) for begin, end in zip(offsets, ends, strict=True)]


def answer_of(reply: bytes) -> Answer:
    """Return the answer to the request for one tag. Raises: ValueError if it is none."""
    service, _, status, words = _unpack("<BBBB", reply)
    if service != READ_TAG | 0x80:
        raise ValueError(f"service {service:#x}")
    extended = _unpack("<H", reply[4:])[0] if words else 0
    if status:
        return Answer(status, extended)
    data = reply[4 + 2 * words :]
    return Answer(status, extended, _unpack("<H", data)[0], data[2:])


def reading_of(tag: Tag, name: TagName, answer: Answer) -> Reading:
    """Return a tag's reading: its value if it is of the declared type, and why there is none otherwise."""
    if answer.status:
        return Reading(None, _quality(answer))
    if name.bit is None:
        return typed_reading(tag, _value(answer), answer.kind == _SINGLE)
    number = _value(answer)
    if isinstance(number, bool) or not isinstance(number, int):
        return NOT_READABLE
    if name.is_of_bits and answer.kind != _WORD_OF_BITS:
        return NOT_READABLE
    if name.bit >= 8 * struct.calcsize(_FORMATS[answer.kind]):
        return Reading(None, Quality.NO_SUCH_ADDRESS)
    return Reading(bool(number >> name.bit & 1))


def _quality(answer: Answer) -> Quality:
    if answer.status == 0xFF and answer.extended == _BEYOND_THE_ARRAY:
        return Quality.NO_SUCH_ADDRESS
    return _MEANINGS.get(answer.status, Quality.DEVICE_FAILURE)


def _value(answer: Answer) -> object:
    """Return the value; None for a type that is none of ours. Raises: ValueError for too few bytes."""
    data = answer.data
    if answer.kind == _STRUCTURE:
        return _text(data[2:], "<I") if _unpack("<H", data)[0] == _STRING else None
    if answer.kind in _TEXTS:
        return _text(data, _TEXTS[answer.kind])
    if answer.kind not in _FORMATS:
        return None
    value: object = _unpack(_FORMATS[answer.kind], data)[0]
    return value


def _text(data: bytes, length_format: str) -> str | None:
    (length,) = _unpack(length_format, data)
    begin = struct.calcsize(length_format)
    if length > len(data) - begin:
        return None
    try:
        return data[begin : begin + length].decode("utf-8")
    except UnicodeDecodeError:
        return None


def _unpack(layout: str, data: bytes) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, data)
    except struct.error:
        raise ValueError("the reply is too short") from None
