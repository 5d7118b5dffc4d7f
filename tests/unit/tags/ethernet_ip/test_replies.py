"""What a controller answers, as readings."""

import struct

import pytest

from plantpulse.tags.drivers.ethernet_ip.replies import (
    Answer,
    answer_of,
    answers_of,
    batches,
    reading_of,
    several,
)
from plantpulse.tags.drivers.ethernet_ip.tag_names import TagName, parse_tag_name
from plantpulse.tags.readings import Quality, Reading, Value
from plantpulse.tags.tag import DataType, Tag

SPEED = parse_tag_name("Speed", is_bool=False)


def tag(data_type: DataType) -> Tag:
    return Tag("a", "Speed", data_type)


@pytest.mark.parametrize(
    ("data_type", "kind", "data", "value"),
    [
        ("bool", 0xC1, b"\xff", True),
        ("bool", 0xC1, b"\x00", False),
        ("int8", 0xC2, b"\xff", -1),
        ("int16", 0xC3, b"\xfe\xff", -2),
        ("int32", 0xC4, b"\x00\x00\x00\x80", -(2**31)),
        ("int64", 0xC5, b"\xff" * 8, -1),
        ("uint32", 0xC8, b"\xff" * 4, 2**32 - 1),
        ("float32", 0xCA, struct.pack("<f", 12.3), 12.3),
        ("float64", 0xCB, struct.pack("<d", -0.1), -0.1),
        ("float32", 0xC4, b"\x05\x00\x00\x00", 5.0),
        ("string", 0x02A0, struct.pack("<HI", 0x0FCE, 3) + "Öl".encode() + bytes(79), "Öl"),
        ("string", 0xDA, b"\x02ab", "ab"),
        ("string", 0xD0, b"\x02\x00ab", "ab"),
    ],
)
def test_a_value_of_each_type_is_read(data_type: DataType, kind: int, data: bytes, value: Value) -> None:
    assert reading_of(tag(data_type), SPEED, Answer(0, 0, kind, data)) == Reading(value)


@pytest.mark.parametrize(
    ("data_type", "kind", "data"),
    [
        ("int16", 0xC4, b"\x00\x00\x01\x00"),  # a DINT that is too large
        ("int32", 0xCA, b"\x00\x00\x80\x3f"),
        ("float32", 0xCA, b"\x00\x00\xc0\x7f"),  # not a number
        ("int32", 0x02A0, struct.pack("<HI", 0x1234, 5)),  # a structure
        ("string", 0x02A0, struct.pack("<HI", 0x1234, 5) + b"hello"),
        ("string", 0x02A0, struct.pack("<HI", 0x0FCE, 200) + b"short"),
        ("string", 0xDA, b"\x02\xff\xfe"),
        ("int32", 0xC0, bytes(8)),  # a type that is none of ours
    ],
)
def test_a_value_of_another_type_is_never_a_value(data_type: DataType, kind: int, data: bytes) -> None:
    assert reading_of(tag(data_type), SPEED, Answer(0, 0, kind, data)) == Reading(None, Quality.NOT_READABLE)


@pytest.mark.parametrize(
    ("text", "kind", "data", "reading"),
    [
        ("Alarms.9", 0xC4, b"\x00\x02\x00\x00", Reading(True)),
        ("Alarms.8", 0xC4, b"\x00\x02\x00\x00", Reading(False)),
        ("Alarms.31", 0xC4, b"\x00\x00\x00\x80", Reading(True)),
        ("Alarms.8", 0xC2, b"\x00", Reading(None, Quality.NO_SUCH_ADDRESS)),
        ("Alarms.0", 0xCA, bytes(4), Reading(None, Quality.NOT_READABLE)),
        ("Alarms.0", 0xC1, b"\x01", Reading(None, Quality.NOT_READABLE)),
        ("Flags[40]", 0xD3, b"\x00\x01\x00\x00", Reading(True)),
        ("Flags[41]", 0xD3, b"\x00\x01\x00\x00", Reading(False)),
        ("Counts[40]", 0xC4, b"\x00\x01\x00\x00", Reading(None, Quality.NOT_READABLE)),
    ],
)
def test_a_bit_is_that_of_its_number(text: str, kind: int, data: bytes, reading: Reading) -> None:
    assert reading_of(tag("bool"), parse_tag_name(text, is_bool=True), Answer(0, 0, kind, data)) == reading


@pytest.mark.parametrize(
    ("status", "extended", "quality"),
    [
        (0x04, 0, Quality.NO_SUCH_ADDRESS),
        (0x05, 0, Quality.NO_SUCH_ADDRESS),
        (0x0F, 0, Quality.REFUSED),
        (0x06, 0, Quality.NOT_READABLE),
        (0xFF, 0x2105, Quality.NO_SUCH_ADDRESS),
        (0xFF, 0x2104, Quality.DEVICE_FAILURE),
        (0x02, 0, Quality.DEVICE_FAILURE),
        (0x99, 0, Quality.DEVICE_FAILURE),
    ],
)
def test_a_status_is_never_a_value(status: int, extended: int, quality: Quality) -> None:
    answer = answer_of(
        bytes([0xCC, 0, status, 1]) + struct.pack("<H", extended) + b"\xc4\x00\x07\x00\x00\x00"
    )

    assert reading_of(tag("int32"), SPEED, answer) == Reading(None, quality)


def test_several_requests_and_their_answers_travel_together() -> None:
    request = several([b"abcd", b"ef"])
    reply = b"\x8a\x00\x1e\x00" + b"\x02\x00\x06\x00\x10\x00"
    reply += b"\xcc\x00\x00\x00\xc4\x00\x07\x00\x00\x00" + b"\xcc\x00\x05\x00"

    assert request == b"\x0a\x02\x20\x02\x24\x01" + b"\x02\x00\x06\x00\x0a\x00" + b"abcdef"
    assert answers_of(reply, 2) == [Answer(0, 0, 0xC4, b"\x07\x00\x00\x00"), Answer(5)]


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\xcc\x00\x00\x00\xc4\x00\x07\x00\x00\x00",  # the answer to one
        b"\x8a\x00\x08\x00",  # the controller has no such service
        b"\x8a\x00\x00\x00\x01\x00\x04\x00\xcc\x00\x05\x00",  # one answer to two requests
        b"\x8a\x00\x00\x00\x02\x00\x06\x00\x06\x00\xcc\x00\x05\x00",  # two answers at one place
        b"\x8a\x00\x00\x00\x02\x00\x06\x00\xff\x00\xcc\x00\x05\x00",  # the second is missing
        b"\x8a\x00\x00\x00\x02\x00\x06\x00\x0a\x00\xcc\x00\x05\x00\xcc",  # the second is half
    ],
)
def test_what_is_no_answer_is_not_read(reply: bytes) -> None:
    with pytest.raises(ValueError, match=r"service|answers|too short"):
        answers_of(reply, 2)


def test_tags_share_packets_that_fit_with_their_answers() -> None:
    numbers, texts = [tag("int32")] * 10, [tag("string")] * 10

    assert batches(numbers, [bytes(20)] * 10, 4000) == [slice(0, 10)]
    assert batches(numbers, [bytes(20)] * 10, 150) == [slice(0, 3), slice(3, 6), slice(6, 9), slice(9, 10)]
    assert batches(texts, [bytes(20)] * 10, 500) == [slice(0, 4), slice(4, 8), slice(8, 10)]
    assert batches(numbers[:1], [bytes(900)], 500) == [slice(0, 1)]
    assert batches([], [], 500) == []


def test_a_name_with_a_bit_asks_for_its_number() -> None:
    assert parse_tag_name("Speed.3", is_bool=True).read_request() == TagName((("Speed", ()),)).read_request()
