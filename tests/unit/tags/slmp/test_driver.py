"""The pure part of SLMP, and what happens without its library."""

import subprocess
import sys

import pytest

from plantpulse.errors import NotConfigured
from plantpulse.tags.drivers import driver_of
from plantpulse.tags.drivers.slmp import DRIVER
from plantpulse.tags.drivers.slmp.device import Device, device_of
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import Credentials
from plantpulse.tags.requests import Request
from plantpulse.tags.tag import DataType, Tag

ENDPOINT = Endpoint("slmp", "10.0.0.7", 1025)
WITHOUT_LIBRARY = """
import sys
sys.modules["slmp"] = None
from plantpulse.tags.drivers import driver_of
from plantpulse.errors import NotConfigured
driver = driver_of("slmp")
try:
    driver.open_link(driver.parse_endpoint("slmp://127.0.0.1:1025"), None)
except NotConfigured as error:
    print(error)
"""


def plan(*tags: Tag) -> list[tuple[str, int, int, list[int]]]:
    """Return the device, first word, count and tags of each block."""
    return [
        (one.extent.area.code, one.extent.start, one.extent.length, [each.index for each in one.members])
        for one in DRIVER.plan(tags, ENDPOINT).requests
        if isinstance(one, Request)
    ]


@pytest.mark.parametrize(
    ("address", "device"),
    [
        ("slmp://10.0.0.7:1025", Device()),
        ("slmp://10.0.0.7:1025?series=q", Device("q", "3e")),
        ("slmp://10.0.0.7:1025?series=iqf", Device("iqf", "3e")),
        ("slmp://10.0.0.7:1025?series=iqr", Device("iqr", "4e")),
        ("slmp://10.0.0.7:1025?series=iqr&frame=3e", Device("iqr", "3e")),
        ("slmp://10.0.0.7:1025?series=l&frame=4e", Device("l", "4e")),
        ("slmp://10.0.0.7:1025?network=2&station=3", Device(network=2, station=3)),
        ("slmp://[fd00::7]:1025?order=abcd&encoding=shift_jis", Device(order="abcd", encoding="shift_jis")),
        ("slmp://10.0.0.7:1025?encoding=utf-16-le", Device(encoding="utf-16-le")),
    ],
)
def test_a_devices_address_names_series_frame_station_order_and_encoding(
    address: str, device: Device
) -> None:
    assert device_of(DRIVER.parse_endpoint(address)) == device


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("slmp://10.0.0.7", "name the port of the controller's SLMP connection, as in slmp://10.20.0.7:1025"),
        ("slmp://10.0.0.7:1025/1", "an SLMP device has no path: name network and station as options"),
        ("slmp://10.0.0.7:1025?series=fx5", "the option series must be one of q, l, iqr, iql, iqf"),
        ("slmp://10.0.0.7:1025?series=", "the option series must be one of q, l, iqr, iql, iqf"),
        ("slmp://10.0.0.7:1025?frame=1e", "the option frame must be one of 3e, 4e"),
        ("slmp://10.0.0.7:1025?network=240", "the option network must be a number from 0 to 239"),
        ("slmp://10.0.0.7:1025?station=256", "the option station must be a number from 0 to 255"),
        ("slmp://10.0.0.7:1025?order=little", "the option order must be one of cdab, abcd, badc, dcba"),
        ("slmp://10.0.0.7:1025?encoding=ebcdic", "the option encoding must be one of utf-8, latin-1"),
        ("slmp://10.0.0.7:1025?cpu=1", "there is no option cpu; options of slmp: encoding, frame, network"),
    ],
)
def test_a_wrong_device_says_what_is_allowed(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DRIVER.parse_endpoint(address)


def test_a_tag_is_checked_without_a_device() -> None:
    assert driver_of("slmp") is DRIVER
    DRIVER.check_tag(Tag("speed", "D0", "float32"), ENDPOINT)
    with pytest.raises(ValueError, match="a bool in a word names its bit"):
        DRIVER.check_tag(Tag("speed", "D0", "bool"), ENDPOINT)


def test_neighbours_share_a_block_as_does_a_small_hole() -> None:
    tags = [
        Tag("a", "D0", "float32"),
        Tag("b", "D6", "int16"),
        Tag("c", "D12", "int16"),
        Tag("d", "M3", "bool"),
        Tag("e", "M20", "bool"),
        Tag("f", "W0", "int16"),
    ]

    assert plan(*tags) == [("D", 0, 7, [0, 1]), ("D", 12, 1, [2]), ("W", 0, 1, [5]), ("M", 0, 2, [3, 4])]


def test_blocks_of_words_stand_together_and_so_do_those_of_bits() -> None:
    addresses: dict[str, DataType] = {"M0": "bool", "D0": "int16", "B0": "bool", "W0": "int16", "L0": "bool"}
    tags = [Tag(address, address, kind) for address, kind in addresses.items()]

    assert [code for code, *_ in plan(*tags)] == ["D", "W", "M", "B", "L"]


def test_960_words_are_one_block_and_one_more_are_two() -> None:
    tags = [Tag(f"t{at}", f"D{at}", "int16") for at in range(961)]

    assert plan(*tags) == [("D", 0, 960, list(range(960))), ("D", 960, 1, [960])]


def test_credentials_are_refused_as_nobody_asks_for_them() -> None:
    with pytest.raises(NotConfigured, match="knows no users"):
        DRIVER.open_link(ENDPOINT, Credentials("ada", "secret"))


def test_a_missing_library_is_said_with_its_extra() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_LIBRARY], capture_output=True, text=True, check=True)

    assert done.stdout == "SLMP needs the package plc-comm-slmp: install plantpulse with its extra tags\n"


def test_a_plan_needs_no_library() -> None:
    code = (
        "import sys; from plantpulse.tags.drivers import driver_of; from plantpulse.tags.tag import Tag;"
        "d = driver_of('slmp'); d.plan([Tag('a', 'D0', 'int16')], d.parse_endpoint('slmp://10.0.0.7:1025'));"
        "sys.exit('slmp' in sys.modules or 'asyncio' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("address", ["X1F", "SM0", "SB0", "D100.A"])
def test_an_input_a_bit_of_the_systems_and_a_bit_of_a_word_cannot_be_set(address: str) -> None:
    endpoint = DRIVER.parse_endpoint("slmp://10.20.0.7:1025?series=iqr")

    for settable in ("M0", "L0", "B0", "Y1F"):
        DRIVER.check_write(Tag("done", settable, "bool"), endpoint)
    with pytest.raises(ValueError, match=f"{address} is no bit that can be set"):
        DRIVER.check_write(Tag("done", address, "bool"), endpoint)
