"""The pure part of Siemens S7, and what happens without its library."""

import subprocess
import sys

import pytest

from plantpulse.errors import NotConfigured
from plantpulse.tags.drivers import driver_of
from plantpulse.tags.drivers.s7 import DRIVER
from plantpulse.tags.drivers.s7.device import Device, device_of
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import Credentials
from plantpulse.tags.requests import Request
from plantpulse.tags.tag import Tag

ENDPOINT = Endpoint("s7", "10.0.0.6", 102)
WITHOUT_LIBRARY = """
import sys
sys.modules["snap7"] = None
from plantpulse.tags.drivers import driver_of
from plantpulse.errors import NotConfigured
driver = driver_of("s7")
try:
    driver.open_link(driver.parse_endpoint("s7://127.0.0.1"), None)
except NotConfigured as error:
    print(error)
"""


def plan(*tags: Tag) -> list[tuple[int, int, int, list[int]]]:
    """Return the block, start, length and tags of each item."""
    return [
        (one.extent.area.block, one.extent.start, one.extent.length, [each.index for each in one.members])
        for one in DRIVER.plan(tags, ENDPOINT).requests
        if isinstance(one, Request)
    ]


@pytest.mark.parametrize(
    ("address", "device", "selector"),
    [
        ("s7://10.0.0.6", Device(0, 1, "pg", "utf-8"), 0x0101),
        ("s7://10.0.0.6/0/2", Device(0, 2), 0x0102),
        ("s7://10.0.0.6/3/4?connection=op", Device(3, 4, "op"), 0x0264),
        (
            "s7://10.0.0.6:1102/7/31?connection=basic&encoding=cp1254",
            Device(7, 31, "basic", "cp1254"),
            0x03FF,
        ),
    ],
)
def test_a_devices_address_names_rack_slot_connection_and_encoding(
    address: str, device: Device, selector: int
) -> None:
    assert device_of(DRIVER.parse_endpoint(address)) == device
    assert device.selector == selector


def test_the_port_is_102_unless_it_is_named() -> None:
    assert DRIVER.parse_endpoint("s7://10.0.0.6") == ENDPOINT
    assert driver_of("s7") is DRIVER


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("s7://10.0.0.6/2", "the path is rack and slot: /0/1 for S7-1200 and S7-1500, /0/2 for S7-300"),
        ("s7://10.0.0.6/8/1", "the rack must be a number from 0 to 7"),
        ("s7://10.0.0.6/0/32", "the slot must be a number from 0 to 31"),
        ("s7://10.0.0.6/0/1/2", "the slot must be a number from 0 to 31"),
        ("s7://10.0.0.6/0/", "the slot must be a number from 0 to 31"),
        ("s7://10.0.0.6?connection=hmi", "the option connection must be one of pg, op, basic"),
        ("s7://10.0.0.6?encoding=ebcdic", "the option encoding must be one of utf-8, latin-1"),
        ("s7://10.0.0.6?tsap=0100", "there is no option tsap; options of s7: connection, encoding"),
    ],
)
def test_a_wrong_device_says_what_is_allowed(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DRIVER.parse_endpoint(address)


def test_a_tag_is_checked_without_a_device() -> None:
    DRIVER.check_tag(Tag("speed", "DB1.DBD4", "float32"), ENDPOINT)
    with pytest.raises(ValueError, match="a bool is a bit"):
        DRIVER.check_tag(Tag("speed", "DB1.DBD4", "bool"), ENDPOINT)


def test_neighbours_share_an_item_as_does_a_small_hole() -> None:
    tags = [
        Tag("a", "DB1.DBW0", "int16"),
        Tag("b", "DB1.DBX2.0", "bool"),
        Tag("c", "DB1.DBD19", "float32"),
        Tag("d", "DB1.DBD40", "float32"),
        Tag("e", "DB2.DBW0", "int16"),
    ]

    assert plan(*tags) == [(1, 0, 23, [0, 1, 2]), (1, 40, 4, [3]), (2, 0, 2, [4])]


def test_an_item_has_at_most_what_the_shortest_message_carries() -> None:
    tags = [Tag(f"t{at}", f"DB1.DBW{2 * at}", "int16") for at in range(112)]

    assert plan(*tags) == [(1, 0, 222, list(range(111))), (1, 222, 2, [111])]


def test_a_long_text_is_an_item_of_its_own() -> None:
    tags = [Tag("a", "DB1.STRING0", "string", length=254), Tag("b", "DB1.DBW256", "int16")]

    assert plan(*tags) == [(1, 256, 2, [1]), (1, 0, 256, [0])]


def test_credentials_are_refused_as_nobody_asks_for_them() -> None:
    with pytest.raises(NotConfigured, match="knows no users"):
        DRIVER.open_link(ENDPOINT, Credentials("ada", "secret"))


def test_a_missing_library_is_said_with_its_extra() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_LIBRARY], capture_output=True, text=True, check=True)

    assert done.stdout == "S7 needs the package python-snap7: install plantpulse with its extra tags\n"


def test_a_plan_needs_no_library() -> None:
    code = (
        "import sys; from plantpulse.tags.drivers import driver_of; from plantpulse.tags.tag import Tag;"
        "d = driver_of('s7'); d.plan([Tag('a', 'DB1.DBW0', 'int16')], d.parse_endpoint('s7://10.0.0.6'));"
        "sys.exit('snap7' in sys.modules or 'asyncio' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("address", ["I0.0", "E4.7"])
def test_an_input_cannot_be_set(address: str) -> None:
    for settable in ("DB1.DBX0.3", "M10.3", "Q0.0"):
        DRIVER.check_write(Tag("done", settable, "bool"), ENDPOINT)
    with pytest.raises(ValueError, match=f"{address} is no bit that can be set"):
        DRIVER.check_write(Tag("done", address, "bool"), ENDPOINT)
