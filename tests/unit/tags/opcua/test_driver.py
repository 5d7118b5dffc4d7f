"""The pure part of OPC UA, and what happens without its library."""

import subprocess
import sys

import pytest

from plantpulse.tags.drivers import driver_of
from plantpulse.tags.drivers.opcua import DRIVER
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.tag import Tag

ENDPOINT = Endpoint("opc.tcp", "10.0.0.9", 4840, "plant")


def test_an_address_has_a_port_of_its_own() -> None:
    assert DRIVER.parse_endpoint("opc.tcp://10.0.0.9/plant") == ENDPOINT
    assert driver_of("opcua") is DRIVER


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("opc.tcp://10.0.0.9?security=high", "security must be none"),
        ("opc.tcp://10.0.0.9?policy=none", "options of opc.tcp: security"),
        ("opc.tcp://ada:secret@10.0.0.9", "name a secret"),
    ],
)
def test_a_wrong_address_says_what_is_allowed(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DRIVER.parse_endpoint(address)


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
