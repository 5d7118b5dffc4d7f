"""Servers of OPC UA that the tests read, and some that a test may break."""

from collections.abc import Iterator

import pytest

from devstack.processes import Children
from tests.tags.opcua.plants import Plant, asyncua_plant, node_plant


@pytest.fixture(scope="session")
def _asyncua() -> Iterator[Plant]:
    with Children() as children:
        yield asyncua_plant(children)


@pytest.fixture(scope="session")
def _node() -> Iterator[Plant]:
    with Children() as children:
        yield node_plant(children)


@pytest.fixture(params=["asyncua", "node-opcua"])
def plant(request: pytest.FixtureRequest) -> Plant:
    """A server that works: each of both in turn."""
    name = "_asyncua" if request.param == "asyncua" else "_node"
    running: Plant = request.getfixturevalue(name)
    return running


@pytest.fixture
def strict_plant(_node: Plant) -> Plant:
    """A server that answers requests for up to 50 nodes, and says so."""
    return _node


@pytest.fixture
def hiding_plant(children: Children) -> Plant:
    """A server that answers requests for up to 50 nodes, but does not say so."""
    return node_plant(children, hidesLimit=True)


@pytest.fixture
def quick_plant(_asyncua: Plant) -> Plant:
    """A server whose replies are short."""
    return _asyncua


@pytest.fixture
def children() -> Iterator[Children]:
    """What one test starts for itself."""
    with Children() as started:
        yield started


@pytest.fixture(params=["asyncua", "node-opcua"])
def own_plant(request: pytest.FixtureRequest, children: Children) -> Plant:
    """A server that the test may break: each of both in turn."""
    return asyncua_plant(children) if request.param == "asyncua" else node_plant(children)
