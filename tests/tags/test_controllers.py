"""What every controller may do to a connection of its own: it is killed, hangs, cuts, crumbles, is closed."""

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final, Protocol

import pytest

from devstack.fault_proxy import Direction, FaultProxy, Loss
from devstack.processes import Child, Children, free_port
from plantpulse.errors import DeviceTimedOut, DeviceUnavailable
from plantpulse.tags.drivers import driver_of
from plantpulse.tags.link import Link
from plantpulse.tags.readings import Reading, Value
from plantpulse.tags.tag import Tag
from tests.patience import ENDS_S, PATIENT_S, SHORT_S
from tests.tags.ethernet_ip.controllers import Controller as EnipController
from tests.tags.s7.controllers import AREAS
from tests.tags.servers.aslmp_server import Controller as SlmpController
from tests.tags.servers.snap7_server import Controller as S7Controller
from tests.tags.slmp.controllers import MEMORY
from tests.tags.standstill import stopped


class Controller(Protocol):
    """A running server; `start` starts it again on the same port."""

    children: Children
    child: Child
    port: int

    def start(self) -> Child: ...


@dataclass(frozen=True)
class Kind:
    """A kind of controller, and some tags that it has. `cuts` is how many bytes it sends for one read."""

    driver: str
    start: Callable[[Children], Controller]
    address: str
    tags: Sequence[Tag]
    values: Sequence[Value]
    cuts: range

    def link(self, port: int) -> Link:
        """Return a link that is not connected."""
        driver = driver_of(self.driver)
        return driver.open_link(driver.parse_endpoint(self.address.format(port)), None)

    def link_to(self, port: int, within_s: float = PATIENT_S) -> Link:
        """Return a link that is connected."""
        link = self.link(port)
        try:
            link.connect(monotonic() + within_s)
        except BaseException:
            link.close()
            raise
        return link

    def read(self, link: Link, within_s: float = PATIENT_S) -> Sequence[Reading]:
        """Return the readings of the tags."""
        driver = driver_of(self.driver)
        plan = driver.plan(self.tags, driver.parse_endpoint(self.address.format(1)))
        return link.read(plan, monotonic() + within_s)

    @property
    def good(self) -> Sequence[Reading]:
        """Return the readings that the tags have."""
        return [Reading(value) for value in self.values]


KINDS: Final = (
    Kind(
        "s7",
        lambda children: S7Controller(children, AREAS),
        "s7://127.0.0.1:{}",
        [Tag("a", "DB1.DBD12", "uint32"), Tag("b", "M1.5", "bool"), Tag("c", "DB7.DBB3", "uint8")],
        [4294967295, True, 3],
        range(80, 999),
    ),
    Kind(
        "slmp",
        lambda children: SlmpController(children, MEMORY),
        "slmp://127.0.0.1:{}?series=iqf",
        [Tag("a", "D4", "uint32"), Tag("b", "D2010", "uint16"), Tag("c", "M0", "bool")],
        [4294967295, 2010, True],
        range(72, 73),  # two echoes of 21 bytes each; three words, and one with bits: 17 and 13
    ),
    Kind(
        "ethernet_ip",
        EnipController,
        "enip://127.0.0.1:{}",
        [Tag("a", "Runs", "bool"), Tag("b", "Word", "uint32")],
        [True, 4_000_000_000],
        range(100, 999),
    ),
)


@pytest.fixture(params=KINDS, ids=[kind.driver for kind in KINDS], scope="module")
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture(scope="module")
def controller(kind: Kind) -> Iterator[Controller]:
    """A controller that works again after each test."""
    with Children() as children:
        yield kind.start(children)


@pytest.fixture
def proxy(controller: Controller) -> Iterator[FaultProxy]:
    """A way to the controller that the test may break."""
    with FaultProxy("127.0.0.1", controller.port) as proxy:
        yield proxy
        proxy.heal()


def test_a_connection_that_is_cut_at_any_byte_brings_no_value(kind: Kind, proxy: FaultProxy) -> None:
    cuts = 0
    for count in range(1000):
        proxy.cut_after(count, Direction.TO_CLIENT)
        link = kind.link(proxy.port)
        try:
            link.connect(monotonic() + PATIENT_S)
            readings = kind.read(link)
        except DeviceUnavailable:
            cuts += 1
            continue
        finally:
            link.close()
        assert readings == kind.good
        break

    assert cuts in kind.cuts


def test_a_reply_that_comes_byte_by_byte_is_whole(kind: Kind, proxy: FaultProxy) -> None:
    proxy.crumble()
    link = kind.link_to(proxy.port)

    for _ in range(3):
        assert kind.read(link) == kind.good
    link.close()


def test_a_controller_that_is_killed_is_unavailable_until_it_is_back(
    kind: Kind, controller: Controller
) -> None:
    link = kind.link_to(controller.port)
    assert kind.read(link) == kind.good
    os.kill(controller.child.pid, signal.SIGKILL)
    controller.children.stop(controller.child)

    with pytest.raises(DeviceUnavailable):
        kind.read(link)
    link.close()
    with pytest.raises(DeviceUnavailable, match=r"cannot be reached|failed: .*refused"):
        kind.link_to(controller.port)

    controller.start()
    again = kind.link_to(controller.port)
    assert kind.read(again) == kind.good
    again.close()


def test_a_controller_that_hangs_costs_the_deadline_and_no_more(kind: Kind, controller: Controller) -> None:
    link = kind.link_to(controller.port)
    with stopped(controller.child):
        with pytest.raises(DeviceTimedOut, match="did not answer in time"):
            kind.read(link, within_s=SHORT_S)
        with pytest.raises(DeviceUnavailable, match=r"was closed|not connected"):
            kind.read(link)
        link.close()
        with pytest.raises(DeviceTimedOut):
            kind.link_to(controller.port, within_s=SHORT_S)

    again = kind.link_to(controller.port)
    assert kind.read(again) == kind.good
    again.close()


def test_a_link_that_another_thread_closes_ends_its_read(kind: Kind, proxy: FaultProxy) -> None:
    link, errors = kind.link_to(proxy.port), list[BaseException]()
    proxy.lose_replies(b"", loss=Loss.HELD)

    def read_into() -> None:
        try:
            kind.read(link, within_s=ENDS_S)
        except DeviceUnavailable as error:
            errors.append(error)

    reader = threading.Thread(target=read_into)
    reader.start()
    assert proxy.is_held.wait(ENDS_S)
    link.close()
    reader.join(ENDS_S / 2)

    assert [type(error) for error in errors] == [DeviceUnavailable]


def test_closing_is_always_safe(kind: Kind, controller: Controller) -> None:
    link = kind.link(controller.port)
    link.close()
    link.close()

    with pytest.raises(DeviceUnavailable):
        link.connect(monotonic() + PATIENT_S)
    with pytest.raises(DeviceUnavailable):
        kind.read(link)


def test_failed_and_ended_connections_leave_nothing_behind(kind: Kind, controller: Controller) -> None:
    nobody = free_port()
    _use(kind, controller, nobody)
    gc.collect()
    descriptors, objects = _descriptors(), len(gc.get_objects())

    for _ in range(100):
        _use(kind, controller, nobody)

    assert _descriptors() <= descriptors
    gc.collect()
    assert len(gc.get_objects()) - objects < 500


def _use(kind: Kind, controller: Controller, nobody: int) -> None:
    link = kind.link_to(controller.port)
    assert kind.read(link) == kind.good
    link.close()
    with pytest.raises(DeviceUnavailable):
        kind.link_to(nobody)


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))
