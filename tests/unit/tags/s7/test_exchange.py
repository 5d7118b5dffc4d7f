"""Questions and answers byte by byte, over a connection that a test writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.errors import DeviceUnavailable
from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.s7.addresses import Area
from plantpulse.tags.drivers.s7.exchange import Exchange
from plantpulse.tags.reader import Refusal
from plantpulse.tags.readings import Quality

DEADLINE_S = 1234.5
BLOCK, FLAGS = Area(0x84, 1), Area(0x83)
CONFIRMED = "03 00 00 16 11 D0 00 01 00 05 00 C0 01 0A C1 02 01 00 C2 02 01 02"
AGREED = "03 00 00 1B 02 F0 80 32 03 00 00 00 00 00 08 00 00 00 00 F0 00 00 01 00 01 00 F0"
# The answer to a read of one item with four bytes, and to one with three items: the second was refused.
ONE = "03 00 00 1D 02 F0 80 32 03 00 00 00 00 00 02 00 08 00 00 04 01 FF 04 00 20 01 02 03 04"
THREE = (
    "03 00 00 26 02 F0 80 32 03 00 00 00 00 00 02 00 11 00 00 04 03"
    "FF 04 00 08 07 00 0A 00 00 00 FF 09 00 03 41 42 43"
)
WRITTEN = "03 00 00 16 02 F0 80 32 03 00 00 00 00 00 02 00 01 00 00 05 01 FF"


class Wire:
    """A connection to a controller that answers as it was told, with the number of the question."""

    device = "the device at plc:102"

    def __init__(self, *answers: str, wrong_at: int | None = None, wrong: int = 0) -> None:
        self.answers = [bytearray.fromhex(answer) for answer in answers]
        self.wrong_at = wrong_at
        self.wrong = wrong
        self.sent: list[bytes] = []
        self.deadlines: set[float] = set()
        self.is_closed = False
        self._coming = b""

    def send(self, data: bytes, deadline_s: float) -> None:
        self.sent.append(data)
        self.deadlines.add(deadline_s)
        answer = self.answers.pop(0)
        if answer[5] == 0xF0:
            answer[11:13] = data[11:13]
        if self.wrong_at is not None and not self.answers:
            answer[self.wrong_at] ^= self.wrong
        self._coming += answer

    def receive(self, count: int, deadline_s: float) -> bytes:
        self.deadlines.add(deadline_s)
        piece, self._coming = self._coming[:count], self._coming[count:]
        if len(piece) < count:
            raise DeviceUnavailable("no more bytes came")
        return piece

    def close(self) -> None:
        self.is_closed = True


def signed_in(wire: Wire) -> Exchange:
    exchange = Exchange(wire, 0x0102)
    exchange.sign_in(DEADLINE_S)
    return exchange


def test_it_signs_in_as_rfc_1006_and_the_controllers_want_it() -> None:
    wire = Wire(CONFIRMED, AGREED)

    signed_in(wire)

    first, second = wire.sent
    assert first == bytes.fromhex("03 00 00 16 11 E0 00 00 00 01 00 C0 01 0A C1 02 01 00 C2 02 01 02")
    assert second[:11] == bytes.fromhex("03 00 00 19 02 F0 80 32 01 00 00")
    assert second[13:] == bytes.fromhex("00 08 00 00 F0 00 00 01 00 01 03 C0")
    assert wire.deadlines == {DEADLINE_S}


def test_a_question_names_area_block_byte_and_length() -> None:
    wire = Wire(CONFIRMED, AGREED, ONE)

    assert signed_in(wire).read([Extent(BLOCK, 4, 4)], DEADLINE_S) == [b"\x01\x02\x03\x04"]

    assert wire.sent[2][13:] == bytes.fromhex("00 0E 00 00 04 01 12 0A 10 02 00 04 00 01 84 00 00 20")


def test_each_item_has_an_answer_of_its_own() -> None:
    wire = Wire(CONFIRMED, AGREED, THREE)
    extents = [Extent(BLOCK, 0, 1), Extent(Area(0x84, 2), 0, 2), Extent(FLAGS, 0, 3)]

    answers = signed_in(wire).read(extents, DEADLINE_S)

    assert answers == [b"\x07", Refusal(0x0A, Quality.NO_SUCH_ADDRESS, is_divisible=True), b"ABC"]
    assert not wire.is_closed


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            ONE.replace("1D 02", "1F 02").replace("08 00 00 04", "0A 00 00 04") + "00 00",
            "behind the last item",
        ),
        (ONE.replace("04 01 FF", "04 02 FF"), "another number of items"),
        (ONE.replace("04 01 FF", "05 01 FF"), "another function"),
        (ONE.replace("00 20", "00 18"), "another number of bytes than 4"),
        (
            ONE[:-12].replace("1D 02", "19 02").replace("08 00 00 04", "04 00 00 04"),
            "another number of bytes",
        ),
        (ONE[:-15].replace("1D 02", "18 02").replace("08 00 00 04", "03 00 00 04"), "for fewer items"),
    ],
)
def test_an_answer_that_is_longer_or_shorter_than_the_question_is_none(answer: str, words: str) -> None:
    wire = Wire(CONFIRMED, AGREED, answer)

    with pytest.raises(DeviceUnavailable, match=words):
        signed_in(wire).read([Extent(BLOCK, 4, 4)], DEADLINE_S)

    assert wire.is_closed


def test_a_bit_is_set_by_its_number_from_the_start_of_the_area() -> None:
    wire = Wire(CONFIRMED, AGREED, WRITTEN)

    assert signed_in(wire).set_bit(BLOCK, 4, 3, True, DEADLINE_S) is None

    question = "00 0E 00 05 05 01 12 0A 10 01 00 01 00 01 84 00 00 23 00 03 00 01 01"
    assert wire.sent[2][13:] == bytes.fromhex(question)


@pytest.mark.parametrize(
    ("lengths", "together"),
    [
        ([222], 1),
        ([223], 1),  # alone, and refused then
        ([110, 108, 1], 2),
        ([111, 108, 1], 1),  # an odd number of bytes is filled up
        ([1] * 30, 19),
    ],
)
def test_a_message_of_240_bytes_holds_so_many_items(lengths: list[int], together: int) -> None:
    exchange = signed_in(Wire(CONFIRMED, AGREED))

    assert exchange.most_together([Extent(BLOCK, 0, length) for length in lengths]) == together


def test_twenty_items_are_the_most() -> None:
    exchange = signed_in(Wire(CONFIRMED, AGREED[:-5] + "03 C0"))

    assert exchange.most_together([Extent(BLOCK, 0, 1)] * 30) == 20


def test_what_no_message_can_carry_is_not_asked_for() -> None:
    wire = Wire(CONFIRMED, AGREED)

    answer = signed_in(wire).read([Extent(BLOCK, 0, 223)], DEADLINE_S)

    assert isinstance(answer, Refusal)
    assert (answer.quality, answer.is_divisible) == (Quality.REFUSED, True)
    assert len(wire.sent) == 2


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (["03 00 00 0B 06 80 00 01 00 00 00"], "refused the connection"),
        (["03 00 00 0B 06 D0 00 02 00 00 00"], "refused the connection"),
        (["03 00 00 07 02 F0 80"], "refused the connection"),
        (["16 03 01 00 50 01 02"], "does not speak ISO on TCP"),
        ([CONFIRMED, AGREED[:-5] + "00 20"], "allows 32 bytes in a message"),
        (
            [CONFIRMED, "03 00 00 13 02 F0 80 32 02 00 00 00 00 00 00 00 00 83 04"],
            "refused to talk: error 0x8304",
        ),
    ],
)
def test_a_controller_that_makes_no_connection_is_told_from_one_that_does(
    answers: list[str], words: str
) -> None:
    wire = Wire(*answers)

    with pytest.raises(DeviceUnavailable, match=words):
        signed_in(wire)

    assert wire.is_closed


def test_connections_do_not_begin_with_the_same_number() -> None:
    wires = [Wire(CONFIRMED, AGREED) for _ in range(20)]

    for wire in wires:
        signed_in(wire)

    assert len({wire.sent[1][11:13] for wire in wires}) > 1


def test_numbers_begin_anew_after_the_last() -> None:
    wire = Wire(CONFIRMED, AGREED, *[ONE] * 3)
    exchange = signed_in(wire)
    exchange._protocol.sequence = 0xFFFE

    for _ in range(3):
        assert exchange.read([Extent(BLOCK, 4, 4)], DEADLINE_S) == [b"\x01\x02\x03\x04"]

    assert [sent[11:13].hex() for sent in wire.sent[2:]] == ["ffff", "0000", "0001"]


def test_a_message_that_does_not_end_is_none() -> None:
    piece = "03 00 00 07 02 F0 00"
    wire = Wire(CONFIRMED, AGREED, piece * 3)

    with pytest.raises(DeviceUnavailable, match="a message that does not end"):
        signed_in(wire).read([Extent(BLOCK, 4, 4)], DEADLINE_S)


@given(st.integers(0, 24), st.integers(1, 255))
def test_a_wrong_byte_before_the_data_is_never_a_value(at: int, wrong: int) -> None:
    wire = Wire(CONFIRMED, AGREED, ONE, wrong_at=at, wrong=wrong)
    exchange = signed_in(wire)

    try:
        answers = exchange.read([Extent(BLOCK, 4, 4)], DEADLINE_S)
    except DeviceUnavailable:
        return

    # Two bytes are reserved, two hold the error of the whole answer, and one is the item's status. An answer
    # may be marked as one without data, and a length in bits may be one of another kind.
    harmless = {8: [0x01], 9: range(256), 10: range(256), 22: [0x01]}
    if isinstance(answers, Refusal):
        assert at in (17, 18)
    elif isinstance(answers[0], Refusal):
        assert at == 21
    else:
        assert wrong in harmless[at]
