"""Questions and answers byte by byte, over a connection that a test writes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.errors import DeviceUnavailable
from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.modbus.addresses import Area
from plantpulse.tags.drivers.modbus.exchange import Exchange
from plantpulse.tags.reader import Refusal
from plantpulse.tags.readings import Quality

DEADLINE_S = 1234.5


class Wire:
    """A connection to a device that answers each question with the same PDU; one byte may be wrong."""

    device = "the device at plc:502"

    def __init__(self, answer: bytes, wrong_at: int | None = None, wrong: int = 0) -> None:
        self.answer = answer
        self.wrong_at = wrong_at
        self.wrong = wrong
        self.sent: list[bytes] = []
        self.deadlines: set[float] = set()
        self.is_closed = False
        self._coming = b""

    def send(self, data: bytes, deadline_s: float) -> None:
        self.sent.append(data)
        self.deadlines.add(deadline_s)
        frame = bytearray(data[:4] + struct.pack(">HB", len(self.answer) + 1, data[6]) + self.answer)
        if self.wrong_at is not None:
            frame[self.wrong_at] ^= self.wrong
        self._coming += bytes(frame)

    def receive(self, count: int, deadline_s: float) -> bytes:
        self.deadlines.add(deadline_s)
        piece, self._coming = self._coming[:count], self._coming[count:]
        if len(piece) < count:
            raise DeviceUnavailable("no more bytes came")
        return piece

    def close(self) -> None:
        self.is_closed = True


def exchange(wire: Wire, unit: int = 17) -> Exchange:
    return Exchange(wire, unit)


# Source: Modbus Application Protocol Specification V1.1b3, the examples of 6.1 to 6.5.
@pytest.mark.parametrize(
    ("extent", "question", "answer", "data"),
    [
        (Extent(Area.COILS, 0x13, 0x13), "01 00 13 00 13", "01 03 CD 6B 05", "CD 6B 05"),
        (Extent(Area.DISCRETE_INPUTS, 0xC4, 0x16), "02 00 C4 00 16", "02 03 AC DB 35", "AC DB 35"),
        (
            Extent(Area.HOLDING_REGISTERS, 0x6B, 3),
            "03 00 6B 00 03",
            "03 06 02 2B 00 00 00 64",
            "022B00000064",
        ),
        (Extent(Area.INPUT_REGISTERS, 0x08, 1), "04 00 08 00 01", "04 02 00 0A", "00 0A"),
    ],
)
def test_questions_and_answers_are_those_of_the_specification(
    extent: Extent[Area], question: str, answer: str, data: str
) -> None:
    wire = Wire(bytes.fromhex(answer))

    assert exchange(wire).read(extent, DEADLINE_S) == bytes.fromhex(data)

    (sent,) = wire.sent
    assert sent[2:] == bytes.fromhex("00 00 00 06 11" + question)
    assert wire.deadlines == {DEADLINE_S}


def test_a_coil_is_set_as_the_specification_says() -> None:
    wire = Wire(bytes.fromhex("05 00 AC FF 00"))

    assert exchange(wire).set_coil(0xAC, True, DEADLINE_S) is None

    assert wire.sent[0][6:] == bytes.fromhex("11 05 00 AC FF 00")
    assert wire.deadlines == {DEADLINE_S}


def test_an_exception_is_a_refusal_and_keeps_the_connection() -> None:
    wire = Wire(bytes.fromhex("81 02"))

    assert exchange(wire).read(Extent(Area.COILS, 0x04A1, 1), DEADLINE_S) == Refusal(
        2, Quality.NO_SUCH_ADDRESS, is_divisible=True
    )

    assert not wire.is_closed


def test_each_question_has_a_number_of_its_own_and_none_is_zero() -> None:
    wire = Wire(bytes.fromhex("04 02 00 0A"))
    asking = exchange(wire)

    for _ in range(0x10001):
        asking.read(Extent(Area.INPUT_REGISTERS, 8, 1), DEADLINE_S)

    numbers = [int.from_bytes(sent[:2]) for sent in wire.sent]
    assert sorted(numbers[:0xFFFF]) == list(range(1, 0x10000))
    assert numbers[0xFFFF:] == numbers[:2]


def test_connections_do_not_begin_with_the_same_number() -> None:
    wires = [Wire(bytes.fromhex("04 02 00 0A")) for _ in range(20)]

    for wire in wires:
        exchange(wire).read(Extent(Area.INPUT_REGISTERS, 8, 1), DEADLINE_S)

    assert len({wire.sent[0][:2] for wire in wires}) > 1


@given(st.integers(0, 8), st.integers(1, 255))
def test_a_wrong_byte_before_the_data_is_never_an_answer(at: int, wrong: int) -> None:
    wire = Wire(bytes.fromhex("03 04 01 02 03 04"), at, wrong)

    with pytest.raises(DeviceUnavailable):
        exchange(wire).read(Extent(Area.HOLDING_REGISTERS, 0, 2), DEADLINE_S)


@given(st.binary(min_size=1, max_size=253))
def test_only_an_answer_with_the_right_number_of_bytes_is_one(answer: bytes) -> None:
    try:
        got = exchange(Wire(answer)).read(Extent(Area.HOLDING_REGISTERS, 0, 2), DEADLINE_S)
    except DeviceUnavailable:
        return

    assert answer == (bytes([0x83, got.code]) if isinstance(got, Refusal) else b"\x03\x04" + got)
