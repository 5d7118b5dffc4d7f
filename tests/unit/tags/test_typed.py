"""Values that came with their type, as readings of the declared one."""

from math import inf, nan

import pytest

from plantpulse.tags.readings import Quality, Reading, Value
from plantpulse.tags.tag import DataType, Tag
from plantpulse.tags.typed import typed_reading


def tag(data_type: DataType, scale: float = 1.0, length: int = 0) -> Tag:
    return Tag("a", "x", data_type, scale=scale, length=length)


@pytest.mark.parametrize(
    ("data_type", "value", "expected"),
    [
        ("bool", True, True),
        ("int8", -128, -128),
        ("uint16", 65535, 65535),
        ("int64", 2**63 - 1, 2**63 - 1),
        ("uint64", 2**64 - 1, 2**64 - 1),
        ("float32", 5, 5.0),
        ("float64", -0.1, -0.1),
        ("string", "Öl\0\0x", "Öl"),
        ("string", "", ""),
    ],
)
def test_a_value_that_fits_is_good(data_type: DataType, value: object, expected: Value) -> None:
    reading = typed_reading(tag(data_type), value)

    assert reading == Reading(expected)
    assert type(reading.value) is type(expected)


@pytest.mark.parametrize(
    ("data_type", "value"),
    [
        ("bool", 1),
        ("bool", None),
        ("int8", 128),
        ("uint8", -1),
        ("uint32", 2**32),
        ("int32", 1.0),
        ("int32", True),
        ("int32", "1"),
        ("int32", [1]),
        ("float32", 3.5e38),
        ("float32", "1.0"),
        ("float64", nan),
        ("float64", inf),
        ("float64", False),
        ("string", 1),
        ("string", b"x"),
        ("string", "\udcff"),
        ("string", "x" * 1001),
        ("string", None),
    ],
)
def test_a_value_that_does_not_fit_is_none(data_type: DataType, value: object) -> None:
    assert typed_reading(tag(data_type), value) == Reading(None, Quality.NOT_READABLE)


def test_a_text_longer_than_declared_is_not_cut_in_silence() -> None:
    assert typed_reading(tag("string", length=3), "1234") == Reading(None, Quality.NOT_READABLE)
    assert typed_reading(tag("string", length=4), "1234") == Reading("1234")


def test_a_32_bit_float_is_the_number_that_was_meant() -> None:
    assert typed_reading(tag("float32"), 12.300000190734863, is_single=True) == Reading(12.3)
    assert typed_reading(tag("float64"), 12.300000190734863) == Reading(12.300000190734863)


def test_a_figure_is_scaled() -> None:
    assert typed_reading(tag("int16", scale=0.1), 3) == Reading(0.3)
