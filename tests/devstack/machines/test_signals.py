"""What the machines show: the same at the same time, and nothing that a machine could not show."""

import struct

from devstack.machines.modbus import press_registers, scale_registers
from devstack.machines.s7 import filler_block
from devstack.machines.signals import filler_at, moulder_at, oven_at, packer_at, press_at, weight_at
from devstack.machines.slmp import moulder_words


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


def test_a_filler_fills_no_bottle_while_its_tank_is_refilled() -> None:
    shown = [filler_at(seconds) for seconds in (0, 30, 59.9, 60, 63, 479.9, 480, 540, 543)]

    assert [one.bottles for one in shown] == [0, 0, 0, 0, 4, 559, 560, 560, 564]
    assert [one.refills for one in shown] == [True, True, True, False, False, False, True, False, False]
    assert [round(one.level) for one in shown] == [15, 52, 90, 90, 89, 15, 15, 90, 89]


def test_a_moulder_counts_a_shot_each_time_that_it_closes() -> None:
    shown = [moulder_at(seconds) for seconds in (0.5, 5, 15, 23.9, 24, 48)]

    assert [one.shots for one in shown] == [0, 0, 0, 0, 1, 2]
    assert [one.force for one in shown] == [600.0, 1200.0, 0.0, 0.0, 0.0, 0.0]
    assert [one.is_closed for one in shown] == [True, True, False, False, True, True]


def test_a_packer_waits_until_its_glue_is_warm() -> None:
    shown = [packer_at(seconds) for seconds in (0, 599, 600, 606, 3599, 3600, 4206)]

    assert [one.boxes for one in shown] == [0, 0, 0, 2, 999, 1000, 1002]
    assert [round(one.glue) for one in shown] == [22, 153, 153, 154, 165, 22, 154]
    assert [one.speed for one in shown] == [0.0, 0.0, 20.0, 20.0, 20.0, 0.0, 20.0]


def test_a_block_and_words_have_their_controllers_order_of_bytes() -> None:
    assert struct.unpack(">iff?", filler_block(63)) == (
        4,
        struct.unpack("f", struct.pack("f", filler_at(63).level))[0],
        struct.unpack("f", struct.pack("f", filler_at(63).pressure))[0],
        False,
    )
    assert moulder_words(1_600_000)[:2] == (66666 & 0xFFFF, 1)


def test_registers_have_the_high_word_first() -> None:
    registers = press_registers(26)

    assert struct.unpack(">Iff", struct.pack(">6H", *registers[:6]))[0] == 5
    assert registers[6] == 1
    assert (
        struct.unpack(">f", struct.pack(">2H", *scale_registers(28)))[0]
        == struct.unpack(">f", struct.pack(">f", 231.2))[0]
    )
