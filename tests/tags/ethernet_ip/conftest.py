"""A controller that the tests read, and one that a test may break."""

from collections.abc import Iterator

import pytest

from devstack.processes import Children
from tests.tags.ethernet_ip.controllers import Controller


@pytest.fixture(scope="session")
def controller() -> Iterator[Controller]:
    """A controller that works."""
    with Children() as children:
        yield Controller(children)


@pytest.fixture
def own_controller() -> Iterator[Controller]:
    """A controller that the test may break."""
    with Children() as children:
        yield Controller(children)
