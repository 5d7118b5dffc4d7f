"""What the machines show: the same at the same time, and nothing that a machine could not show."""

import struct

from devstack.machines.modbus import press_registers, scale_registers
from devstack.machines.signals import oven_at, press_at, weight_at


def test_a_press_that_waits_counts_no_strokes() -> None:
    assert [press_at(seconds).strokes for seconds in (0, 20, 26, 299.9, 300, 319.9)] == [
        0,
        0,
        5,
        232,
        233,
        233,
    ]
    assert [press_at(seconds).is_running for seconds in (0, 19.9, 20, 299.9, 300)] == [
        False,
        False,
        True,
        True,
        False,
    ]
    assert press_at(310).force == 0.0


def test_strokes_are_a_counter_of_32_bits() -> None:
    assert 0 < press_at(2_000_000_000).strokes < 2**32


def test_the_ovens_zones_stay_near_their_setpoint() -> None:
    shown = [oven_at(seconds) for seconds in range(0, 1000, 7)]

    assert {abs(zone - 185.0) <= 2.5 for oven in shown for zone in oven.zones.values()} == {True}
    assert [oven_at(seconds).recipe for seconds in (0, 900, 1800, 2700)] == [
        "Kapak 12 mm",
        "Κάλυμμα 14 mm",
        "蓋 16 mm",
        "Kapak 12 mm",
    ]


def test_one_piece_in_twelve_is_light() -> None:
    weights = [weight_at(4 * piece) for piece in range(12)]

    assert [weight for weight in weights if weight < 240] == [231.2]


def test_registers_have_the_high_word_first() -> None:
    registers = press_registers(26)

    assert struct.unpack(">Iff", struct.pack(">6H", *registers[:6]))[0] == 5
    assert registers[6] == 1
    assert (
        struct.unpack(">f", struct.pack(">2H", *scale_registers(28)))[0]
        == struct.unpack(">f", struct.pack(">f", 231.2))[0]
    )
