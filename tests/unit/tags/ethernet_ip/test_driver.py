"""The pure part of EtherNet/IP, and what happens without its library."""

import subprocess
import sys

import pytest

from plantpulse.errors import NotConfigured
from plantpulse.tags.drivers import driver_of
from plantpulse.tags.drivers.ethernet_ip import DRIVER
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import Credentials
from plantpulse.tags.tag import Tag

ENDPOINT = Endpoint("enip", "10.0.0.8", 44818, "2")
WITHOUT_LIBRARY = """
import sys
sys.modules["pylogix"] = None
from plantpulse.errors import NotConfigured
from plantpulse.tags.drivers import driver_of
driver = driver_of("ethernet_ip")
try:
    driver.open_link(driver.parse_endpoint("enip://127.0.0.1"), None)
except NotConfigured as error:
    print(error)
"""


def test_an_address_has_a_slot() -> None:
    assert DRIVER.parse_endpoint("enip://10.0.0.8/2") == ENDPOINT
    assert DRIVER.parse_endpoint("enip://10.0.0.8?controller=micro800").path == ""
    assert driver_of("ethernet_ip") is DRIVER


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("enip://10.0.0.8/17", "a number from 0 to 16"),
        ("enip://10.0.0.8/a", "a number from 0 to 16"),
        ("enip://10.0.0.8?controller=slc", "logix or micro800"),
        ("enip://10.0.0.8?slot=1", "options of enip: controller"),
    ],
)
def test_a_wrong_address_says_what_is_allowed(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DRIVER.parse_endpoint(address)


def test_a_tag_is_checked_before_it_is_read() -> None:
    DRIVER.check_tag(Tag("a", "Program:Main.Speed", "float32"), ENDPOINT)
    with pytest.raises(ValueError, match="must look like"):
        DRIVER.check_tag(Tag("a", "DB 1", "float32"), ENDPOINT)
    with pytest.raises(ValueError, match="leave byte_order empty"):
        DRIVER.check_tag(Tag("a", "Speed", "float32", order="abcd"), ENDPOINT)


def test_credentials_are_refused_as_nobody_asks_for_them() -> None:
    with pytest.raises(NotConfigured, match="knows no users"):
        DRIVER.open_link(ENDPOINT, Credentials("ada", "secret"))


def test_a_missing_library_is_said_with_its_extra() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_LIBRARY], capture_output=True, text=True, check=True)

    assert done.stdout == "EtherNet/IP needs the package pylogix: install plantpulse with its extra tags\n"


def test_only_the_controller_knows_which_tags_can_be_set() -> None:
    DRIVER.check_write(Tag("done", "Program:Main.Done", "bool"), ENDPOINT)
    with pytest.raises(ValueError, match="must look like"):
        DRIVER.check_write(Tag("done", "DB 1", "bool"), ENDPOINT)
