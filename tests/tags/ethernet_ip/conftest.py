"""A controller that the tests read."""

from collections.abc import Iterator

import pytest

from devstack.processes import Children
from tests.tags.ethernet_ip.controllers import Controller


@pytest.fixture(scope="session")
def controller() -> Iterator[Controller]:
    """A controller that works."""
    with Children() as children:
        yield Controller(children)
