"""What is read from a controller of EtherNet/IP, in good days and bad ones."""

from time import monotonic

import pytest

from devstack.fault_proxy import FaultProxy
from plantpulse.errors import DeviceRefused, DeviceTimedOut, DeviceUnavailable
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import DataType, Tag
from tests.patience import PATIENT_S, SHORT_S
from tests.tags.ethernet_ip.controllers import Controller, link_to, read

RUNS = [Tag("", "Runs", "bool"), Tag("", "Word", "uint32")]
GOOD = [Reading(True), Reading(4_000_000_000)]


@pytest.mark.parametrize(
    ("name", "data_type", "value"),
    [
        ("Speed", "float32", 12.3),
        ("Torque", "float64", -0.1),
        ("Small", "int8", -5),
        ("Small", "float64", -5.0),
        ("Word", "uint32", 4_000_000_000),
        ("Runs", "bool", True),
        ("Name", "string", ""),
        ("Many[299]", "int32", 299),
        ("Parts.3", "bool", True),
        ("Parts.2", "bool", False),
    ],
)
def test_a_value_of_each_type_is_read(
    controller: Controller, name: str, data_type: DataType, value: object
) -> None:
    link = link_to(controller.port)

    # The type is a parameter.
    assert read(link, [Tag("", name, data_type)]) == [Reading(value)]  # type: ignore[arg-type]
    link.close()


FORWARD_OPENED = (0xD4, 0xDB)  # the replies to both ways to open a connection


def no_connection_left(reply: bytes) -> bytes:
    """Return the controller's reply, as one that has no connection left to open: general status 1."""
    opens = len(reply) > 42 and reply[0] == 0x6F and reply[40] in FORWARD_OPENED
    return reply[:42] + b"\x01" + reply[43:] if opens else reply


def test_a_second_connection_that_the_controller_refuses_is_told_and_the_first_goes_on(
    controller: Controller,
) -> None:
    with FaultProxy("127.0.0.1", controller.port) as proxy:
        first = link_to(proxy.port)
        proxy.change_replies(no_connection_left)

        with pytest.raises(DeviceUnavailable, match=r"made no connection: .* it has no connection left"):
            link_to(proxy.port)

        assert read(first, RUNS) == GOOD
        proxy.heal()
        second = link_to(proxy.port)
        assert read(second, RUNS) == GOOD
        first.close()
        second.close()


def test_one_bad_tag_is_one_bad_quality(controller: Controller) -> None:
    link = link_to(controller.port)

    readings = read(
        link,
        [
            Tag("", "Runs", "bool"),
            Tag("", "Nowhere", "int32"),
            Tag("", "Many[300]", "int32"),
            Tag("", "Small.9", "bool"),
            Tag("", "Speed.1", "bool"),
            Tag("", "Speed", "int32"),
            Tag("", "Word", "uint32"),
        ],
    )

    nowhere, unreadable = Reading(None, Quality.NO_SUCH_ADDRESS), Reading(None, Quality.NOT_READABLE)
    assert readings == [
        Reading(True),
        nowhere,
        nowhere,
        nowhere,
        unreadable,
        unreadable,
        Reading(4_000_000_000),
    ]
    link.close()


def test_a_group_of_five_hundred_tags_is_read_in_packets_that_fit(controller: Controller) -> None:
    link = link_to(controller.port)

    readings = read(link, [Tag("", f"Many[{299 - number % 2}]", "int32") for number in range(500)])

    assert readings == [Reading(299), Reading(0)] * 250
    link.close()


def test_a_bit_is_set_and_nothing_else(controller: Controller) -> None:
    acknowledged = Tag("", "Acknowledged", "bool")
    link = link_to(controller.port)

    for value in (True, False):
        link.write(acknowledged, value, monotonic() + PATIENT_S)
        assert read(link, [acknowledged]) == [Reading(value)]
    for name in ("Parts", "Speed", "Nowhere"):
        with pytest.raises(DeviceRefused, match="has no bit"):
            link.write(Tag("", name, "bool"), True, monotonic() + PATIENT_S)

    assert read(link, [Tag("", "Parts", "int32"), Tag("", "Speed", "float32")]) == [Reading(8), Reading(12.3)]
    link.close()


def test_a_late_answer_is_taken_for_none(controller: Controller) -> None:
    with FaultProxy("127.0.0.1", controller.port) as proxy:
        link = link_to(proxy.port)
        proxy.delay(SHORT_S)

        with pytest.raises(DeviceTimedOut):
            read(link, RUNS, within_s=SHORT_S / 4)
        with pytest.raises(DeviceUnavailable, match="not connected"):
            read(link, RUNS)
        link.close()
