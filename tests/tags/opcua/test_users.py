"""Who may sign in at an OPC UA server, and how a password gets there."""

import re
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
# The binary encodings' ids of the two requests, as a FourByteNodeId.
CREATE_SESSION, ACTIVATE_SESSION = b"\x01\x00\xcd\x01", b"\x01\x00\xd3\x01"
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


@pytest.mark.parametrize("option", ["trust", "security"])
def test_a_password_is_encrypted_where_the_server_can_read_that(guarded: Plant, option: str) -> None:
    options = "?security=none" if option == "security" else f"?trust={fingerprint_at(guarded)}"
    with FaultProxy("127.0.0.1", guarded.port) as proxy:
        link = link_to(proxy.port, ADA, options)

        assert read(link, RUNS) == [Reading(True)]
        assert proxy.requests(USER.encode()) > 0
        assert proxy.requests(PASSWORD.encode()) == 0
        link.close()


def test_a_server_that_nobody_trusts_yet_gets_no_password(guarded: Plant) -> None:
    with FaultProxy("127.0.0.1", guarded.port) as proxy:
        with pytest.raises(
            DeviceRefused, match=r"add \?trust=[0-9a-f]{64} to the address; or add \?security="
        ):
            link_to(proxy.port, ADA)

        assert proxy.requests(CREATE_SESSION) == 1
        assert proxy.requests(ACTIVATE_SESSION) == proxy.requests(USER.encode()) == 0


@pytest.mark.parametrize("credentials", [ADA, None])
def test_another_server_than_the_trusted_one_gets_no_password(
    children: Children, credentials: Credentials | None
) -> None:
    other = node_plant(children, users={USER: PASSWORD})
    with FaultProxy("127.0.0.1", other.port) as proxy:
        with pytest.raises(DeviceRefused, match="is not the one that the address trusts"):
            link_to(proxy.port, credentials, f"?trust={'0' * 64}")

        assert proxy.requests(CREATE_SESSION) == 1
        assert proxy.requests(ACTIVATE_SESSION) == proxy.requests(USER.encode()) == 0


def test_a_server_without_a_certificate_is_not_the_trusted_one(quick_plant: Plant, plain: Plant) -> None:
    with pytest.raises(DeviceRefused, match="it shows no certificate"):
        link_to(quick_plant.port, None, f"?trust={'0' * 64}")
    with pytest.raises(DeviceRefused, match="it does not let us encrypt the password"):
        link_to(plain.port, ADA, f"?trust={'0' * 64}")


def test_a_wrong_password_is_refused_for_good(guarded: Plant) -> None:
    with pytest.raises(DeviceRefused, match="Check the secret") as refusal:
        link_to(guarded.port, Credentials("ada", "battery-staple"), "?security=none")

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


def fingerprint_at(plant: Plant) -> str:
    """Return what a person copies from the refusal of a server that is not trusted yet."""
    with pytest.raises(DeviceRefused) as refusal:
        link_to(plant.port, ADA)
    [found] = re.findall(r"\?trust=([0-9a-f]{64})", str(refusal.value))
    return str(found)
