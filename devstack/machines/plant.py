"""The machines as two processes, and the table that a plant engineer would import for them."""

import csv
import io
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devstack.machines import ethernet_ip
from devstack.machines.modbus import PRESS, SCALE
from devstack.machines.opcua import URI
from devstack.machines.s7 import BLOCK
from devstack.migrations import REPOSITORY, CliFailed
from devstack.processes import Child, Children, Program, free_port, start_on_free_port

Row = tuple[str, str, str, int, str, str, str, str]

READ_ON_REQUEST: Final = "Scale"
_ZONES: Final = ("Zone 1", "Zone 2", "Zone 3", "Zone 4", "Setpoint")
_HEAD: Final = ("group", "device", "mode", "interval_ms", "tag", "address", "data_type", "unit")


@dataclass(frozen=True)
class Machines:
    """The running machines; they end with the `Children` that they were started in."""

    modbus_port: int
    opcua_port: int
    s7_port: int
    slmp_port: int
    enip_port: int
    pids: tuple[int, int]

    @classmethod
    def start(cls, children: Children) -> "Machines":
        """Start them. Raises: StartFailed."""
        enip_port, enip = start_on_free_port(lambda: _start_enip(children, free_port()))
        return start_on_free_port(
            lambda: cls._start(children, [free_port() for _ in range(4)], enip_port, enip)
        )

    @classmethod
    def _start(cls, children: Children, own: list[int], enip_port: int, enip: Child) -> "Machines":
        arguments = [sys.executable, "-m", "devstack.machines", *map(str, own), str(enip_port)]
        child = children.start(Program("machines", arguments, folder=REPOSITORY), lambda: _listen(*own))
        modbus_port, opcua_port, s7_port, slmp_port = own
        return cls(modbus_port, opcua_port, s7_port, slmp_port, enip_port, (enip.pid, child.pid))

    @property
    def ports(self) -> tuple[int, ...]:
        """Return every port that they listen on."""
        return self.modbus_port, self.opcua_port, self.s7_port, self.slmp_port, self.enip_port


def table_of(machines: Machines) -> str:
    """Return the machines' tags as the CSV that `plantpulse tags import` takes."""
    press = f"modbus://127.0.0.1:{machines.modbus_port}/{PRESS}"
    scale = f"modbus://127.0.0.1:{machines.modbus_port}/{SCALE}"
    oven = f"opc.tcp://127.0.0.1:{machines.opcua_port}/oven?security=none"
    rows = [
        ("Press 1", press, "fixed", 1000, "Strokes", "hr:0", "uint32", ""),
        ("Press 1", press, "fixed", 1000, "Force", "hr:2", "float32", "kN"),
        ("Press 1", press, "fixed", 1000, "Oil", "hr:4", "float32", "°C"),
        ("Press 1", press, "fixed", 1000, "Running", "hr:6.0", "bool", ""),
        *_filler(f"s7://127.0.0.1:{machines.s7_port}/0/1"),
        *_moulder(f"slmp://127.0.0.1:{machines.slmp_port}?series=iqf"),
        *_packer(f"enip://127.0.0.1:{machines.enip_port}/0"),
        *(("Oven", oven, "fixed", 1000, zone, f"nsu={URI};s={zone}", "float32", "°C") for zone in _ZONES),
        ("Oven", oven, "fixed", 1000, "Energy", f"nsu={URI};s=Energy", "float64", "kWh"),
        ("Oven", oven, "fixed", 1000, "Recipe", f"nsu={URI};s=Recipe", "string", ""),
        (READ_ON_REQUEST, scale, "handshake", 1000, "Weight", "hr:0", "float32", "g"),
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_HEAD, *rows])
    return text.getvalue()


def _filler(device: str) -> Sequence[Row]:
    return (
        ("Filler", device, "fixed", 1000, "Bottles", f"DB{BLOCK}.DBD0", "int32", ""),
        ("Filler", device, "fixed", 1000, "Level", f"DB{BLOCK}.DBD4", "float32", "%"),
        ("Filler", device, "fixed", 1000, "Pressure", f"DB{BLOCK}.DBD8", "float32", "bar"),
        ("Filler", device, "fixed", 1000, "Refills", f"DB{BLOCK}.DBX12.0", "bool", ""),
    )


def _moulder(device: str) -> Sequence[Row]:
    return (
        ("Moulder", device, "fixed", 1000, "Shots", "D0", "uint32", ""),
        ("Moulder", device, "fixed", 1000, "Force", "D2", "float32", "kN"),
        ("Moulder", device, "fixed", 1000, "Melt", "D4", "float32", "°C"),
        ("Moulder", device, "fixed", 1000, "Closed", "M0", "bool", ""),
    )


def _packer(device: str) -> Sequence[Row]:
    return (
        ("Packer", device, "fixed", 1000, "Boxes", "Boxes", "int32", ""),
        ("Packer", device, "fixed", 1000, "Speed", "Speed", "float32", "1/min"),
        ("Packer", device, "fixed", 1000, "Glue", "Glue", "float32", "°C"),
        ("Packer", device, "fixed", 1000, "Running", "Running", "bool", ""),
    )


def import_table(machines: Machines, settings: Mapping[str, str], folder: Path) -> None:
    """Import the machines' table with the command line, as a plant engineer does. Raises: CliFailed."""
    file = folder / "machines.csv"
    file.write_text(table_of(machines), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("plantpulse")), "tags", "import", str(file), "--yes"]
    done = subprocess.run(command, env=dict(settings), capture_output=True, text=True, check=False)
    if done.returncode:
        raise CliFailed(done.stderr or done.stdout)


def _start_enip(children: Children, port: int) -> tuple[int, Child]:
    return port, children.start(ethernet_ip.program(port), lambda: _listen(port))


def _listen(*ports: int) -> bool:
    for port in ports:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return False
    return True
