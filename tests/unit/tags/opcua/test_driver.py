"""The pure part of OPC UA, and what happens without its library."""

import subprocess
import sys

import pytest

from plantpulse.tags.drivers import driver_of
from plantpulse.tags.drivers.opcua import DRIVER
from plantpulse.tags.drivers.opcua.security import Security, allows_plain_password, security_of, trusted_in
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.tag import Tag

ENDPOINT = Endpoint("opc.tcp", "10.0.0.9", 4840, "plant")


def test_an_address_has_a_port_of_its_own() -> None:
    assert DRIVER.parse_endpoint("opc.tcp://10.0.0.9/plant") == ENDPOINT
    assert driver_of("opcua") is DRIVER


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("opc.tcp://10.0.0.9?security=high", "security must be one of Basic256Sha256, Aes128Sha256RsaOaep, "),
        ("opc.tcp://10.0.0.9?security=Sign", "security must be one of"),
        ("opc.tcp://10.0.0.9?security=Basic128Rsa15", "security must be one of"),
        ("opc.tcp://10.0.0.9?security=Basic256Sha256&mode=None", "mode must be one of SignAndEncrypt, Sign"),
        ("opc.tcp://10.0.0.9?security=Basic256Sha256&trust=all", "trust must be the SHA-256 fingerprint"),
        ("opc.tcp://10.0.0.9?security=none&mode=Sign", "mode needs a security"),
        ("opc.tcp://10.0.0.9?mode=Sign", "mode needs a security"),
        ("opc.tcp://10.0.0.9?trust=00", "trust must be the SHA-256 fingerprint"),
        (f"opc.tcp://10.0.0.9?security=none&trust={'0' * 64}", "leave it out beside trust"),
        ("opc.tcp://10.0.0.9?policy=none", "options of opc.tcp: mode, security, trust"),
        ("opc.tcp://ada:secret@10.0.0.9", "name a secret"),
    ],
)
def test_a_wrong_address_says_what_is_allowed(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DRIVER.parse_endpoint(address)


@pytest.mark.parametrize(
    ("options", "security"),
    [
        ("", None),
        ("?security=None", None),
        (f"?trust={'AB' * 32}", None),
        ("?security=basic256sha256", Security("Basic256Sha256", "SignAndEncrypt", None)),
        (
            f"?security=Aes256Sha256RsaPss&mode=sign&trust={'AB:' * 31}AB",
            Security("Aes256Sha256RsaPss", "Sign", "ab" * 32),
        ),
    ],
)
def test_the_address_says_how_the_channel_is_secured(options: str, security: Security | None) -> None:
    endpoint = DRIVER.parse_endpoint(f"opc.tcp://10.0.0.9/plant{options}")

    assert security_of(endpoint) == security


def test_a_password_may_go_in_plain_text_only_where_the_address_says_none() -> None:
    allowed = {
        options: allows_plain_password(DRIVER.parse_endpoint(f"opc.tcp://10.0.0.9{options}"))
        for options in ("", "?security=none", "?security=Basic256Sha256&mode=Sign")
    }

    assert allowed == {"": False, "?security=none": True, "?security=Basic256Sha256&mode=Sign": False}


def test_a_server_may_be_trusted_on_a_channel_without_security() -> None:
    endpoint = DRIVER.parse_endpoint(f"opc.tcp://10.0.0.9?trust={'AB:' * 31}AB")

    assert trusted_in(endpoint) == "ab" * 32
    assert trusted_in(ENDPOINT) is None


def test_a_tag_is_checked_before_it_is_read() -> None:
    DRIVER.check_tag(Tag("a", "ns=2;s=Speed", "float32"), ENDPOINT)
    with pytest.raises(ValueError, match="must look like"):
        DRIVER.check_tag(Tag("a", "40001", "float32"), ENDPOINT)
    with pytest.raises(ValueError, match="leave byte_order empty"):
        DRIVER.check_tag(Tag("a", "ns=2;s=Speed", "float32", order="abcd"), ENDPOINT)


WITHOUT_LIBRARY = """
import sys
sys.modules["asyncua"] = None
from plantpulse.errors import NotConfigured
from plantpulse.tags.drivers import driver_of
driver = driver_of("opcua")
endpoint = driver.parse_endpoint("opc.tcp://127.0.0.1")
try:
    driver.open_link(endpoint, None)
except NotConfigured as error:
    print(error)
"""
LIBRARIES = """
import sys
from plantpulse.tags.drivers import driver_of
driver = driver_of("opcua")
driver.parse_endpoint("opc.tcp://127.0.0.1")
print("asyncua" in sys.modules, "asyncio" in sys.modules)
"""


def test_a_missing_library_is_said_with_its_extra() -> None:
    assert _printed(WITHOUT_LIBRARY) == (
        "OPC UA needs the package asyncua: install plantpulse with its extra opcua"
    )


def test_the_library_is_imported_for_links_alone() -> None:
    assert _printed(LIBRARIES).startswith("False")


def _printed(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("address", ["ns=2;i=1004[3]", "ns=2;s=Flags[3]", 'ns=3;s="Main"."Flags"[3]'])
def test_an_element_of_an_array_cannot_be_set(address: str) -> None:
    DRIVER.check_write(Tag("done", "ns=2;s=Done", "bool"), ENDPOINT)
    with pytest.raises(ValueError, match="is an element of an array"):
        DRIVER.check_write(Tag("done", address, "bool"), ENDPOINT)
