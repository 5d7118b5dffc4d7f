"""Addresses of devices and tags: what is typed is refused in words, or becomes requests that can be sent."""

import json
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plantpulse.errors import NotConfigured
from plantpulse.settings import PlantSettings, Secret, Settings
from plantpulse.tags.credentials import credentials_in
from plantpulse.tags.drivers import DRIVERS, driver_of
from plantpulse.tags.endpoints import DRIVER_OF_SCHEME, Endpoint
from plantpulse.tags.tag import DataType, Tag
from tests.hostile.values import REPEATABLE, check_told, damaged, documents, objects, texts

SCHEMES: Final = {driver: scheme for scheme, driver in DRIVER_OF_SCHEME.items()}
DEVICES: Final = {
    "modbus": ["modbus://10.0.0.5:502/1?order=cdab", "modbus://plc", "modbus://[fe80::1%25eth0]/255"],
    "opcua": [
        "opc.tcp://10.0.0.9:4840/path?security=Basic256Sha256&mode=Sign",
        f"opc.tcp://plc/ä?trust={'0a' * 32}",
        "opc.tcp://10.0.0.9?security=none",
    ],
    "s7": ["s7://10.0.0.6/0/1", "s7://10.0.0.6/7/31?connection=op", "s7://10.0.0.6"],
    "slmp": ["slmp://10.0.0.7:1025?series=iqr", "slmp://10.0.0.7:1?network=1&station=2&order=dcba"],
    "ethernet_ip": ["enip://10.0.0.8/0", "enip://10.0.0.8/16?controller=micro800", "enip://10.0.0.8"],
}
TAGS: Final = {
    "modbus": ["hr:100", "ir:0", "co:65535", "di:7", "hr:12.15", "400001", "hr:65535"],
    "opcua": [
        "ns=2;s=Line1.Speed",
        "i=1003",
        "ns=4;i=1004[3]",
        "nsu=http://x/%3B;s=a[1,2]",
        "ns=2;g=0d3c8a2e-4f5b-4a39-9b62-0a8f1d0c7e11",
    ],
    "s7": ["DB1.DBW0", "DB65535.DBX65535.7", "M10.0", "IW4", "QB0", "DB1.STRING4", "MD8"],
    "slmp": ["D100", "M0", "X1F", "ZR100", "D100.5", "W1FF", "SD0"],
    "ethernet_ip": [
        "Speed",
        "Program:Main.Speed",
        "Recipe.Steps[2].Time",
        "Grid[1,2]",
        "Flags[40]",
        "Alarms.5",
        ".".join(["A"] * 130),
    ],
}
KINDS: Final = DataType.__args__  # type: ignore[attr-defined] # a Literal has them


def texts_like(examples: list[str]) -> st.SearchStrategy[str]:
    """Return texts that are nearly one of these, and others."""
    near = damaged(st.sampled_from(examples).map(str.encode)).map(lambda one: one.decode("utf-8", "replace"))
    return st.sampled_from(examples) | near | texts


@pytest.mark.parametrize("driver", DRIVERS)
@REPEATABLE
@given(data=st.data())
def test_any_address_of_a_device_is_read_or_refused_in_words(driver: str, data: st.DataObject) -> None:
    address = data.draw(texts_like([*DEVICES[driver], f"{SCHEMES[driver]}://", *DEVICES["modbus"]]))

    try:
        endpoint = driver_of(driver).parse_endpoint(address)
    except ValueError as error:
        check_words(error)
    else:
        assert isinstance(endpoint, Endpoint)
        assert 1 <= endpoint.port <= 65535
        assert endpoint.shown


@pytest.mark.parametrize("driver", DRIVERS)
@REPEATABLE
@given(data=st.data())
def test_any_address_of_a_tag_is_refused_in_words_or_can_be_asked_for(
    driver: str, data: st.DataObject
) -> None:
    one = driver_of(driver)
    endpoint = one.parse_endpoint(data.draw(st.sampled_from(DEVICES[driver])))
    tag = Tag(
        name="A",
        address=data.draw(texts_like(TAGS[driver])),
        data_type=data.draw(st.sampled_from(KINDS)),
        length=data.draw(st.sampled_from([0, 1, 10, 254, 1000])),
        order=data.draw(st.sampled_from([None, None, "abcd", "badc"])),
    )

    for check in (one.check_tag, one.check_write):
        try:
            check(tag, endpoint)
        except ValueError as error:
            check_words(error)
            if check == one.check_tag:
                return
    for request in one.plan([tag, tag], endpoint).requests:
        assert_sendable(request)


def assert_sendable(request: Any) -> None:
    if hasattr(request, "read_request"):
        assert request.read_request()


def check_words(error: Exception) -> None:
    """Check that a refusal is for people, and no other error in disguise."""
    assert type(error) in (ValueError, NotConfigured), repr(error)
    check_told(error)


LOGINS: Final = documents | objects(
    "press", "north", values=objects("user", "password", "certificate", "private_key") | documents
)


@REPEATABLE
@given(content=LOGINS.map(json.dumps) | texts, name=texts | st.sampled_from(["press", "north", "user"]))
@example(content="[" * 60_000, name="press")
def test_any_logins_of_devices_are_found_or_refused_without_being_quoted(content: str, name: str) -> None:
    settings = Settings(plants={"north": PlantSettings(time_zone="UTC")}, tag_credentials=Secret(content))

    try:
        found = credentials_in(settings, "north")(name)
    except NotConfigured as error:
        check_words(error)
    except ValueError as error:
        check_words(error)
    else:
        assert "…" in repr(found)
