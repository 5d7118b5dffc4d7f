"""Where a tag lies in a MELSEC controller."""

import pytest

from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.slmp.addresses import Area, place_of
from plantpulse.tags.drivers.slmp.device import Device, Series
from plantpulse.tags.requests import Place
from plantpulse.tags.tag import DataType, Order, Tag

Q = Device(series="q")


def word(code: str, number: int, length: int = 1, bit: int | None = None) -> Place[Area]:
    return Place(Extent(Area(code), number, length), bit)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("D100", word("D", 100)),
        ("d100", word("D", 100)),
        ("W1F", word("W", 0x1F)),
        ("WA0", word("W", 0xA0)),
        ("R5", word("R", 5)),
        ("ZR40000", word("ZR", 40000)),
        ("SD203", word("SD", 203)),
        ("SW1A", word("SW", 0x1A)),
        ("Z19", word("Z", 19)),
        ("TN5", word("TN", 5)),
        ("T5", word("TN", 5)),
        ("STN6", word("STN", 6)),
        ("ST6", word("STN", 6)),
        ("CN7", word("CN", 7)),
        ("C7", word("CN", 7)),
    ],
)
def test_a_word_has_a_name_and_a_number_in_its_own_notation(address: str, place: Place[Area]) -> None:
    assert place_of(Tag("speed", address, "int16"), Q) == place


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("M0", word("M", 0, bit=0)),
        ("M15", word("M", 0, bit=15)),
        ("M16", word("M", 1, bit=0)),
        ("m8191", word("M", 511, bit=15)),
        ("L20", word("L", 1, bit=4)),
        ("F3", word("F", 0, bit=3)),
        ("V3", word("V", 0, bit=3)),
        ("SM400", word("SM", 25, bit=0)),
        ("B1F", word("B", 1, bit=15)),
        ("BA0", word("B", 10, bit=0)),
        ("SB10", word("SB", 1, bit=0)),
        ("X10", word("X", 1, bit=0)),
        ("Y1F", word("Y", 1, bit=15)),
        ("DX10", word("DX", 1, bit=0)),
        ("DYA", word("DY", 0, bit=10)),
        ("D100.0", word("D", 100, bit=0)),
        ("D100.9", word("D", 100, bit=9)),
        ("D100.A", word("D", 100, bit=10)),
        ("w1f.f", word("W", 0x1F, bit=15)),
    ],
)
def test_a_bit_is_read_with_the_sixteen_that_it_lies_in(address: str, place: Place[Area]) -> None:
    assert place_of(Tag("door", address, "bool"), Q) == place


@pytest.mark.parametrize(
    ("series", "address", "number"),
    [
        ("q", "X20", 32),
        ("l", "X20", 32),
        ("iqr", "Y20", 32),
        ("iql", "Y20", 32),
        ("iqf", "X20", 16),
        ("iqf", "Y17", 15),
        ("iqf", "B20", 32),
    ],
)
def test_the_numbers_of_terminals_depend_on_the_series(series: Series, address: str, number: int) -> None:
    place = place_of(Tag("door", address, "bool"), Device(series=series))

    assert place.bit is not None
    assert place.extent.area.first_device(place.extent.start) + place.bit == number


@pytest.mark.parametrize(
    ("data_type", "length", "words"),
    [
        ("int8", 0, 1),
        ("uint16", 0, 1),
        ("int32", 0, 2),
        ("float32", 0, 2),
        ("float64", 0, 4),
        ("string", 1, 1),
        ("string", 16, 8),
        ("string", 17, 9),
    ],
)
def test_a_tag_takes_up_as_many_words_as_its_type_needs(data_type: DataType, length: int, words: int) -> None:
    assert place_of(Tag("batch", "D10", data_type, length=length), Q) == word("D", 10, words)


def test_a_wide_text_has_a_word_for_each_character() -> None:
    device = Device(series="iqr", encoding="utf-16-le")

    assert place_of(Tag("batch", "D10", "string", length=16), device) == word("D", 10, 16)


@pytest.mark.parametrize(
    ("address", "data_type", "length", "words"),
    [
        ("", "int16", 0, "an address is a word such as D100"),
        ("100", "int16", 0, "an address is a word such as D100"),
        ("D", "int16", 0, "an address is a word such as D100"),
        ("DB1.DBW2", "int16", 0, "an address is a word such as D100"),
        ("K4M0", "int16", 0, "an address is a word such as D100"),
        ("TS5", "bool", 0, "an address is a word such as D100"),
        ("D100 ", "int16", 0, "an address is a word such as D100"),
        ("D１００", "int16", 0, "an address is a word such as D100"),
        ("D-1", "int16", 0, "an address is a word such as D100"),
        ("D100.", "bool", 0, "an address is a word such as D100"),
        ("D1F", "int16", 0, "the numbers of D are decimal"),
        ("M1F", "bool", 0, "the numbers of M are decimal"),
        ("D16777216", "int16", 0, "the numbers of devices end at 16777215"),
        ("D16777215", "int32", 0, "the numbers of devices end at 16777215"),
        ("D100.10", "bool", 0, "a bit of a word is one hexadecimal digit, 0 to F: D100.A is the eleventh"),
        ("M10.1", "bool", 0, "M is a bit itself: leave out what follows the point"),
        ("M10", "int16", 0, "a bit is of type bool, not int16"),
        ("D100.A", "uint8", 0, "a bit is of type bool, not uint8"),
        ("D100", "bool", 0, "a bool in a word names its bit, such as D100.0 or D100.A"),
        ("D100", "string", 0, "a string needs a length from 1 to 1000"),
        ("RD0", "int16", 0, "q has no RD"),
    ],
)
def test_an_address_that_cannot_be_read_says_what_can(
    address: str, data_type: DataType, length: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        place_of(Tag("speed", address, data_type, length=length), Q)


@pytest.mark.parametrize(
    ("series", "address", "words"),
    [
        (
            "",
            "X10",
            "octal on an iQ-F .FX5., and hexadecimal on others: add .series= to the device's address",
        ),
        ("", "Y10", "the numbers of Y are octal on an iQ-F"),
        ("iqf", "X18", "the numbers of X are octal"),
        ("iqf", "ZR0", "iqf has no ZR"),
        ("iqf", "V0", "iqf has no V"),
        ("iqf", "DX0", "iqf has no DX"),
        ("", "RD0", "a controller without the option series has no RD"),
    ],
)
def test_a_controller_of_another_series_has_other_devices(series: Series, address: str, words: str) -> None:
    kind: DataType = "int16" if address in ("ZR0", "RD0") else "bool"

    with pytest.raises(ValueError, match=words):
        place_of(Tag("a", address, kind), Device(series=series))


@pytest.mark.parametrize(
    ("code", "can_be_set"),
    [
        ("M", True),
        ("L", True),
        ("B", True),
        ("Y", True),
        ("X", False),
        ("DX", False),
        ("SM", False),
        ("SB", False),  # some of them start and stop a network
        ("D", False),
    ],
)
def test_no_input_and_nothing_of_the_systems_can_be_set(code: str, can_be_set: bool) -> None:
    assert Area(code).can_be_set is can_be_set


@pytest.mark.parametrize(("address", "kind", "length"), [("M0", "bool", 0), ("D0", "string", 5)])
def test_bits_and_texts_have_no_order(address: str, kind: DataType, length: int) -> None:
    order: Order = "abcd"

    with pytest.raises(ValueError, match="leave byte_order empty"):
        place_of(Tag("a", address, kind, length=length, order=order), Q)
