"""A controller that the tests read, and a proxy before it."""

from collections.abc import Iterator

import pytest

from devstack.fault_proxy import FaultProxy
from devstack.processes import Children
from tests.tags.s7.controllers import AREAS
from tests.tags.servers.snap7_server import Controller


@pytest.fixture(scope="session")
def controller() -> Iterator[Controller]:
    """A controller that works."""
    with Children() as children:
        yield Controller(children, AREAS)


@pytest.fixture
def proxy(controller: Controller) -> Iterator[FaultProxy]:
    """A way to the controller that the test may break."""
    with FaultProxy("127.0.0.1", controller.port) as proxy:
        yield proxy
        proxy.heal()
