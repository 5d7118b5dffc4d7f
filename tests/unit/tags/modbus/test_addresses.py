"""Where a tag lies in a Modbus device."""

import pytest

from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.modbus.addresses import Area, place_of
from plantpulse.tags.requests import Place
from plantpulse.tags.tag import DataType, Tag


@pytest.mark.parametrize(
    ("address", "area", "start"),
    [
        ("00001", Area.COILS, 0),
        ("10001", Area.DISCRETE_INPUTS, 0),
        ("09999", Area.COILS, 9998),
        ("000001", Area.COILS, 0),
        ("165536", Area.DISCRETE_INPUTS, 65535),
        ("co:0", Area.COILS, 0),
        ("di:65535", Area.DISCRETE_INPUTS, 65535),
    ],
)
def test_bits_have_addresses_of_their_own(address: str, area: Area, start: int) -> None:
    assert place_of(Tag("door", address, "bool")) == Place(Extent(area, start, 1))


@pytest.mark.parametrize(
    ("address", "area", "start"),
    [
        ("30001", Area.INPUT_REGISTERS, 0),
        ("40001", Area.HOLDING_REGISTERS, 0),
        ("40108", Area.HOLDING_REGISTERS, 107),
        ("49999", Area.HOLDING_REGISTERS, 9998),
        ("400001", Area.HOLDING_REGISTERS, 0),
        ("465536", Area.HOLDING_REGISTERS, 65535),
        ("300123", Area.INPUT_REGISTERS, 122),
        ("ir:0", Area.INPUT_REGISTERS, 0),
        ("hr:65535", Area.HOLDING_REGISTERS, 65535),
    ],
)
def test_registers_are_counted_from_one_as_modicon_did_or_from_zero(
    address: str, area: Area, start: int
) -> None:
    assert place_of(Tag("speed", address, "uint16")) == Place(Extent(area, start, 1))


@pytest.mark.parametrize(
    ("data_type", "length", "registers"),
    [
        ("int8", 0, 1),
        ("uint16", 0, 1),
        ("int32", 0, 2),
        ("float32", 0, 2),
        ("uint64", 0, 4),
        ("float64", 0, 4),
        ("string", 1, 1),
        ("string", 16, 8),
        ("string", 249, 125),
    ],
)
def test_a_tag_takes_up_as_many_registers_as_its_type_needs(
    data_type: DataType, length: int, registers: int
) -> None:
    place = place_of(Tag("batch", "hr:10", data_type, length=length))

    assert place == Place(Extent(Area.HOLDING_REGISTERS, 10, registers))


@pytest.mark.parametrize(
    ("address", "bit"), [("hr:7.0", 0), ("40008.5", 5), ("ir:7.15", 15), ("30008.15", 15)]
)
def test_a_bit_of_a_register_stands_behind_a_point(address: str, bit: int) -> None:
    place = place_of(Tag("fault", address, "bool"))

    assert (place.extent.start, place.extent.length, place.bit) == (7, 1, bit)


@pytest.mark.parametrize(
    ("address", "data_type", "length", "words"),
    [
        ("", "uint16", 0, "an address is a register number such as 40001"),
        ("4001", "uint16", 0, "an address is a register number such as 40001"),
        ("20001", "uint16", 0, "an address is a register number such as 40001"),
        ("D100", "uint16", 0, "an address is a register number such as 40001"),
        ("hr:0x10", "uint16", 0, "an address is a register number such as 40001"),
        ("hr:-1", "uint16", 0, "an address is a register number such as 40001"),
        ("HR:1", "uint16", 0, "an address is a register number such as 40001"),
        ("hr:1 ", "uint16", 0, "an address is a register number such as 40001"),
        ("hr:1\n", "uint16", 0, "an address is a register number such as 40001"),
        ("hr:１", "uint16", 0, "an address is a register number such as 40001"),
        ("40000", "uint16", 0, "an address is from 1 to 65536 behind its first digit"),
        ("465537", "uint16", 0, "an address is from 1 to 65536 behind its first digit"),
        ("hr:65536", "uint16", 0, "an address is from 0 to 65535"),
        ("hr:65535", "float32", 0, "the addresses of an area end at 65535"),
        ("465534", "float64", 0, "the addresses of an area end at 65535"),
        ("co:1", "uint16", 0, "a single bit is of type bool, not uint16"),
        ("hr:1.5", "int16", 0, "a single bit is of type bool, not int16"),
        ("hr:1", "bool", 0, "a bool in a register names its bit, such as hr:0.5"),
        ("co:1.0", "bool", 0, "coils and discrete inputs are bits themselves"),
        ("hr:1.16", "bool", 0, "a register has the bits 0 to 15"),
        ("hr:1", "string", 0, "a string needs a length from 1 to 250"),
        ("hr:1", "string", 251, "a string needs a length from 1 to 250"),
    ],
)
def test_an_address_that_cannot_be_read_says_what_can(
    address: str, data_type: DataType, length: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        place_of(Tag("speed", address, data_type, length=length))
