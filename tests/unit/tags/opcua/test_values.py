"""What a server answered, as a reading of the declared type."""

import pytest

from plantpulse.tags.drivers.opcua.values import Answer, element_of, reading_of
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import DataType, Tag

GOOD, UNCERTAIN = 0, 0x40900000


def tag(data_type: DataType) -> Tag:
    return Tag("a", "i=1", data_type)


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


def test_a_32_bit_float_is_the_number_that_was_meant() -> None:
    assert reading_of(tag("float32"), Answer(GOOD, 12.300000190734863, is_single=True)) == Reading(12.3)
