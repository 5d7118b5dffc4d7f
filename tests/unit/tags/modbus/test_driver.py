"""The pure part of the Modbus driver: addresses of devices, and plans."""

import subprocess
import sys

import pytest

from plantpulse.errors import NotConfigured
from plantpulse.tags.drivers import driver_of
from plantpulse.tags.drivers.modbus.device import Device, device_of
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import Credentials
from plantpulse.tags.requests import Request
from plantpulse.tags.tag import Tag

DRIVER = driver_of("modbus")


def plan(*tags: Tag, options: str = "") -> list[tuple[int, int, int, list[int]]]:
    """Return the function, address, count and tags of each request."""
    endpoint = DRIVER.parse_endpoint(f"modbus://10.0.0.5{options}")
    requests = DRIVER.plan(tags, endpoint).requests
    return [
        (
            one.extent.area.function,
            one.extent.start,
            one.extent.length,
            [member.index for member in one.members],
        )
        for one in requests
        if isinstance(one, Request)
    ]


def registers(count: int) -> list[Tag]:
    return [Tag(f"t{at}", f"hr:{at}", "uint16") for at in range(count)]


@pytest.mark.parametrize(
    ("address", "device"),
    [
        ("modbus://10.0.0.5", Device(unit=1, order="abcd", largest_hole=0, encoding="utf-8")),
        ("modbus://10.0.0.5:1502/0", Device(unit=0)),
        ("modbus://10.0.0.5/255?order=cdab", Device(unit=255, order="cdab")),
        ("modbus://[fd00::7]/7?hole=16&encoding=latin-1", Device(7, largest_hole=16, encoding="latin-1")),
    ],
)
def test_a_devices_address_names_unit_order_hole_and_encoding(address: str, device: Device) -> None:
    assert device_of(DRIVER.parse_endpoint(address)) == device


def test_the_port_is_502_unless_it_is_named() -> None:
    assert DRIVER.parse_endpoint("modbus://10.0.0.5") == Endpoint("modbus", "10.0.0.5", 502)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("modbus://10.0.0.5/256", "the unit behind the host must be a number from 0 to 255"),
        ("modbus://10.0.0.5/-1", "the unit behind the host must be a number from 0 to 255"),
        ("modbus://10.0.0.5/1/2", "the unit behind the host must be a number from 0 to 255"),
        ("modbus://10.0.0.5/¹", "the unit behind the host must be a number from 0 to 255"),
        ("modbus://10.0.0.5?order=ABCD", "the option order must be one of abcd, cdab, badc, dcba"),
        ("modbus://10.0.0.5?hole=124", "the option hole must be a number from 0 to 123"),
        ("modbus://10.0.0.5?encoding=ebcdic", "the option encoding must be one of utf-8, latin-1"),
        ("modbus://10.0.0.5?slave=1", "there is no option slave; options of modbus: encoding, hole, order"),
    ],
)
def test_a_wrong_device_says_what_is_allowed(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DRIVER.parse_endpoint(address)


def test_a_tag_is_checked_without_a_device() -> None:
    endpoint = DRIVER.parse_endpoint("modbus://10.0.0.5")

    DRIVER.check_tag(Tag("speed", "40001", "float32"), endpoint)
    with pytest.raises(ValueError, match="a single bit is of type bool"):
        DRIVER.check_tag(Tag("speed", "00001", "float32"), endpoint)


@pytest.mark.parametrize("address", ["di:1", "10001", "ir:0.5", "hr:0.5", "40001.5"])
def test_only_a_coil_can_be_set(address: str) -> None:
    endpoint = DRIVER.parse_endpoint("modbus://10.0.0.5")

    DRIVER.check_write(Tag("done", "00001", "bool"), endpoint)
    with pytest.raises(ValueError, match=f"{address} is not a coil: only a coil can be set"):
        DRIVER.check_write(Tag("done", address, "bool"), endpoint)


def test_125_registers_are_one_request_and_one_more_are_two() -> None:
    assert plan(*registers(125)) == [(3, 0, 125, list(range(125)))]
    assert plan(*registers(126)) == [(3, 0, 125, list(range(125))), (3, 125, 1, [125])]


def test_2000_bits_are_one_request_and_one_more_are_two() -> None:
    tags = [Tag(f"t{at}", f"co:{at}", "bool") for at in range(2001)]

    assert [request[:3] for request in plan(*tags)] == [(1, 0, 2000), (1, 2000, 1)]


def test_each_area_has_its_function() -> None:
    tags = [
        Tag("a", "hr:0", "uint16"),
        Tag("b", "ir:0", "uint16"),
        Tag("c", "di:0", "bool"),
        Tag("d", "co:0", "bool"),
    ]

    assert sorted(plan(*tags)) == [(1, 0, 1, [3]), (2, 0, 1, [2]), (3, 0, 1, [0]), (4, 0, 1, [1])]


def test_a_hole_is_read_over_only_if_the_device_says_so() -> None:
    tags = [Tag("a", "hr:0", "float32"), Tag("b", "hr:6", "uint16")]

    assert plan(*tags) == [(3, 0, 2, [0]), (3, 6, 1, [1])]
    assert plan(*tags, options="?hole=4") == [(3, 0, 7, [0, 1])]


def test_credentials_are_refused_as_nobody_asks_for_them() -> None:
    with pytest.raises(NotConfigured, match="Modbus knows no users"):
        DRIVER.open_link(DRIVER.parse_endpoint("modbus://10.0.0.5"), Credentials("ada", "secret"))


def test_a_plan_needs_no_library() -> None:
    code = (
        "import sys; from plantpulse.tags.drivers import driver_of; from plantpulse.tags.tag import Tag;"
        "d = driver_of('modbus'); d.plan([Tag('a', '40001', 'uint16')], d.parse_endpoint('modbus://10.0.0.5'));"
        "sys.exit('pymodbus' in sys.modules or 'asyncio' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
