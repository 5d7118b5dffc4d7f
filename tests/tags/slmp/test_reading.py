"""What is read from a MELSEC controller, and the one thing that is written."""

from collections.abc import Callable
from time import monotonic

import pytest

from devstack.fault_proxy import FaultProxy
from plantpulse.errors import DeviceRefused
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import DataType, Order, Tag
from tests.patience import PATIENT_S
from tests.tags.servers.aslmp_server import Controller
from tests.tags.slmp.controllers import VALUES, link_to, read

Start = Callable[..., Controller]

ABSENT = Reading(None, Quality.NO_SUCH_ADDRESS)
UNREADABLE = Reading(None, Quality.NOT_READABLE)
READ, READ_BLOCKS = b"\x01\x04", b"\x06\x04"  # the commands, low byte first
IQR = "?series=iqr"


def test_each_device_and_type_is_read_in_one_plan(controller: Controller) -> None:
    link = link_to(controller.port)

    readings = read(link, [Tag(at, at, kind, length=length) for at, kind, length, _ in VALUES])

    assert [reading for reading in readings if reading.quality] == []
    assert [(at, reading.value) for (at, *_), reading in zip(VALUES, readings, strict=True)] == [
        (at, value) for at, _, _, value in VALUES
    ]
    link.close()


@pytest.mark.parametrize("frame", ["3e", "4e"])
def test_an_iq_r_is_read_with_long_numbers_and_hexadecimal_terminals(start: Start, frame: str) -> None:
    memory = {"D": {18430: [1, 2]}, "X": {0x1F: [True]}, "Y": {0x2FF0: [True]}, "V": {3: [True]}}
    controller = start(target="r04cpu", frame=frame, memory=memory)
    link = link_to(controller.port, f"{IQR}&frame={frame}")
    tags = [
        Tag("a", "D18430", "int32"),
        Tag("b", "X1F", "bool"),
        Tag("c", "X1E", "bool"),
        Tag("d", "Y2FF0", "bool"),
        Tag("e", "V3", "bool"),
        Tag("f", "D18432", "int16"),
        Tag("g", "RD0", "int16"),
    ]

    for _ in range(3):
        readings = read(link, tags, options=IQR)
        values = [Reading(0x0002_0001), Reading(True), Reading(False), Reading(True), Reading(True)]
        assert readings == [*values, ABSENT, ABSENT]
    link.close()


@pytest.mark.parametrize(
    ("encoding", "address", "length", "text"),
    [
        ("shift_jis", "D70", 10, "部品-A"),
        ("cp1254", "D80", 10, "Şişe İı Ğğ"),
        ("utf-16-le", "D90", 12, "Γραμμή 部品"),
    ],
)
def test_a_text_is_read_in_the_encoding_of_its_controller(
    controller: Controller, encoding: str, address: str, length: int, text: str
) -> None:
    options = f"?series=iqf&encoding={encoding}"
    link = link_to(controller.port, options)

    tag = Tag("name", address, "string", length=length)
    assert read(link, [tag], options=options) == [Reading(text)]
    link.close()


def test_what_is_no_number_or_text_is_not_readable(controller: Controller) -> None:
    link = link_to(controller.port)

    readings = read(
        link, [Tag("nan", "D110", "float32"), Tag("another encoding", "D70", "string", length=10)]
    )

    assert readings == [UNREADABLE] * 2
    link.close()


@pytest.mark.parametrize(("order", "address"), [("cdab", "D6"), ("badc", "D50")])
def test_a_number_may_have_another_order(controller: Controller, order: Order, address: str) -> None:
    link = link_to(controller.port)

    assert read(link, [Tag("a", address, "float32", order=order)]) == [Reading(12.3)]
    link.close()


def test_one_bad_tag_is_one_bad_quality(controller: Controller) -> None:
    with FaultProxy("127.0.0.1", controller.port) as proxy:
        link = link_to(proxy.port)
        tags = [
            Tag("there", "D7998", "uint16"),
            Tag("the last", "D7999", "uint16"),
            Tag("over the end", "D7999", "int32"),
            Tag("behind the end", "D8000", "uint16"),
            Tag("after a hole", "D8004", "uint16"),
            Tag("flag", "M0", "bool"),
            Tag("no such flag", "M32768", "bool"),
            Tag("terminal", "X17", "bool"),
        ]
        good, flag = [Reading(7998), Reading(7999)], Reading(True)

        for _ in range(3):
            assert read(link, tags) == [*good, ABSENT, ABSENT, ABSENT, flag, ABSENT, flag]

        before = proxy.requests(READ), proxy.requests(READ_BLOCKS)
        read(link, tags)
        assert (proxy.requests(READ) - before[0], proxy.requests(READ_BLOCKS) - before[1]) == (1, 1)
        link.close()


def test_neighbours_are_one_question(proxy: FaultProxy) -> None:
    link = link_to(proxy.port)
    tags = [Tag(f"t{at}", f"D{at}", "uint16") for at in range(1000, 1500)]

    assert read(link, tags) == [Reading(at) for at in range(1000, 1500)]

    assert (proxy.requests(READ), proxy.requests(READ_BLOCKS)) == (1, 0)
    link.close()


def test_scattered_tags_are_one_question(proxy: FaultProxy) -> None:
    link = link_to(proxy.port)
    tags = [Tag(f"t{at}", f"D{at}", "uint16") for at in range(2000, 3200, 10)]

    assert read(link, tags) == [Reading(at) for at in range(2000, 3200, 10)]

    assert (proxy.requests(READ), proxy.requests(READ_BLOCKS)) == (0, 1)
    link.close()


def test_a_controller_that_knows_no_blocks_is_asked_for_one_after_the_other(start: Start) -> None:
    controller = start(lacks=["block_access"])
    with FaultProxy("127.0.0.1", controller.port) as proxy:
        link = link_to(proxy.port)
        tags = [Tag(f"t{at}", f"D{at}", "uint16") for at in range(2000, 2100, 10)]
        good = [Reading(at) for at in range(2000, 2100, 10)]
        assert read(link, tags) == good
        before = proxy.requests(READ), proxy.requests(READ_BLOCKS)

        assert read(link, tags) == good

        assert (proxy.requests(READ) - before[0], proxy.requests(READ_BLOCKS) - before[1]) == (10, 0)
        link.close()


def test_a_controller_of_another_series_refuses_each_tag(start: Start) -> None:
    controller = start(frame="4e")
    link = link_to(controller.port, IQR)

    readings = read(link, [Tag("a", "D0", "uint16"), Tag("b", "D100.0", "bool")], options=IQR)

    assert readings == [Reading(None, Quality.REFUSED)] * 2
    link.close()


@pytest.mark.parametrize("address", ["M10", "Y30", "B2A"])
def test_a_bit_is_set_and_cleared(controller: Controller, address: str) -> None:
    link, bit = link_to(controller.port), Tag("acknowledge", address, "bool")
    neighbours = [Tag("flag", "M0", "bool"), Tag("output", "Y20", "bool"), Tag("relay", "B1F", "bool")]

    for value in (True, False):
        link.write(bit, value, monotonic() + PATIENT_S)
        assert read(link, [bit, *neighbours]) == [Reading(value), *[Reading(True)] * 3]
    link.close()


@pytest.mark.parametrize(
    ("address", "kind"), [("D0", "uint16"), ("D100.1", "bool"), ("X20", "bool"), ("SM401", "bool")]
)
def test_nothing_but_a_bit_that_is_no_input_is_ever_written(
    controller: Controller, address: str, kind: DataType
) -> None:
    link, tag = link_to(controller.port), Tag("acknowledge", address, kind)
    before = read(link, [tag])

    with pytest.raises(DeviceRefused, match=f"{address} is no bit that can be set"):
        link.write(tag, True, monotonic() + PATIENT_S)

    assert read(link, [tag]) == before
    link.close()


def test_a_bit_that_the_controller_does_not_have_is_refused_for_good(controller: Controller) -> None:
    link = link_to(controller.port)

    with pytest.raises(DeviceRefused, match="did not set M32768: end code 0xc056 of SLMP"):
        link.write(Tag("acknowledge", "M32768", "bool"), True, monotonic() + PATIENT_S)
    link.close()
