"""The machines as a plant engineer meets them: their table, and clients that nobody here wrote."""

import asyncio
import csv
import io
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import snap7
from asyncua.sync import Client
from pylogix import PLC
from pymodbus.client import ModbusTcpClient
from slmp import SlmpConnectionOptions, SlmpTarget, open_and_connect, read_typed

from devstack.machines import Machines, table_of
from devstack.machines.opcua import URI
from devstack.machines.signals import filler_at, moulder_at, packer_at, press_at
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


def test_the_filler_counts_on_as_a_client_of_snap7_reads_it(machines: Machines) -> None:
    client = snap7.client.Client()
    client.connect("127.0.0.1", 0, 1, machines.s7_port)
    try:
        earliest = filler_at(time.time() - PATIENT_S).bottles  # it may be late to show what is
        bottles, level, pressure, refills = struct.unpack(">iff?", client.db_read(1, 0, 13))
        latest = filler_at(time.time()).bottles
    finally:
        client.disconnect()

    assert earliest <= bottles <= latest
    assert 15 <= level <= 90
    assert 1.3 <= pressure <= 2
    assert refills in {True, False}


def test_the_moulder_counts_on_as_a_client_of_plc_comm_slmp_reads_it(machines: Machines) -> None:
    async def read() -> int:
        target = SlmpTarget(network=0, station=0xFF, module_io=0x03FF, multidrop=0)
        options = SlmpConnectionOptions(
            host="127.0.0.1",
            port=machines.slmp_port,
            transport="tcp",
            plc_profile="melsec:iq-f",
            default_target=target,
        )
        async with await open_and_connect(options) as client:
            return int(await read_typed(client, "D0", "D"))

    earliest = moulder_at(time.time() - PATIENT_S).shots
    with ThreadPoolExecutor(1) as pool:  # tests in a browser leave a loop behind in this thread
        shots = pool.submit(lambda: asyncio.run(read())).result()

    assert earliest <= shots <= moulder_at(time.time()).shots


def test_the_packer_counts_on_as_a_client_of_pylogix_reads_it(machines: Machines) -> None:
    names = ["Boxes", "Speed", "Glue", "Running"]
    with PLC("127.0.0.1", port=machines.enip_port, timeout=PATIENT_S) as client:
        patience_s = time.monotonic() + PATIENT_S
        values = [one.Value for one in client.Read(names)]
        while values[0] == 0 and time.monotonic() < patience_s:  # nothing was written yet
            values = [one.Value for one in client.Read(names)]
    client.conn.msg_socket.close()

    boxes, speed, glue, is_running = values
    assert 0 < boxes <= packer_at(time.time()).boxes
    assert speed in {0.0, 20.0}
    assert 22 <= glue <= 165
    assert is_running in {True, False}


def test_the_table_has_every_machine_and_only_addresses_of_this_machine(machines: Machines) -> None:
    rows = list(csv.DictReader(io.StringIO(table_of(machines))))

    assert [row["group"] for row in rows] == [
        *["Press 1"] * 4,
        *["Filler"] * 4,
        *["Moulder"] * 4,
        *["Packer"] * 4,
        *["Oven"] * 7,
        "Scale",
    ]
    assert {row["mode"] for row in rows if row["group"] != "Scale"} == {"fixed"}
    assert all("//127.0.0.1:" in row["device"] for row in rows)
