"""Channels that are signed and encrypted, with servers that others wrote.

Who is trusted, and what is seen on the way: a proxy before the server counts what goes by in plain text.
"""

import gc
import os
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final

import pytest
from asyncua.crypto.cert_gen import (
    dump_private_key_as_pem,
    generate_private_key,
    generate_self_signed_app_certificate,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from devstack.fault_proxy import FaultProxy
from devstack.processes import Children
from plantpulse.errors import DeviceRefused
from plantpulse.tags.drivers.opcua.certificates import identity_in
from plantpulse.tags.drivers.opcua.link import OpcuaLink
from plantpulse.tags.drivers.opcua.refusals import NoSafeWay
from plantpulse.tags.link import Credentials
from plantpulse.tags.readings import Reading
from tests.tags.opcua.plants import (
    PATIENT_S,
    Plant,
    asyncua_plant,
    endpoint_of,
    line1,
    link_to,
    node_plant,
    read,
)

USER, PASSWORD = "ada", "correct-horse"
TAGS: Final = [line1("Name", "string"), line1("Parts", "uint32")]
GOOD: Final = [Reading("Öl 5 µm"), Reading(4_000_000_000)]
OPEN_CHANNEL = b"OPNF"


@pytest.fixture(scope="module")
def ours() -> Credentials:
    """Our certificate and its key, and no user."""
    return _credentials(None, None)


@pytest.fixture(scope="module")
def ada(ours: Credentials) -> Credentials:
    """Our certificate and its key, and a user."""
    return Credentials(USER, PASSWORD, ours.certificate, ours.private_key)


@pytest.fixture(scope="module")
def _asyncua() -> Iterator[Plant]:
    with Children() as children:
        yield asyncua_plant(children, USER, PASSWORD, is_secured=True)


@pytest.fixture(scope="module")
def _node() -> Iterator[Plant]:
    with Children() as children:
        yield _node_plant(children)


@pytest.fixture(params=["asyncua", "node-opcua"])
def secured(request: pytest.FixtureRequest) -> Plant:
    """A server that has only users, and talks on secured channels alone: each of both in turn."""
    running: Plant = request.getfixturevalue("_asyncua" if request.param == "asyncua" else "_node")
    return running


@pytest.mark.parametrize("policy", ["Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"])
def test_nothing_can_be_read_on_the_way(secured: Plant, ada: Credentials, policy: str) -> None:
    options = f"?security={policy}&trust={fingerprint_at(secured, ada)}"
    with FaultProxy("127.0.0.1", secured.port) as proxy:
        link = link_to(proxy.port, ada, options)

        assert read(link, TAGS) == GOOD
        assert [proxy.requests(word.encode()) for word in (USER, PASSWORD, "Parts")] == [0, 0, 0]
        link.close()


def test_what_is_only_signed_can_be_read_but_not_the_password(secured: Plant, ada: Credentials) -> None:
    options = f"?security=Basic256Sha256&mode=Sign&trust={fingerprint_at(secured, ada)}"
    with FaultProxy("127.0.0.1", secured.port) as proxy:
        link = link_to(proxy.port, ada, options)

        assert read(link, TAGS) == GOOD
        assert proxy.requests(USER.encode()) > 0
        assert proxy.requests(b"Parts") > 0
        assert proxy.requests(PASSWORD.encode()) == 0
        link.close()


def test_a_server_that_nobody_trusts_yet_hears_nothing_of_us(secured: Plant, ada: Credentials) -> None:
    with FaultProxy("127.0.0.1", secured.port) as proxy:
        with pytest.raises(DeviceRefused, match=r"add &trust=[0-9a-f]{64} to the address"):
            link_to(proxy.port, ada, "?security=Basic256Sha256")

        assert proxy.requests(OPEN_CHANNEL) == 1
        assert proxy.requests(USER.encode()) == 0


def test_another_server_in_its_place_hears_nothing_of_us(secured: Plant, ada: Credentials) -> None:
    with FaultProxy("127.0.0.1", secured.port) as proxy:
        with pytest.raises(DeviceRefused, match="is not the one that the address trusts"):
            link_to(proxy.port, ada, f"?security=Basic256Sha256&trust={'0' * 64}")

        assert proxy.requests(OPEN_CHANNEL) == 1
        assert proxy.requests(USER.encode()) == 0


def test_a_server_that_refuses_our_certificate_says_so(children: Children, ours: Credentials) -> None:
    careful = node_plant(children, modes=["SignAndEncrypt"])
    options = f"?security=Basic256Sha256&trust={fingerprint_at(careful, ours)}"

    with pytest.raises(DeviceRefused, match="It must trust our certificate"):
        link_to(careful.port, ours, options)


def test_what_a_server_does_not_offer_is_not_replaced_by_less(children: Children, ours: Credentials) -> None:
    lax = node_plant(children, modes=["None", "Sign"], trustsEverybody=True)

    with pytest.raises(
        DeviceRefused, match="does not offer Basic256Sha256 with SignAndEncrypt, but"
    ) as refusal:
        link_to(lax.port, ours, f"?security=Basic256Sha256&trust={'0' * 64}")

    assert "Basic256Sha256 with Sign, " in str(refusal.value)
    assert "no security" in str(refusal.value)


def test_a_server_without_channels_that_are_not_secured_is_told_how_to_reach(secured: Plant) -> None:
    with pytest.raises(DeviceRefused, match=r"security=Basic256Sha256|allow the policy None"):
        link_to(secured.port)


def test_a_wrong_password_is_refused_for_good(secured: Plant, ours: Credentials) -> None:
    wrong = Credentials(USER, "battery-staple", ours.certificate, ours.private_key)
    options = f"?security=Basic256Sha256&trust={fingerprint_at(secured, ours)}"

    with pytest.raises(DeviceRefused, match="Check the secret") as refusal:
        link_to(secured.port, wrong, options)

    assert "battery-staple" not in str(refusal.value)


def test_a_secured_channel_is_renewed_and_its_session_made_anew(secured: Plant, ada: Credentials) -> None:
    now = [0.0]
    options = f"?security=Basic256Sha256&trust={fingerprint_at(secured, ada)}"
    link = OpcuaLink(endpoint_of(secured.port, options), ada, clock=lambda: now[0])
    link.connect(monotonic() + PATIENT_S)

    while now[0] < 3600:
        now[0] += 30
        assert read(link, TAGS) == GOOD
    now[0] += 3600
    assert read(link, TAGS) == GOOD

    link.close()


def test_connections_that_were_secured_or_refused_leave_nothing_behind(
    secured: Plant, ada: Credentials
) -> None:
    options = f"?security=Basic256Sha256&trust={fingerprint_at(secured, ada)}"
    _connect_and_read(secured, ada, options)
    gc.collect()
    descriptors, objects = _descriptors(), len(gc.get_objects())

    for _ in range(10):
        _connect_and_read(secured, ada, options)
        fingerprint_at(secured, ada)

    gc.collect()
    assert _descriptors() <= descriptors
    assert len(gc.get_objects()) - objects < 500
    assert "opcua" not in {each.name for each in threading.enumerate()}


def test_a_certificate_that_cannot_serve_is_named_before_anybody_is_asked(ours: Credentials) -> None:
    other = dump_private_key_as_pem(generate_private_key()).decode()
    nameless = _credentials(None, None, names=[x509.DNSName("plantpulse")])
    now = datetime.now(UTC) + timedelta(minutes=1)  # each of them is valid by then
    wrong = {
        "add certificate and private_key": Credentials(USER, PASSWORD),
        "must be PEM": Credentials(None, None, "hunter2", "hunter2"),
        "must be the RSA key": Credentials(None, None, ours.certificate, other),
        "names no application": nameless,
    }

    for words, credentials in wrong.items():
        with pytest.raises(NoSafeWay, match=words) as refusal:
            identity_in(credentials, now)
        assert "hunter2" not in str(refusal.value)
    with pytest.raises(NoSafeWay, match=r"is valid from .* only"):
        identity_in(ours, now + timedelta(days=400))
    assert identity_in(ours, now).uri == "urn:northfield:plantpulse"


def fingerprint_at(plant: Plant, credentials: Credentials) -> str:
    """Return what a person copies from the refusal of a server that is not trusted yet."""
    with pytest.raises(DeviceRefused) as refusal:
        link_to(plant.port, credentials, "?security=Basic256Sha256&mode=SignAndEncrypt")
    [found] = re.findall(r"&trust=([0-9a-f]{64})", str(refusal.value))
    return str(found)


def _connect_and_read(plant: Plant, credentials: Credentials, options: str) -> None:
    link = link_to(plant.port, credentials, options)
    assert read(link, TAGS) == GOOD
    link.close()


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def _node_plant(children: Children) -> Plant:
    modes = ["Sign", "SignAndEncrypt"]
    return node_plant(
        children, users={USER: PASSWORD}, allowAnonymous=False, modes=modes, trustsEverybody=True
    )


def _credentials(
    user: str | None, password: str | None, names: list[x509.GeneralName] | None = None
) -> Credentials:
    key = generate_private_key()
    names = names or [x509.UniformResourceIdentifier("urn:northfield:plantpulse")]
    usage = [ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = generate_self_signed_app_certificate(key, "plantpulse", {}, names, usage)
    pem = certificate.public_bytes(Encoding.PEM).decode()
    return Credentials(user, password, pem, dump_private_key_as_pem(key).decode())
