"""What is read from OPC UA servers, each value with its quality."""

from time import monotonic

import pytest

from devstack.fault_proxy import FaultProxy
from plantpulse.errors import DeviceRefused
from plantpulse.tags.drivers.opcua.link import OpcuaLink
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import DataType, Tag
from tests.tags.opcua.plants import PATIENT_S, Plant, endpoint_of, line1, link_to, read

READ_REQUEST = b"\x01\x00\x77\x02"  # 631 as a node id
OPEN_CHANNEL = b"OPNF"


@pytest.mark.parametrize(
    ("name", "data_type", "value"),
    [
        ("Speed", "float32", 12.3),
        ("Speed", "float64", 12.3),
        ("Torque", "float64", -0.1),
        ("Small", "int8", -5),
        ("Small", "float32", -5.0),
        ("Parts", "uint32", 4_000_000_000),
        ("Total", "int64", 9_007_199_254_740_993),
        ("Runs", "bool", True),
        ("Name", "string", "Öl 5 µm"),
        ("i=1003", "int16", -32768),
        ("g=0d3c8a2e-4f5b-4a39-9b62-0a8f1d0c7e11", "uint8", 255),
        ("Speeds[1]", "float64", 2.5),
        ('"Data"."list"[3]', "int32", 33),
    ],
)
def test_a_value_of_each_type_is_read(plant: Plant, name: str, data_type: DataType, value: object) -> None:
    link = link_to(plant.port)

    reading = read(link, [line1(name, data_type)])

    assert reading == [Reading(value)]  # type: ignore[arg-type] # the value is a parameter
    link.close()


def test_one_bad_tag_is_one_bad_quality(plant: Plant) -> None:
    tags = [
        line1("Runs", "bool"),
        line1("Lost", "int32"),
        line1("Last", "int32"),
        line1("Broken", "int32"),
        line1("Secret", "int32"),
        line1("Nowhere", "int32"),
        line1("Speeds[9]", "float64"),
        line1("Speed[0]", "float32"),
        Tag("", "nsu=http://elsewhere.example;s=Speed", "float32"),
        Tag("", "ns=99;s=Speed", "float32"),
        Tag("", "i=85", "int32"),
        line1("Parts", "uint32"),
    ]
    link = link_to(plant.port)

    readings = read(link, tags)

    nowhere = Reading(None, Quality.NO_SUCH_ADDRESS)
    assert readings == [
        Reading(True),
        Reading(None, Quality.NOT_CONNECTED),
        Reading(7, Quality.UNCERTAIN),
        Reading(None, Quality.DEVICE_FAILURE),
        Reading(None, Quality.REFUSED),
        *[nowhere] * 6,
        Reading(4_000_000_000),
    ]
    link.close()


@pytest.mark.parametrize(
    ("name", "data_type"),
    [
        ("Speed", "int32"),
        ("Parts", "int32"),
        ("Runs", "uint8"),
        ("Small", "bool"),
        ("Name", "float32"),
        ("Small", "string"),
        ("Begun", "string"),
        ("Speeds", "float64"),
    ],
)
def test_a_value_of_another_type_is_never_a_value(plant: Plant, name: str, data_type: DataType) -> None:
    link = link_to(plant.port)

    readings = read(link, [line1(name, data_type), line1("Runs", "bool")])

    assert readings == [Reading(None, Quality.NOT_READABLE), Reading(True)]
    link.close()


def test_a_group_is_split_at_the_limit_that_the_server_states(strict_plant: Plant) -> None:
    tags = [line1(f"Many.{number}", "int32") for number in range(120)]

    with FaultProxy("127.0.0.1", strict_plant.port) as proxy:
        link = link_to(proxy.port)
        before = proxy.requests(READ_REQUEST)
        readings = read(link, tags)
        link.close()

        assert readings == [Reading(number) for number in range(120)]
        assert proxy.requests(READ_REQUEST) - before == 3


def test_a_group_is_halved_where_the_server_states_no_limit_but_has_one(hiding_plant: Plant) -> None:
    tags = [line1(f"Many.{number}", "int32") for number in range(120)]

    with FaultProxy("127.0.0.1", hiding_plant.port) as proxy:
        link = link_to(proxy.port)
        assert read(link, tags) == [Reading(number) for number in range(120)]
        before = proxy.requests(READ_REQUEST)
        assert read(link, tags) == [Reading(number) for number in range(120)]
        link.close()

        assert proxy.requests(READ_REQUEST) - before == 4


def test_elements_of_an_array_are_one_node_in_the_request(plant: Plant) -> None:
    with FaultProxy("127.0.0.1", plant.port) as proxy:
        link = link_to(proxy.port)
        readings = read(link, [line1(f"Speeds[{index}]", "float64") for index in range(3)])
        before = proxy.requests(READ_REQUEST)
        again = read(link, [line1(f"Speeds[{index}]", "float64") for index in range(3)])
        link.close()

        assert list(readings) == list(again) == [Reading(1.5), Reading(2.5), Reading(3.5)]
        assert proxy.requests(READ_REQUEST) - before == 1


def test_the_host_that_a_server_names_is_not_followed(strict_plant: Plant) -> None:
    with FaultProxy("127.0.0.1", strict_plant.port) as proxy:
        link = link_to(proxy.port)

        assert read(link, [line1("Runs", "bool")]) == [Reading(True)]
        assert proxy.open_connections == 1
        link.close()


def test_a_bit_is_set(plant: Plant) -> None:
    acknowledged = line1("Acknowledged", "bool")
    link = link_to(plant.port)

    for value in (True, False):
        link.write(acknowledged, value, monotonic() + PATIENT_S)
        assert read(link, [acknowledged]) == [Reading(value)]

    link.close()


@pytest.mark.parametrize("name", ["Fixed", "Nowhere", "i=1003", "i=1004[3]"])
def test_a_bit_that_may_not_be_set_is_refused_for_good(plant: Plant, name: str) -> None:
    link = link_to(plant.port)

    with pytest.raises(DeviceRefused, match="did not set"):
        link.write(line1(name, "bool"), True, monotonic() + PATIENT_S)

    assert read(link, [line1("Fixed", "bool"), line1("i=1003", "int16")]) == [Reading(False), Reading(-32768)]
    link.close()


def test_a_session_that_ended_for_want_of_questions_is_made_anew(plant: Plant) -> None:
    now = [0.0]
    with FaultProxy("127.0.0.1", plant.port) as proxy:
        link = OpcuaLink(endpoint_of(proxy.port), None, clock=lambda: now[0])
        link.connect(monotonic() + PATIENT_S)
        assert read(link, [line1("Runs", "bool")]) == [Reading(True)]

        now[0] += 3600
        assert read(link, [line1("Runs", "bool")]) == [Reading(True)]

        assert proxy.requests(OPEN_CHANNEL) == 2
        assert proxy.open_connections == 1
        link.close()


def test_a_channel_is_renewed_before_it_ends(plant: Plant) -> None:
    now = [0.0]
    with FaultProxy("127.0.0.1", plant.port) as proxy:
        link = OpcuaLink(endpoint_of(proxy.port), None, clock=lambda: now[0])
        link.connect(monotonic() + PATIENT_S)

        while now[0] < 3600:
            now[0] += 30
            assert read(link, [line1("Runs", "bool")]) == [Reading(True)]

        assert proxy.requests(OPEN_CHANNEL) > 1
        assert proxy.requests(b"HELF") == 1
        link.close()
