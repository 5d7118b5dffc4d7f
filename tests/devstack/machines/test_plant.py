"""The machines as a plant engineer meets them: their table, and clients that nobody here wrote."""

import csv
import io
import time
from collections.abc import Iterator

import pytest
from asyncua.sync import Client
from pymodbus.client import ModbusTcpClient

from devstack.machines import Machines, table_of
from devstack.machines.opcua import URI
from devstack.machines.signals import press_at
from devstack.processes import Children
from tests.patience import PATIENT_S


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with Children() as children:
        yield Machines.start(children)


def test_the_press_counts_on_as_a_client_of_pymodbus_reads_it(machines: Machines) -> None:
    client = ModbusTcpClient("127.0.0.1", port=machines.modbus_port, timeout=PATIENT_S)
    try:
        earliest = press_at(time.time()).strokes
        high, low = client.read_holding_registers(0, count=2, device_id=1).registers
        latest = press_at(time.time()).strokes
    finally:
        client.close()  # type: ignore[no-untyped-call] # pymodbus annotates it in part

    assert earliest <= high << 16 | low <= latest


def test_the_oven_shows_its_recipe_to_a_client_of_asyncua(machines: Machines) -> None:
    with Client(f"opc.tcp://127.0.0.1:{machines.opcua_port}/oven", timeout=PATIENT_S) as client:
        index = client.get_namespace_index(URI)
        recipe = client.get_node(f"ns={index};s=Recipe").read_value()
        zone = client.get_node(f"ns={index};s=Zone 2").read_value()

    assert recipe in {"Kapak 12 mm", "Κάλυμμα 14 mm", "蓋 16 mm"}
    assert 182.4 <= zone <= 187.6


def test_the_table_has_every_machine_and_only_addresses_of_this_machine(machines: Machines) -> None:
    rows = list(csv.DictReader(io.StringIO(table_of(machines))))

    assert [row["group"] for row in rows] == ["Press 1"] * 4 + ["Oven"] * 7 + ["Scale"]
    assert {row["mode"] for row in rows if row["group"] != "Scale"} == {"fixed"}
    assert all("//127.0.0.1:" in row["device"] for row in rows)
