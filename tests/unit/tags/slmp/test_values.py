"""What words of a controller are as values, and what its end codes mean."""

import pytest

from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.slmp.addresses import place_of
from plantpulse.tags.drivers.slmp.device import Device
from plantpulse.tags.drivers.slmp.refusals import refusal_of
from plantpulse.tags.drivers.slmp.values import reading_of
from plantpulse.tags.readings import NOT_READABLE, Quality, Reading
from plantpulse.tags.tag import DataType, Order, Tag

PLAIN = Device(series="q")


def value_of(tag: Tag, memory: bytes, device: Device = PLAIN) -> Reading:
    """Return the reading of a tag, from a read of the whole memory, low bytes first."""
    place = place_of(tag, device)
    return reading_of(tag, place, Extent(place.extent.area, 0, len(memory) // 2), memory, device)


@pytest.mark.parametrize(
    ("kind", "order", "memory", "value"),
    [
        ("int16", None, "FE FF", -2),
        ("uint8", None, "21 04", 0x21),
        ("int8", None, "FB 00", -5),
        ("float32", None, "00 00 AC 41", 21.5),
        ("float32", "cdab", "00 00 AC 41", 21.5),
        ("float32", "abcd", "AC 41 00 00", 21.5),
        ("float32", "badc", "41 AC 00 00", 21.5),
        ("float32", "dcba", "00 00 41 AC", 21.5),
        ("uint32", None, "78 56 34 12", 0x12345678),
        ("int64", None, "FE FF FF FF FF FF FF FF", -2),
    ],
)
def test_the_lowest_word_comes_first_unless_the_tag_says_otherwise(
    kind: DataType, order: Order | None, memory: str, value: float
) -> None:
    assert value_of(Tag("a", "D0", kind, order=order), bytes.fromhex(memory)) == Reading(value)


def test_a_device_may_have_another_order() -> None:
    device = Device(series="q", order="abcd")

    assert value_of(Tag("a", "D0", "float32"), bytes.fromhex("AC 41 00 00"), device) == Reading(21.5)


@pytest.mark.parametrize(
    ("address", "value"),
    [("D1.0", True), ("D1.1", False), ("D1.F", True), ("M16", True), ("M17", False), ("M31", True)],
)
def test_a_bit_is_counted_from_the_lowest(address: str, value: bool) -> None:
    assert value_of(Tag("a", address, "bool"), bytes.fromhex("0000 0180")) == Reading(value)


@pytest.mark.parametrize(
    ("encoding", "length", "memory", "reading"),
    [
        ("utf-8", 5, b"abcdef", Reading("abcde")),
        ("utf-8", 6, b"abc\0xy", Reading("abc")),
        ("shift_jis", 4, "部品".encode("shift_jis"), Reading("部品")),
        ("utf-8", 4, "部品".encode("shift_jis"), NOT_READABLE),
        ("shift_jis", 3, "部品".encode("shift_jis"), NOT_READABLE),  # half of a character
        ("cp1253", 4, "Γραμ".encode("cp1253"), Reading("Γραμ")),
        ("utf-16-le", 3, "Şğ\0x".encode("utf-16-le"), Reading("Şğ")),
    ],
)
def test_a_text_has_the_encoding_that_the_device_names(
    encoding: str, length: int, memory: bytes, reading: Reading
) -> None:
    device = Device(series="q", encoding=encoding)

    assert value_of(Tag("a", "D0", "string", length=length), memory, device) == reading


@pytest.mark.parametrize(
    ("end_code", "quality", "is_divisible", "is_divisible_for_several"),
    [
        (0xC056, Quality.NO_SUCH_ADDRESS, True, True),
        (0xC05B, Quality.NO_SUCH_ADDRESS, True, True),
        (0xC05C, Quality.NO_SUCH_ADDRESS, True, True),
        (0x4031, Quality.NO_SUCH_ADDRESS, True, True),
        (0xC052, Quality.REFUSED, True, True),
        (0xC0D8, Quality.REFUSED, True, True),
        (0xC059, Quality.REFUSED, False, True),
        (0xC201, Quality.REFUSED, False, False),
        (0xC810, Quality.REFUSED, False, False),
        (0x4A01, Quality.NOT_CONNECTED, False, False),
        (0x4080, Quality.DEVICE_FAILURE, False, True),
    ],
)
def test_an_end_code_says_why_there_is_no_value(
    end_code: int, quality: Quality, is_divisible: bool, is_divisible_for_several: bool
) -> None:
    alone, among_several = refusal_of(end_code), refusal_of(end_code, is_for_several=True)

    assert (alone.quality, alone.is_divisible) == (quality, is_divisible)
    assert (among_several.quality, among_several.is_divisible) == (quality, is_divisible_for_several)
