"""What is read from an S7 controller, and the one thing that is written."""

from time import monotonic

import pytest

from devstack.fault_proxy import FaultProxy
from plantpulse.errors import DeviceRefused
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import DataType, Tag
from tests.patience import PATIENT_S
from tests.tags.s7.controllers import VALUES, link_to, read
from tests.tags.servers.snap7_server import Controller

ABSENT = Reading(None, Quality.NO_SUCH_ADDRESS)
UNREADABLE = Reading(None, Quality.NOT_READABLE)
QUESTION = b"\x32\x01"  # how each message to a controller begins


def test_each_area_and_type_is_read_in_one_plan(controller: Controller) -> None:
    link = link_to(controller.port)

    readings = read(link, [Tag(at, at, kind, length=length) for at, kind, length, _ in VALUES])

    found = {at: reading for (at, *_), reading in zip(VALUES, readings, strict=True)}
    assert found == {at: Reading(value) for at, _, _, value in VALUES}
    link.close()


@pytest.mark.parametrize(
    ("encoding", "address", "text"),
    [
        ("cp1254", "DB1.STRING122", "Şişe İı Ğğ"),
        ("cp1253", "DB1.STRING144", "Γραμμή Ω"),
        ("shift_jis", "DB1.STRING166", "部品-A"),
    ],
)
def test_a_text_is_read_in_the_encoding_of_its_controller(
    controller: Controller, encoding: str, address: str, text: str
) -> None:
    link = link_to(controller.port, f"?encoding={encoding}")

    assert read(link, [Tag("name", address, "string", length=20)]) == [Reading(text)]
    link.close()


def test_what_is_no_number_or_text_is_not_readable(controller: Controller) -> None:
    link = link_to(controller.port)

    readings = read(
        link,
        [
            Tag("nan", "DB1.DBD44", "float32"),
            Tag("another encoding", "DB1.STRING122", "string", length=20),
            Tag("never initialised", "DB1.STRING240", "string", length=20),
            Tag("longer than its room", "DB1.STRING262", "string", length=20),
            Tag("longer than declared", "DB1.STRING100", "string", length=7),
            Tag("no text", "DB7.STRING0", "string", length=20),
        ],
    )

    assert readings == [UNREADABLE] * 6
    link.close()


def test_one_bad_tag_is_one_bad_quality(controller: Controller) -> None:
    link = link_to(controller.port)
    tags = [
        Tag("there", "DB9.DBW0", "uint16"),
        Tag("the last bytes", "DB9.DBW6", "uint16"),
        Tag("over the end", "DB9.DBW7", "uint16"),
        Tag("behind the end", "DB9.DBW10", "uint16"),
        Tag("no such block", "DB2.DBX0.0", "bool"),
        Tag("flag", "M1.5", "bool"),
        Tag("behind the flags", "MW200", "int16"),
    ]

    for _ in range(3):
        readings = read(link, tags)
        assert readings == [Reading(0), Reading(0), ABSENT, ABSENT, ABSENT, Reading(True), ABSENT]
    link.close()


@pytest.mark.parametrize(("length", "questions"), [(480, 3), (240, 5)])
def test_a_group_of_five_hundred_tags_is_read_in_messages_that_fit(
    proxy: FaultProxy, length: int, questions: int
) -> None:
    proxy.change_replies(lambda reply: reply[:-2] + length.to_bytes(2) if reply[19:20] == b"\xf0" else reply)
    link = link_to(proxy.port)
    tags = [Tag(f"t{at}", f"DB7.DBW{2 * at}", "uint16") for at in range(500)]
    before = proxy.requests(QUESTION)

    readings = read(link, tags)

    assert readings == [Reading(int.from_bytes(bytes([2 * at % 256, 2 * at % 256 + 1]))) for at in range(500)]
    assert proxy.requests(QUESTION) - before == questions
    link.close()


def test_scattered_tags_share_messages(proxy: FaultProxy) -> None:
    link = link_to(proxy.port)
    tags = [Tag(f"t{at}", f"DB7.DBB{at}", "uint8") for at in range(0, 1000, 25)]
    before = proxy.requests(QUESTION)

    readings = read(link, tags)

    assert readings == [Reading(at % 256) for at in range(0, 1000, 25)]
    assert proxy.requests(QUESTION) - before == 2  # forty items, twenty in each
    link.close()


def test_a_text_that_no_message_can_carry_is_refused_alone(proxy: FaultProxy) -> None:
    tags = [Tag("text", "DB12.STRING0", "string", length=254), Tag("flag", "M1.5", "bool")]
    link = link_to(proxy.port)
    assert read(link, tags) == [Reading(("long " * 50).rstrip(" ")), Reading(True)]
    link.close()

    proxy.change_replies(lambda reply: reply[:-2] + b"\x00\xf0" if reply[19:20] == b"\xf0" else reply)
    link = link_to(proxy.port)

    assert read(link, tags) == [Reading(None, Quality.REFUSED), Reading(True)]
    link.close()


def test_a_bit_is_set_and_cleared(controller: Controller) -> None:
    link, bit = link_to(controller.port), Tag("acknowledge", "DB9.DBX4.0", "bool")

    for value in (True, False):
        link.write(bit, value, monotonic() + PATIENT_S)
        assert read(link, [bit]) == [Reading(value)]
    link.close()


@pytest.mark.parametrize(("address", "kind"), [("DB9.DBW0", "uint16"), ("I0.1", "bool"), ("MD2", "float32")])
def test_nothing_but_a_bit_that_is_no_input_is_ever_written(
    controller: Controller, address: str, kind: DataType
) -> None:
    link, tag = link_to(controller.port), Tag("acknowledge", address, kind)
    before = read(link, [tag])

    with pytest.raises(DeviceRefused, match=f"{address} is no bit that can be set"):
        link.write(tag, True, monotonic() + PATIENT_S)

    assert read(link, [tag]) == before
    link.close()


def test_rack_and_slot_are_in_the_request_for_a_connection(proxy: FaultProxy) -> None:
    for path in ("/0/2", "/3/4?connection=op", ""):
        link_to(proxy.port, path).close()

    assert proxy.requests(b"\xc2\x02\x01\x02") == 1
    assert proxy.requests(b"\xc2\x02\x02\x64") == 1
    assert proxy.requests(b"\xc2\x02\x01\x01") == 1
