"""What bytes of a controller's memory are as values."""

import pytest

from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.s7.addresses import place_of
from plantpulse.tags.drivers.s7.values import reading_of
from plantpulse.tags.readings import NOT_READABLE, Reading
from plantpulse.tags.tag import Tag


def value_of(tag: Tag, memory: bytes, encoding: str = "utf-8") -> Reading:
    """Return the reading of a tag, from a read of the whole memory."""
    place = place_of(tag)
    return reading_of(tag, place, Extent(place.extent.area, 0, len(memory)), memory, encoding)


def test_a_number_has_its_most_significant_byte_first_unless_the_tag_says_otherwise() -> None:
    memory = bytes.fromhex("0000 41AC0000")

    assert value_of(Tag("a", "DB1.DBD2", "float32"), memory) == Reading(21.5)
    assert value_of(Tag("a", "DB1.DBD2", "uint32", order="dcba"), memory) == Reading(0xAC41)
    assert value_of(Tag("a", "DB1.DBW2", "int16", scale=0.1, offset=5), memory) == Reading(1686.2)


@pytest.mark.parametrize(
    ("memory", "reading"),
    [
        (b"\x05\x03abcxy", Reading("abc")),
        (b"\x05\x05abcde", Reading("abcde")),
        (b"\x05\x00abcde", Reading("")),
        (b"\xfe\x03abcxy", Reading("abc")),
        (b"\x05\x06abcde", NOT_READABLE),  # longer than its room
        (b"\x0a\x06abcde", NOT_READABLE),  # longer than was declared
        (b"\x00\x00abcde", NOT_READABLE),  # no room: nothing ever made it a text
        (b"\xff\x03abcde", NOT_READABLE),  # no text has so much room
        (b"\x05\x01\xfcbcde", NOT_READABLE),
    ],
)
def test_a_text_says_how_long_it_is(memory: bytes, reading: Reading) -> None:
    assert value_of(Tag("a", "DB1.STRING0", "string", length=5), memory) == reading


@pytest.mark.parametrize(
    ("memory", "reading"),
    [
        (b"\x00\x03\x00\x02\x90\xe8\x54\xc1\x00x", Reading("部品")),
        (b"\x00\x03\x00\x04\x90\xe8\x54\xc1\x00x", NOT_READABLE),
        (b"\x00\x00\x00\x00\x90\xe8\x54\xc1\x00x", NOT_READABLE),
        (b"\x40\x00\x00\x02\x90\xe8\x54\xc1\x00x", NOT_READABLE),
        (b"\x00\x03\x00\x01\xd8\x00\x54\xc1\x00x", NOT_READABLE),  # half of a pair
    ],
)
def test_a_wide_text_is_utf_16(memory: bytes, reading: Reading) -> None:
    assert value_of(Tag("a", "DB1.WSTRING0", "string", length=3), memory) == reading


@pytest.mark.parametrize(
    ("encoding", "memory", "text"),
    [("cp1252", b"\x05\x02\xfc\xdf...", "üß"), ("cp1254", b"\x05\x03\xde\xfd\xf0..", "Şığ")],
)
def test_a_text_has_the_encoding_that_the_device_names(encoding: str, memory: bytes, text: str) -> None:
    assert value_of(Tag("a", "DB1.STRING0", "string", length=5), memory, encoding) == Reading(text)


def test_characters_end_at_the_first_that_is_zero() -> None:
    assert value_of(Tag("a", "DB1.CHAR0", "string", length=6), b"abc\0xy") == Reading("abc")
    assert value_of(Tag("a", "DB1.CHAR0", "string", length=3), b"abcdef") == Reading("abc")
