"""What a server answered, as a reading of the declared type."""

from math import inf, nan

import pytest

from plantpulse.tags.drivers.opcua.values import Answer, element_of, reading_of
from plantpulse.tags.readings import Quality, Reading, Value
from plantpulse.tags.tag import DataType, Tag

GOOD, UNCERTAIN = 0, 0x40900000


def tag(data_type: DataType, scale: float = 1.0, length: int = 0) -> Tag:
    return Tag("a", "i=1", data_type, scale=scale, length=length)


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
    reading = reading_of(tag(data_type), Answer(GOOD, value))

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
    assert reading_of(tag(data_type), Answer(GOOD, value)) == Reading(None, Quality.NOT_READABLE)


def test_a_text_longer_than_declared_is_not_cut_in_silence() -> None:
    assert reading_of(tag("string", length=3), Answer(GOOD, "1234")) == Reading(None, Quality.NOT_READABLE)
    assert reading_of(tag("string", length=4), Answer(GOOD, "1234")) == Reading("1234")


def test_a_32_bit_float_is_the_number_that_was_meant() -> None:
    assert reading_of(tag("float32"), Answer(GOOD, 12.300000190734863, is_single=True)) == Reading(12.3)
    assert reading_of(tag("float64"), Answer(GOOD, 12.300000190734863)) == Reading(12.300000190734863)


def test_a_figure_is_scaled() -> None:
    assert reading_of(tag("int16", scale=0.1), Answer(GOOD, 3)) == Reading(0.3)


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        (0x40900000, Quality.UNCERTAIN),
        (0x408F0000, Quality.UNCERTAIN),  # the last value before the server lost its device
    ],
)
def test_a_value_that_the_server_doubts_is_uncertain(status: int, quality: Quality) -> None:
    assert reading_of(tag("int16"), Answer(status, 7)) == Reading(7, quality)
    assert reading_of(tag("int16"), Answer(status, None)) == Reading(None, Quality.NOT_READABLE)


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        (0x80310000, Quality.NOT_CONNECTED),
        (0x800A0000, Quality.TIMED_OUT),
        (0x80340000, Quality.NO_SUCH_ADDRESS),
        (0x80340001, Quality.NO_SUCH_ADDRESS),  # with a detail
        (0x803A0000, Quality.REFUSED),
        (0x808B0000, Quality.DEVICE_FAILURE),
        (0x80FF0000, Quality.DEVICE_FAILURE),  # not in the table
        (0xC0000000, Quality.DEVICE_FAILURE),  # a severity that is reserved
    ],
)
def test_what_a_server_calls_bad_never_has_a_value(status: int, quality: Quality) -> None:
    assert reading_of(tag("int16"), Answer(status, 7)) == Reading(None, quality)


def test_a_good_status_with_details_is_good() -> None:
    assert reading_of(tag("int16"), Answer(0x00960000, 7)) == Reading(7)  # GoodLocalOverride


@pytest.mark.parametrize(
    ("value", "element", "expected"),
    [
        ([1, 2, 3], "2", Answer(GOOD, 3)),
        ([[1, 2], [3, 4]], "1,0", Answer(GOOD, 3)),
        ([1, 2, 3], "3", Answer(0x80370000)),
        ([], "0", Answer(0x80370000)),
        (5, "0", Answer(0x80370000)),
        ("text", "0", Answer(0x80370000)),
        ([1], "0,0", Answer(0x80370000)),
    ],
)
def test_an_element_is_of_the_array_or_there_is_none(value: object, element: str, expected: Answer) -> None:
    assert element_of(Answer(GOOD, value), element) == expected


def test_an_array_that_cannot_be_read_says_why_for_its_elements() -> None:
    assert element_of(Answer(0x80310000), "0") == Answer(0x80310000)
    assert element_of(Answer(UNCERTAIN, [1]), "0") == Answer(UNCERTAIN, 1)
