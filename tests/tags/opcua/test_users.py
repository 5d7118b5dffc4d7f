"""Who may sign in at an OPC UA server, and how a password gets there."""

from collections.abc import Iterator

import pytest

from devstack.fault_proxy import FaultProxy
from devstack.processes import Children
from plantpulse.errors import DeviceRefused
from plantpulse.tags.link import Credentials
from plantpulse.tags.readings import Reading
from tests.tags.opcua.plants import Plant, asyncua_plant, line1, link_to, node_plant, read

USER, PASSWORD = "ada", "correct-horse"
ADA = Credentials(USER, PASSWORD)
RUNS = [line1("Runs", "bool")]


@pytest.fixture(scope="module")
def guarded() -> Iterator[Plant]:
    """A server with users alone, which wants passwords encrypted."""
    with Children() as children:
        yield node_plant(children, users={USER: PASSWORD}, allowAnonymous=False)


@pytest.fixture(scope="module")
def plain() -> Iterator[Plant]:
    """A server with users alone, which takes passwords in plain text only."""
    with Children() as children:
        yield asyncua_plant(children, USER, PASSWORD)


@pytest.mark.parametrize("options", ["", "?security=none"])
def test_a_password_is_encrypted_where_the_server_can_read_that(guarded: Plant, options: str) -> None:
    with FaultProxy("127.0.0.1", guarded.port) as proxy:
        link = link_to(proxy.port, ADA, options)

        assert read(link, RUNS) == [Reading(True)]
        assert proxy.requests(USER.encode()) > 0
        assert proxy.requests(PASSWORD.encode()) == 0
        link.close()


def test_a_wrong_password_is_refused_for_good(guarded: Plant) -> None:
    with pytest.raises(DeviceRefused, match="Check the secret") as refusal:
        link_to(guarded.port, Credentials("ada", "battery-staple"))

    assert "battery-staple" not in str(refusal.value)


@pytest.mark.parametrize("name", ["guarded", "plain"])
def test_nobody_is_let_in_where_a_user_is_wanted(request: pytest.FixtureRequest, name: str) -> None:
    with pytest.raises(DeviceRefused, match="name a secret in the group's credentials"):
        link_to(request.getfixturevalue(name).port)


def test_a_password_is_not_sent_in_plain_text(plain: Plant) -> None:
    with FaultProxy("127.0.0.1", plain.port) as proxy:
        with pytest.raises(DeviceRefused, match=r"add \?security=none to the address"):
            link_to(proxy.port, ADA)

        assert proxy.requests(PASSWORD.encode()) == 0


def test_a_password_is_sent_in_plain_text_where_the_address_allows_it(plain: Plant) -> None:
    with FaultProxy("127.0.0.1", plain.port) as proxy:
        link = link_to(proxy.port, ADA, "?security=none")

        assert read(link, RUNS) == [Reading(True)]
        assert proxy.requests(PASSWORD.encode()) == 1
        link.close()
