"""A device's bytes as figures and text, with `struct` as the second opinion."""

import struct
from collections.abc import Mapping
from math import inf, isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.tags.numbers import (
    ORDERS,
    in_unit,
    likelier_order,
    most_significant_first,
    read_bit,
    read_number,
    read_text,
    scaled,
    shortest_single,
    singles,
    swapped,
)
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import DataType, Order, Tag

NOT_READABLE = Reading(None, Quality.NOT_READABLE)
FORMATS: Mapping[DataType, str] = {
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}


def tag(data_type: DataType, scale: float = 1.0, offset: float = 0.0) -> Tag:
    return Tag("speed", "40001", data_type, scale=scale, offset=offset)


@pytest.mark.parametrize(
    ("order", "raw"),
    [
        ("abcd", "41 44 cc cd"),
        ("cdab", "cc cd 41 44"),
        ("badc", "44 41 cd cc"),
        ("dcba", "cd cc 44 41"),
    ],
)
def test_a_32_bit_float_in_each_order(order: Order, raw: str) -> None:
    assert read_number(tag("float32"), bytes.fromhex(raw), order) == Reading(12.3)


@pytest.mark.parametrize(
    ("order", "raw"),
    [
        ("abcd", "01 02 03 04 05 06 07 08"),
        ("cdab", "07 08 05 06 03 04 01 02"),
        ("badc", "02 01 04 03 06 05 08 07"),
        ("dcba", "08 07 06 05 04 03 02 01"),
    ],
)
def test_a_64_bit_number_in_each_order(order: Order, raw: str) -> None:
    assert read_number(tag("uint64"), bytes.fromhex(raw), order) == Reading(0x0102030405060708)


@pytest.mark.parametrize(("order", "value"), [("abcd", 258), ("cdab", 258), ("badc", 513), ("dcba", 513)])
def test_a_word_has_only_the_order_of_its_bytes(order: Order, value: float) -> None:
    assert read_number(tag("uint16"), b"\x01\x02", order) == Reading(value)


@pytest.mark.parametrize(("order", "value"), [("abcd", -2), ("cdab", -2), ("badc", 1), ("dcba", 1)])
def test_a_byte_in_a_word_is_its_low_one(order: Order, value: float) -> None:
    assert read_number(tag("int8"), b"\x01\xfe", order) == Reading(value)
    assert read_number(tag("int8"), b"\xfe", order) == Reading(-2)


@pytest.mark.parametrize("raw", [b"", b"\x01", b"\x01\x02\x03", b"\x01\x02\x03\x04\x05\x06\x07\x08"])
def test_too_few_or_too_many_bytes_are_never_a_value(raw: bytes) -> None:
    with pytest.raises(ValueError, match=f"float32 has 4 bytes, not {len(raw)}"):
        read_number(tag("float32"), raw)


@given(st.sampled_from(sorted(FORMATS)), st.binary(min_size=8, max_size=8), st.sampled_from(["abcd", "dcba"]))
def test_numbers_are_what_struct_says(data_type: DataType, raw: bytes, order: Order) -> None:
    form = {"abcd": ">", "dcba": "<"}[order] + FORMATS[data_type]
    raw = raw[: struct.calcsize(form)]
    (expected,) = struct.unpack(form, raw)

    reading = read_number(tag(data_type), raw, order)

    if not isfinite(expected):
        assert reading == NOT_READABLE
    else:
        assert struct.pack(form, reading.value) == raw
        assert type(reading.value) is type(expected)


@given(st.sampled_from(ORDERS), st.binary(min_size=8, max_size=8))
def test_an_order_is_its_own_inverse(order: Order, raw: bytes) -> None:
    assert most_significant_first(most_significant_first(raw, order), order) == raw


@pytest.mark.parametrize("data_type", ["float32", "float64"])
@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_is_not_finite_is_not_readable(data_type: DataType, value: float) -> None:
    raw = struct.pack(">" + FORMATS[data_type], value)

    assert read_number(tag(data_type), raw) == NOT_READABLE


def test_a_large_counter_stays_exact() -> None:
    reading = read_number(tag("int64"), struct.pack(">q", 2**53 + 1))

    assert reading == Reading(9007199254740993)
    assert isinstance(reading.value, int)


@pytest.mark.parametrize(
    ("number", "scale", "offset", "figure"),
    [
        (3, 0.1, 0, 0.3),
        (123, 0.1, -40, -27.7),
        (2**53 + 1, 1, 5, 2**53 + 6),
        (2**53 + 1, 1, -0.5, 9007199254740992.5),
        (12.3, 10.0, 0, 123.0),
        (7, 0, 5, 5.0),
    ],
)
def test_a_figure_is_number_times_scale_plus_offset(
    number: float, scale: float, offset: float, figure: float
) -> None:
    reading = scaled(tag("int64", scale, offset), number)

    assert reading == Reading(figure)
    assert type(reading.value) is type(figure)


def test_a_figure_that_no_float_can_hold_is_not_readable() -> None:
    assert scaled(tag("float64", scale=10.0), 1e308) == NOT_READABLE


@given(st.integers(-(2**31), 2**31), st.integers(0, 6))
def test_decimal_places_are_those_that_the_number_has(number: int, places: int) -> None:
    figure = scaled(tag("int32", scale=float(f"1e-{places}")), number).value

    assert figure == float(f"{number}e-{places}")


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_the_shortest_number_is_the_same_float(value: float) -> None:
    assert struct.pack(">f", shortest_single(value)) == struct.pack(">f", value)
    assert len(repr(shortest_single(value))) <= len(repr(value))


def test_the_largest_float_is_not_rounded_up_beyond_itself() -> None:
    assert shortest_single(3.4028234663852886e38) == 3.4028235e38


@pytest.mark.parametrize(
    ("bit", "order", "is_set"),
    [(0, "abcd", True), (9, "abcd", True), (1, "abcd", False), (8, "badc", True), (1, "dcba", True)],
)
def test_a_bit_of_a_word_counts_from_the_least_significant(bit: int, order: Order, is_set: bool) -> None:
    assert read_bit(b"\x02\x01", bit, order) is is_set


@pytest.mark.parametrize(("raw", "bit"), [(b"\x01", 8), (b"\x01\x02", 16), (b"\x01", -1)])
def test_a_bit_that_is_not_there_is_refused(raw: bytes, bit: int) -> None:
    with pytest.raises(ValueError, match="the bit must be from 0 to"):
        read_bit(raw, bit)


@pytest.mark.parametrize(
    ("raw", "encoding", "text"),
    [
        (b"L-4711\0\0", "utf-8", "L-4711"),
        (b"L-4711  ", "utf-8", "L-4711"),
        (b" L 47 \0\xff\xff", "utf-8", " L 47"),
        (b"\0\0\0\0", "utf-8", ""),
        (b"", "utf-8", ""),
        ("Öl".encode(), "utf-8", "Öl"),
        ("Öl".encode("latin-1"), "latin-1", "Öl"),
        ("加工".encode("shift_jis"), "shift_jis", "加工"),
        ("Öl\0?".encode("utf-16-be"), "utf-16-be", "Öl"),
        ("Ā1".encode("utf-16-be"), "utf-16-be", "Ā1"),
    ],
)
def test_a_text_ends_at_its_padding(raw: bytes, encoding: str, text: str) -> None:
    assert read_text(raw, encoding) == Reading(text)


def test_bytes_that_are_no_text_are_not_readable() -> None:
    assert read_text(b"\xff\xfe\xfd", "utf-8") == NOT_READABLE


def test_texts_that_are_stored_low_byte_first_are_turned() -> None:
    assert swapped(b"-L74113") == b"L-47113"


@pytest.mark.parametrize("value", [12.3, 0.5, -40.25, 1013.2468, 98765.4321, 0.00731])
@pytest.mark.parametrize("order", ORDERS)
def test_a_usual_measurement_casts_no_doubt_on_its_order(value: float, order: Order) -> None:
    raw = most_significant_first(struct.pack(">f", value), order)

    assert likelier_order(raw, order) is None


@pytest.mark.parametrize("value", [12.3, 0.5, 1013.25, 21.7])
@pytest.mark.parametrize(("order", "wrong"), [("cdab", "abcd"), ("abcd", "dcba"), ("dcba", "badc")])
def test_a_wrong_order_is_suspected(value: float, order: Order, wrong: Order) -> None:
    raw = most_significant_first(struct.pack(">f", value), order)

    assert likelier_order(raw, wrong) == order


def test_zero_and_bytes_that_are_no_number_are_no_reason() -> None:
    assert likelier_order(bytes(4), "abcd") is None
    assert likelier_order(b"\xff\xff\xff\xff", "abcd") is None


def test_what_four_bytes_are_in_each_order_can_be_shown() -> None:
    assert singles(bytes.fromhex("cc cd 41 44")) == {
        "abcd": -107612700.0,
        "cdab": 12.3,
        "badc": -428378140.0,
        "dcba": 775.2156,
    }


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (Reading(7), Reading(5.7)),
        (Reading(7, Quality.UNCERTAIN), Reading(5.7, Quality.UNCERTAIN)),
        (Reading(True), Reading(True)),
        (Reading("A-17"), Reading("A-17")),
        (Reading(None, Quality.TIMED_OUT), Reading(None, Quality.TIMED_OUT)),
    ],
)
def test_a_number_that_was_read_unscaled_is_brought_into_its_unit(
    reading: Reading, expected: Reading
) -> None:
    assert in_unit(tag("uint16", 0.1, 5), reading) == expected


def test_a_number_that_its_scale_makes_infinite_is_not_readable() -> None:
    assert in_unit(tag("float64", 10.0), Reading(1e308)) == NOT_READABLE
