"""A controller that the tests read, one that a test may break, and a proxy before it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from devstack.fault_proxy import FaultProxy
from devstack.processes import Children
from tests.tags.servers.aslmp_server import Controller, Memory
from tests.tags.slmp.controllers import MEMORY


@pytest.fixture(scope="session")
def controller() -> Iterator[Controller]:
    """A controller that works."""
    with Children() as children:
        yield Controller(children, MEMORY)


@pytest.fixture
def start() -> Iterator[Callable[..., Controller]]:
    """Start a controller that the test may break, or that has faults: `start(late_reply_s=1)`."""
    with Children() as children:

        def started(memory: Memory = MEMORY, **how: Any) -> Controller:
            return Controller(children, memory, **how)

        yield started


@pytest.fixture
def proxy(controller: Controller) -> Iterator[FaultProxy]:
    """A way to the controller that the test may break."""
    with FaultProxy("127.0.0.1", controller.port) as proxy:
        yield proxy
        proxy.heal()
