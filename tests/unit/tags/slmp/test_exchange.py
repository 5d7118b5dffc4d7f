"""Questions and answers byte by byte, over a connection that a test writes."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.errors import DeviceUnavailable
from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.slmp.addresses import _BITS, _LACKING, _WORDS, Area
from plantpulse.tags.drivers.slmp.device import Device, Series
from plantpulse.tags.drivers.slmp.exchange import Exchange
from plantpulse.tags.reader import Refusal
from plantpulse.tags.readings import Quality

DEADLINE_S = 1234.5
WORDS, FLAGS = Area("D"), Area("M")


class Wire:
    """A connection to a controller that answers each question with some data; one byte may be wrong."""

    device = "the device at plc:1025"

    def __init__(
        self,
        answer: Callable[[bytes], bytes],
        end_code: int = 0,
        wrong_at: int | None = None,
        wrong: int = 0,
    ) -> None:
        self.answer = answer
        self.end_code = end_code
        self.wrong_at = wrong_at
        self.wrong = wrong
        self.sent: list[bytes] = []
        self.deadlines: set[float] = set()
        self.is_closed = False
        self._coming = b""

    def send(self, data: bytes, deadline_s: float) -> None:
        self.sent.append(data)
        self.deadlines.add(deadline_s)
        route = 6 if data[0] == 0x54 else 2
        body = self.end_code.to_bytes(2, "little") + self.answer(data[route + 7 :])
        head = bytes([data[0] | 0x80]) + data[1 : route + 5]
        frame = bytearray(head + len(body).to_bytes(2, "little") + body)
        if self.wrong_at is not None:
            frame[self.wrong_at] ^= self.wrong
        self._coming += frame

    def receive(self, count: int, deadline_s: float) -> bytes:
        self.deadlines.add(deadline_s)
        piece, self._coming = self._coming[:count], self._coming[count:]
        if len(piece) < count:
            raise DeviceUnavailable("no more bytes came")
        return piece

    def close(self) -> None:
        self.is_closed = True


def with_data(data: str) -> Callable[[bytes], bytes]:
    return lambda _: bytes.fromhex(data)


def echo(question: bytes) -> bytes:
    return question[6:]  # behind timer, command and subcommand


def exchange(wire: Wire, series: Series = "q", frame: str = "3e") -> Exchange:
    return Exchange(wire, Device(series=series, frame="4e" if frame == "4e" else "3e"))


# Source: SH(NA)-080956ENG, 5.3: read in word units, read blocks; the device codes are those of 5.2.
@pytest.mark.parametrize(
    ("series", "extents", "question", "answer"),
    [
        (
            "q",
            [Extent(WORDS, 100, 3)],
            "50 00 00 FF FF 03 00 0C 00 0C 00 01 04 00 00 64 00 00 A8 03 00",
            "34 12 02 00 EF 1D",
        ),
        (
            "q",
            [Extent(FLAGS, 1, 2)],
            "50 00 00 FF FF 03 00 0C 00 0C 00 01 04 00 00 10 00 00 90 02 00",
            "01 00 00 80",
        ),
        (
            "iqr",
            [Extent(WORDS, 100, 3)],
            "50 00 00 FF FF 03 00 0E 00 0C 00 01 04 02 00 64 00 00 00 A8 00 03 00",
            "34 12 02 00 EF 1D",
        ),
        (
            "q",
            [Extent(WORDS, 0, 2), Extent(Area("W"), 0x100, 1)],
            "50 00 00 FF FF 03 00 14 00 0C 00 06 04 00 00 02 00 00 00 00 A8 02 00 00 01 00 B4 01 00",
            "01 02 03 04 05 06",
        ),
        (
            "q",
            [Extent(FLAGS, 0, 1), Extent(Area("B"), 1, 1)],
            "50 00 00 FF FF 03 00 14 00 0C 00 06 04 00 00 00 02 00 00 00 90 01 00 10 00 00 A0 01 00",
            "01 02 03 04",
        ),
    ],
)
def test_questions_are_those_of_the_manual(
    series: Series, extents: list[Extent[Area]], question: str, answer: str
) -> None:
    wire = Wire(with_data(answer))

    answers = exchange(wire, series).read(extents, DEADLINE_S)

    assert not isinstance(answers, Refusal)
    assert b"".join(answers) == bytes.fromhex(answer)
    assert [len(one) for one in answers] == [2 * extent.length for extent in extents]
    assert wire.sent == [bytes.fromhex(question)]
    assert wire.deadlines == {DEADLINE_S}


def test_a_4e_frame_has_a_serial_number_of_its_own() -> None:
    wire = Wire(with_data("07 00"))
    asking = exchange(wire, frame="4e")

    for _ in range(3):
        assert asking.read([Extent(WORDS, 0, 1)], DEADLINE_S) == [b"\x07\x00"]

    assert len({sent[2:4] for sent in wire.sent}) == 3
    assert {sent[:2] + sent[4:6] for sent in wire.sent} == {b"\x54\x00\x00\x00"}


def test_serial_numbers_begin_anew_after_the_last_and_not_with_the_same() -> None:
    wires = [Wire(with_data("07 00")) for _ in range(20)]
    for wire in wires:
        asking = exchange(wire, frame="4e")
        asking.read([Extent(WORDS, 0, 1)], DEADLINE_S)
        asking._serial = 0xFFFF
        asking.read([Extent(WORDS, 0, 1)], DEADLINE_S)

    assert len({wire.sent[0][2:4] for wire in wires}) > 1
    assert {wire.sent[1][2:4] for wire in wires} == {b"\x00\x00"}


def test_a_bit_is_set_alone() -> None:
    wire = Wire(with_data(""))

    assert exchange(wire).set_bit(FLAGS, 100, True, DEADLINE_S) is None

    question = "50 00 00 FF FF 03 00 0D 00 0C 00 01 14 01 00 64 00 00 90 01 00 10"
    assert wire.sent == [bytes.fromhex(question)]


def test_a_controller_signs_in_and_confirms_with_an_echo_of_another_word_each_time() -> None:
    wire = Wire(echo)
    asking = exchange(wire)

    asking.sign_in(DEADLINE_S)
    asking.confirm(DEADLINE_S)

    assert [sent[11:15] for sent in wire.sent] == [b"\x19\x06\x00\x00"] * 2
    first, second = (sent[15:] for sent in wire.sent)
    assert first != second
    assert first[:2] == b"\x08\x00"
    assert set(first[2:]) <= set(b"0123456789ABCDEF")


def test_a_frame_with_a_serial_number_needs_no_echo() -> None:
    wire = Wire(echo)

    exchange(wire, frame="4e").confirm(DEADLINE_S)

    assert wire.sent == []


def test_an_echo_that_is_another_word_is_the_answer_to_another_question() -> None:
    wire = Wire(with_data("08 00" + "30" * 8))

    with pytest.raises(DeviceUnavailable, match="answered another question"):
        exchange(wire).confirm(DEADLINE_S)

    assert wire.is_closed


def test_a_controller_that_knows_no_echo_still_names_the_question_that_it_refuses() -> None:
    of_the_echo = "00 FF FF 03 00 19 06 00 00"
    exchange(Wire(with_data(of_the_echo), 0xC059)).confirm(DEADLINE_S)

    with pytest.raises(DeviceUnavailable, match="answered another question"):
        exchange(Wire(with_data("00 FF FF 03 00 01 04 00 00"), 0xC059)).confirm(DEADLINE_S)
    with pytest.raises(DeviceUnavailable, match="refused an echo: end code 0xc059"):
        exchange(Wire(with_data(""), 0xC059)).confirm(DEADLINE_S)


def test_an_end_code_is_a_refusal_and_keeps_the_connection() -> None:
    wire = Wire(with_data("00 FF FF 03 00 01 04 00 00"), 0xC056)

    answer = exchange(wire).read([Extent(WORDS, 9999, 1)], DEADLINE_S)

    assert answer == Refusal(0xC056, Quality.NO_SUCH_ADDRESS, is_divisible=True)
    assert not wire.is_closed


def blocks(*lengths: int) -> list[Extent[Area]]:
    return [Extent(WORDS, 1000 * at, length) for at, length in enumerate(lengths)]


@pytest.mark.parametrize(
    ("series", "extents", "together"),
    [
        ("q", blocks(960), 1),
        ("q", blocks(900, 60, 1), 2),
        ("q", blocks(900, 61), 1),
        ("q", blocks(*[1] * 200), 120),
        ("iqr", blocks(*[1] * 200), 60),
        ("q", [*blocks(1, 1), Extent(FLAGS, 0, 1)], 2),
        ("q", [Extent(FLAGS, 0, 1), Extent(Area("B"), 0, 1), *blocks(1)], 2),
    ],
)
def test_a_question_holds_so_many_blocks(series: Series, extents: list[Extent[Area]], together: int) -> None:
    assert exchange(Wire(echo), series).most_together(extents) == together


@pytest.mark.parametrize("series", ["", "q", "l", "iqr", "iql", "iqf"])
def test_the_library_knows_every_device_that_an_address_may_name(series: Series) -> None:
    wire = Wire(with_data("00 00"))
    asking = exchange(wire, series)
    codes = sorted({*_WORDS, *_BITS} - set(_LACKING.get(series, ())))

    for code in codes:
        assert asking.read([Extent(Area(code), 0, 1)], DEADLINE_S) == [b"\0\0"]


@given(st.integers(0, 10), st.integers(1, 255))
def test_a_wrong_byte_before_the_data_is_never_a_value(at: int, wrong: int) -> None:
    wire = Wire(with_data("01 02 03 04"), wrong_at=at, wrong=wrong)

    try:
        answers = exchange(wire).read([Extent(WORDS, 0, 2)], DEADLINE_S)
    except DeviceUnavailable:
        return

    assert isinstance(answers, Refusal)
    assert at in (9, 10)  # the end code


@given(st.binary(max_size=30))
def test_only_an_answer_with_the_right_number_of_bytes_is_one(data: bytes) -> None:
    wire = Wire(lambda _: data)

    try:
        answers = exchange(wire).read([Extent(WORDS, 0, 2)], DEADLINE_S)
    except DeviceUnavailable:
        assert len(data) != 4
        return

    assert answers == [data]
