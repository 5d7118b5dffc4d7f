"""What becomes of a read when an OPC UA server is killed, hangs, is slow, or answers in pieces.

An old or half value is never taken for a new one: the link says that it has none, and a new link reads again.
"""

import os
import signal
import threading
from time import monotonic

import pytest

from devstack.fault_proxy import Direction, FaultProxy
from devstack.processes import Children
from plantpulse.errors import DeviceTimedOut, DeviceUnavailable
from plantpulse.tags.drivers.opcua import DRIVER
from plantpulse.tags.link import Link
from plantpulse.tags.readings import Reading
from tests.patience import PATIENT_S, SHORT_S
from tests.tags.opcua.plants import Plant, endpoint_of, line1, link_to, node_plant, read
from tests.tags.standstill import stopped

RUNS = [line1("Runs", "bool"), line1("Parts", "uint32")]
GOOD = [Reading(True), Reading(4_000_000_000)]


def test_a_server_that_is_killed_is_unavailable_until_it_is_back(own_plant: Plant) -> None:
    link = link_to(own_plant.port)
    os.kill(own_plant.child.pid, signal.SIGKILL)
    own_plant.children.stop(own_plant.child)

    with pytest.raises(DeviceUnavailable):
        read(link, RUNS)
    link.close()
    with pytest.raises(DeviceUnavailable, match="the connection to"):
        link_to(own_plant.port)

    own_plant.start()
    again = link_to(own_plant.port)
    assert read(again, RUNS) == GOOD
    again.close()


def test_a_server_that_hangs_costs_the_deadline_and_no_more(plant: Plant) -> None:
    link = link_to(plant.port)
    with stopped(plant.child):
        with pytest.raises(DeviceTimedOut, match="did not answer in time"):
            read(link, RUNS, within_s=SHORT_S)
        link.close()
        other = DRIVER.open_link(endpoint_of(plant.port), None)
        with pytest.raises(DeviceTimedOut):
            other.connect(monotonic() + SHORT_S)

    again = link_to(plant.port)
    assert read(again, RUNS) == GOOD
    again.close()


def test_a_connection_that_is_reset_is_lost(plant: Plant) -> None:
    with FaultProxy("127.0.0.1", plant.port) as proxy:
        link = link_to(proxy.port)
        proxy.refuse()

        with pytest.raises(DeviceUnavailable):
            read(link, RUNS)
        link.close()

        proxy.heal()
        again = link_to(proxy.port)
        assert read(again, RUNS) == GOOD
        again.close()


def test_a_late_answer_is_taken_for_none(plant: Plant) -> None:
    with FaultProxy("127.0.0.1", plant.port) as proxy:
        link = link_to(proxy.port)
        proxy.delay(SHORT_S)

        with pytest.raises(DeviceTimedOut):
            read(link, RUNS, within_s=SHORT_S / 4)
        link.close()
        with pytest.raises(DeviceUnavailable, match="not connected"):
            read(link, RUNS)


def test_an_answer_that_comes_in_single_bytes_is_whole(plant: Plant) -> None:
    with FaultProxy("127.0.0.1", plant.port) as proxy:
        proxy.crumble()
        link = link_to(proxy.port)

        assert read(link, RUNS) == GOOD
        link.close()


def test_a_connection_that_is_cut_at_any_byte_brings_no_value(quick_plant: Plant) -> None:
    whole_cuts = 0
    with FaultProxy("127.0.0.1", quick_plant.port) as proxy:
        for count in range(2000):
            proxy.cut_after(count, Direction.TO_CLIENT)
            link = DRIVER.open_link(endpoint_of(proxy.port), None)
            try:
                link.connect(monotonic() + PATIENT_S)
                readings = read(link, RUNS)
            except DeviceUnavailable:
                whole_cuts += 1
                continue
            finally:
                link.close()
            assert readings == GOOD
            break

    assert 500 < whole_cuts < 1999


def test_a_session_too_many_is_refused_and_disturbs_nobody(children: Children) -> None:
    small = node_plant(children, maxSessions=1)
    link = link_to(small.port)

    with pytest.raises(DeviceUnavailable, match="BadTooManySessions"):
        link_to(small.port)

    assert read(link, RUNS) == GOOD
    link.close()
    again = link_to(small.port)
    assert read(again, RUNS) == GOOD
    again.close()


def test_a_link_is_closed_by_another_thread_while_it_reads(plant: Plant) -> None:
    link = link_to(plant.port)
    outcome: list[BaseException] = []

    with stopped(plant.child):
        reader = threading.Thread(target=_read_into, args=(link, outcome))
        reader.start()
        link.close()
        reader.join(PATIENT_S)

    assert [type(error) for error in outcome] == [DeviceUnavailable]
    link.close()


def _read_into(link: Link, outcome: list[BaseException]) -> None:
    try:
        read(link, RUNS)
    except BaseException as error:
        outcome.append(error)
