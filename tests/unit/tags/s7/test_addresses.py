"""Where a tag lies in an S7 controller."""

import pytest

from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.s7.addresses import Area, place_of
from plantpulse.tags.requests import Place
from plantpulse.tags.tag import DataType, Order, Tag

INPUTS, OUTPUTS, FLAGS = Area(0x81), Area(0x82), Area(0x83)


def block(number: int) -> Area:
    return Area(0x84, number)


@pytest.mark.parametrize(
    ("address", "area", "byte", "bit"),
    [
        ("DB1.DBX0.3", block(1), 0, 3),
        ("DB65535.DBX65535.7", block(65535), 65535, 7),
        ("%DB12.DBX4.0", block(12), 4, 0),
        ("db2.dbx10.1", block(2), 10, 1),
        ("M10.3", FLAGS, 10, 3),
        ("%MX10.3", FLAGS, 10, 3),
        ("I0.0", INPUTS, 0, 0),
        ("E0.0", INPUTS, 0, 0),
        ("Q4.7", OUTPUTS, 4, 7),
        ("A4.7", OUTPUTS, 4, 7),
        ("a4.7", OUTPUTS, 4, 7),
    ],
)
def test_a_bit_is_named_as_in_siemens_tools_in_both_languages(
    address: str, area: Area, byte: int, bit: int
) -> None:
    assert place_of(Tag("door", address, "bool")) == Place(Extent(area, byte, 1), bit)


@pytest.mark.parametrize(
    ("address", "kind", "area", "byte", "length"),
    [
        ("DB1.DBB2", "uint8", block(1), 2, 1),
        ("DB1.DBW2", "int16", block(1), 2, 2),
        ("DB1.DBD4", "float32", block(1), 4, 4),
        ("%DB1.DBD4", "uint32", block(1), 4, 4),
        ("DB1.DBL8", "float64", block(1), 8, 8),
        ("MB10", "int8", FLAGS, 10, 1),
        ("MW10", "uint16", FLAGS, 10, 2),
        ("MD10", "int32", FLAGS, 10, 4),
        ("%ML16", "int64", FLAGS, 16, 8),
        ("IW4", "int16", INPUTS, 4, 2),
        ("EW4", "int16", INPUTS, 4, 2),
        ("ED4", "float32", INPUTS, 4, 4),
        ("QD0", "uint32", OUTPUTS, 0, 4),
        ("AB0", "uint8", OUTPUTS, 0, 1),
    ],
)
def test_a_number_is_as_long_as_its_address_says(
    address: str, kind: DataType, area: Area, byte: int, length: int
) -> None:
    assert place_of(Tag("speed", address, kind)) == Place(Extent(area, byte, length))


@pytest.mark.parametrize(
    ("address", "length", "bytes_"),
    [
        ("DB1.STRING20", 30, 32),
        ("DB1.STRING20.30", 0, 32),
        ("DB1.STRING20.30", 30, 32),
        ("DB1.STRING0", 254, 256),
        ("DB1.WSTRING20", 30, 64),
        ("DB1.CHAR20", 30, 30),
        ("db1.char20.30", 0, 30),
    ],
)
def test_a_text_has_its_length_in_the_address_or_in_its_column(
    address: str, length: int, bytes_: int
) -> None:
    assert place_of(Tag("name", address, "string", length=length)).extent.length == bytes_


@pytest.mark.parametrize(
    ("address", "kind", "length", "words"),
    [
        ("", "int16", 0, "an address is a bit such as DB1.DBX0.3"),
        ("DB1", "int16", 0, "an address is a bit such as DB1.DBX0.3"),
        ("DB1.W2", "int16", 0, "an address is a bit such as DB1.DBX0.3"),
        ("DB1,W2", "int16", 0, "an address is a bit such as DB1.DBX0.3"),
        ("DB1.DBW-2", "int16", 0, "an address is a bit such as DB1.DBX0.3"),
        ("DB1.DBW2 ", "int16", 0, "an address is a bit such as DB1.DBX0.3"),
        ("DB1.DBW２", "int16", 0, "an address is a bit such as DB1.DBX0.3"),
        ("D100", "int16", 0, "an address is a bit such as DB1.DBX0.3"),
        ("T5", "int16", 0, "an address is a bit such as DB1.DBX0.3"),
        ("Z5", "int16", 0, "an address is a bit such as DB1.DBX0.3"),
        ("40001", "int16", 0, "an address is a bit such as DB1.DBX0.3"),
        ("DB0.DBW0", "int16", 0, "a data block has a number from 1 to 65535"),
        ("DB65536.DBW0", "int16", 0, "a data block has a number from 1 to 65535"),
        ("DB1.DBW65535", "int16", 0, "the bytes of an area end at 65535"),
        ("DB1.DBX65536.0", "bool", 0, "the bytes of an area end at 65535"),
        ("DB1.DBX0", "bool", 0, "a bit has its number behind a point: DB1.DBX0.0"),
        ("M10", "uint8", 0, "a bit has its number behind a point: M10.0. A byte is MB0 or DB1.DBB0"),
        ("DB1.DBX0.8", "bool", 0, "a byte has the bits 0 to 7"),
        ("DB1.DBX0.3", "uint8", 0, "a bit is of type bool, not uint8"),
        ("DB1.DBX8.0", "float64", 0, "numbers have B, W, D or L for X"),
        ("DB1.DBW0.3", "bool", 0, "only a bit has a number behind a point"),
        ("DB1.DBW0", "bool", 0, "a bool is a bit: write DB1.DBX0.0"),
        ("DB1.DBW0", "string", 10, "a string is DB1.STRING20, DB1.WSTRING20 or DB1.CHAR20"),
        (
            "DB1.DBW2",
            "float32",
            0,
            "DB1.DBW2 is 2 long, in bytes, and float32 is 4: write DB1.DBD2, or another",
        ),
        ("MD2", "int64", 0, "MD2 is 4 long, in bytes, and int64 is 8: write ML2, or another type"),
        ("DB1.DBD2", "int8", 0, "write DB1.DBB2, or another type"),
        ("DB1.STRING20", "int16", 0, "a text is of type string, not int16"),
        ("DB1.STRING20", "string", 0, "a string needs a length from 1 to 254"),
        ("DB1.STRING20.255", "string", 0, "a string needs a length from 1 to 254"),
        ("DB1.STRING20.30", "string", 20, "name different lengths: leave one out"),
        ("DB1.STRING65300", "string", 250, "the bytes of an area end at 65535"),
    ],
)
def test_an_address_that_cannot_be_read_says_what_can(
    address: str, kind: DataType, length: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        place_of(Tag("speed", address, kind, length=length))


@pytest.mark.parametrize(
    ("address", "kind", "length"), [("DB1.DBX0.0", "bool", 0), ("DB1.STRING0", "string", 5)]
)
def test_bits_and_texts_have_no_order(address: str, kind: DataType, length: int) -> None:
    order: Order = "cdab"

    with pytest.raises(ValueError, match="leave byte_order empty"):
        place_of(Tag("a", address, kind, length=length, order=order))
