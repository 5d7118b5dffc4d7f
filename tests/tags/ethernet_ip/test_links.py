"""What is read from a controller of EtherNet/IP, in good days and bad ones."""

import gc
import os
import signal
import threading
from time import monotonic

import pytest

from devstack.fault_proxy import Direction, FaultProxy
from devstack.processes import free_port
from plantpulse.errors import DeviceRefused, DeviceTimedOut, DeviceUnavailable
from plantpulse.tags.drivers.ethernet_ip import DRIVER
from plantpulse.tags.link import Link
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import DataType, Tag
from tests.patience import PATIENT_S, SHORT_S
from tests.tags.ethernet_ip.controllers import Controller, link_to, read
from tests.tags.standstill import stopped

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
        link.close()
        link = link_to(controller.port)

    assert read(link, [Tag("", "Parts", "int32"), Tag("", "Speed", "float32")]) == [Reading(8), Reading(12.3)]
    link.close()


def test_a_controller_that_is_killed_is_unavailable_until_it_is_back(own_controller: Controller) -> None:
    link = link_to(own_controller.port)
    os.kill(own_controller.child.pid, signal.SIGKILL)
    own_controller.children.stop(own_controller.child)

    with pytest.raises(DeviceUnavailable):
        read(link, RUNS)
    link.close()
    with pytest.raises(DeviceUnavailable, match="failed"):
        link_to(own_controller.port)

    own_controller.start()
    again = link_to(own_controller.port)
    assert read(again, RUNS) == GOOD
    again.close()


def test_a_controller_that_hangs_costs_the_deadline_and_no_more(controller: Controller) -> None:
    link = link_to(controller.port)
    with stopped(controller.child):
        with pytest.raises(DeviceTimedOut, match="did not answer in time"):
            read(link, RUNS, within_s=SHORT_S)
        with pytest.raises(DeviceUnavailable, match="not connected"):
            read(link, RUNS)
        link.close()
        other = DRIVER.open_link(DRIVER.parse_endpoint(f"enip://127.0.0.1:{controller.port}"), None)
        with pytest.raises(DeviceTimedOut):
            other.connect(monotonic() + SHORT_S)

    again = link_to(controller.port)
    assert read(again, RUNS) == GOOD
    again.close()


def test_a_late_answer_is_taken_for_none(controller: Controller) -> None:
    with FaultProxy("127.0.0.1", controller.port) as proxy:
        link = link_to(proxy.port)
        proxy.delay(SHORT_S)

        with pytest.raises(DeviceTimedOut):
            read(link, RUNS, within_s=SHORT_S / 4)
        with pytest.raises(DeviceUnavailable, match="not connected"):
            read(link, RUNS)
        link.close()


def test_an_answer_that_comes_in_single_bytes_is_whole(controller: Controller) -> None:
    with FaultProxy("127.0.0.1", controller.port) as proxy:
        proxy.crumble()
        link = link_to(proxy.port)

        assert read(link, RUNS) == GOOD
        link.close()


def test_a_connection_that_is_cut_at_any_byte_brings_no_value(controller: Controller) -> None:
    cuts = 0
    with FaultProxy("127.0.0.1", controller.port) as proxy:
        for count in range(1000):
            proxy.cut_after(count, Direction.TO_CLIENT)
            link = DRIVER.open_link(DRIVER.parse_endpoint(f"enip://127.0.0.1:{proxy.port}"), None)
            try:
                link.connect(monotonic() + PATIENT_S)
                readings = read(link, RUNS)
            except DeviceUnavailable:
                cuts += 1
                continue
            finally:
                link.close()
            assert readings == GOOD
            break

    assert 100 < cuts < 999


def test_a_link_is_closed_by_another_thread_while_it_reads(controller: Controller) -> None:
    link = link_to(controller.port)
    outcome: list[BaseException] = []

    with stopped(controller.child):
        reader = threading.Thread(target=_read_into, args=(link, outcome))
        reader.start()
        link.close()
        reader.join(PATIENT_S)

    assert [type(error) for error in outcome] == [DeviceUnavailable]
    link.close()


def test_failed_and_ended_connections_leave_nothing_behind(controller: Controller) -> None:
    nobody = free_port()
    _use(controller, nobody)
    gc.collect()
    descriptors, objects = _descriptors(), len(gc.get_objects())

    for _ in range(100):
        _use(controller, nobody)

    assert _descriptors() <= descriptors
    gc.collect()
    assert len(gc.get_objects()) - objects < 500


def _use(controller: Controller, nobody: int) -> None:
    link = link_to(controller.port)
    assert read(link, RUNS) == GOOD
    link.close()
    with pytest.raises(DeviceUnavailable):
        link_to(nobody)


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def _read_into(link: Link, outcome: list[BaseException]) -> None:
    try:
        read(link, RUNS)
    except BaseException as error:
        outcome.append(error)
