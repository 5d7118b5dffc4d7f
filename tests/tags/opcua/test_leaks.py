"""Links leave nothing behind: no thread, no descriptor, no object."""

import gc
import os
import threading
from time import monotonic

import pytest

from devstack.fault_proxy import FaultProxy
from devstack.processes import free_port
from plantpulse.errors import DeviceUnavailable
from plantpulse.tags.drivers.opcua import DRIVER
from plantpulse.tags.readings import Reading
from tests.tags.opcua.plants import PATIENT_S, Plant, endpoint_of, line1, link_to, read

RUNS = [line1("Runs", "bool")]


def test_fifty_failed_connections_leave_no_thread_and_no_descriptor(quick_plant: Plant) -> None:
    nobody = free_port()
    with FaultProxy("127.0.0.1", quick_plant.port) as proxy:
        proxy.be_silent()
        _fail_to_connect(nobody, PATIENT_S)
        threads, descriptors = set(threading.enumerate()), _descriptors()

        for _ in range(45):
            _fail_to_connect(nobody, PATIENT_S)
        for _ in range(5):
            _fail_to_connect(proxy.port, 0.1)

        assert proxy.wait_until_idle(PATIENT_S)
        proxy.refuse()
        assert {each for each in threading.enumerate() if each.name == "opcua"} == set()
        assert len(set(threading.enumerate()) - threads) == 0
        assert _descriptors() <= descriptors


def test_a_hundred_reconnections_leave_nothing_behind(plant: Plant) -> None:
    _connect_and_read(plant)
    gc.collect()
    descriptors, objects = _descriptors(), len(gc.get_objects())

    for _ in range(100):
        _connect_and_read(plant)

    gc.collect()
    assert _descriptors() <= descriptors
    assert len(gc.get_objects()) - objects < 500
    assert "opcua" not in {each.name for each in threading.enumerate()}


def test_all_links_of_a_process_share_one_thread_which_ends_with_the_last(plant: Plant) -> None:
    links = [link_to(plant.port) for _ in range(5)]
    assert [each.name for each in threading.enumerate()].count("opcua") == 1

    for link in links[1:]:
        link.close()
    assert read(links[0], RUNS) == [Reading(True)]

    links[0].close()
    links[0].close()
    assert "opcua" not in {each.name for each in threading.enumerate()}


def _connect_and_read(plant: Plant) -> None:
    link = link_to(plant.port)
    assert read(link, RUNS) == [Reading(True)]
    link.close()


def _fail_to_connect(port: int, within_s: float) -> None:
    link = DRIVER.open_link(endpoint_of(port), None)
    with pytest.raises(DeviceUnavailable):
        link.connect(monotonic() + within_s)


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))
