"""A device that answers that it does not set a bit: that is an answer, and its link goes on."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from time import monotonic
from typing import Final

import pytest

from devstack.processes import Children
from plantpulse.errors import DeviceRefused
from plantpulse.tags.drivers import driver_of
from plantpulse.tags.readings import Reading
from plantpulse.tags.tag import Tag
from tests.patience import PATIENT_S
from tests.tags.ethernet_ip.controllers import Controller as EnipController
from tests.tags.opcua.plants import asyncua_plant, line1
from tests.tags.s7.controllers import AREAS
from tests.tags.servers.aslmp_server import Controller as SlmpController
from tests.tags.servers.pymodbus_server import PymodbusDevice, serving
from tests.tags.servers.snap7_server import Controller as S7Controller
from tests.tags.slmp.controllers import MEMORY

Start = Callable[[ExitStack], int]


def on(start: Callable[[Children], int]) -> Start:
    """Return how to start a device in a process of its own."""
    return lambda stack: start(stack.enter_context(Children()))


def modbus(stack: ExitStack) -> int:
    return stack.enter_context(serving(PymodbusDevice({0: 1}, coils={0: True}))).port


def bit(address: str) -> Tag:
    return Tag(address, address, "bool")


# How each device is started, its address, a bit that is set, and one that it does not set.
DEVICES: Final[dict[str, tuple[Start, str, Tag, Tag]]] = {
    "modbus": (modbus, "modbus://127.0.0.1:{}", bit("co:0"), bit("co:500")),
    "opcua": (
        on(lambda children: asyncua_plant(children).port),
        "opc.tcp://127.0.0.1:{}/plant",
        line1("Runs", "bool"),
        line1("Fixed", "bool"),
    ),
    "s7": (
        on(lambda children: S7Controller(children, AREAS).port),
        "s7://127.0.0.1:{}",
        bit("M1.5"),
        bit("DB9.DBX400.0"),
    ),
    "slmp": (
        on(lambda children: SlmpController(children, MEMORY).port),
        "slmp://127.0.0.1:{}?series=iqf",
        bit("M0"),
        bit("M32768"),
    ),
    "ethernet_ip": (
        on(lambda children: EnipController(children).port),
        "enip://127.0.0.1:{}",
        bit("Runs"),
        bit("Speed"),
    ),
}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("name", DEVICES)
def test_the_link_that_was_refused_a_write_reads_on(name: str, stack: ExitStack) -> None:
    start, address, is_set, refused = DEVICES[name]
    driver, port = driver_of(name), start(stack)
    endpoint = driver.parse_endpoint(address.format(port))
    link = stack.enter_context(closing(driver.open_link(endpoint, None)))
    link.connect(monotonic() + PATIENT_S)

    for _ in range(2):
        with pytest.raises(DeviceRefused):
            link.write(refused, True, monotonic() + PATIENT_S)

        assert link.read(driver.plan([is_set], endpoint), monotonic() + PATIENT_S) == [Reading(True)]
