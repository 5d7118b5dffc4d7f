"""The machines as one process, and the table that a plant engineer would import for them."""

import csv
import io
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devstack.machines.modbus import PRESS, SCALE
from devstack.machines.opcua import URI
from devstack.migrations import REPOSITORY, CliFailed
from devstack.processes import Child, Children, Program, free_port, start_on_free_port

READ_ON_REQUEST: Final = "Scale"
_ZONES: Final = ("Zone 1", "Zone 2", "Zone 3", "Zone 4", "Setpoint")
_HEAD: Final = ("group", "device", "mode", "interval_ms", "tag", "address", "data_type", "unit")


@dataclass(frozen=True)
class Machines:
    """The running machines; they end with the `Children` that they were started in."""

    modbus_port: int
    opcua_port: int
    child: Child

    @classmethod
    def start(cls, children: Children) -> "Machines":
        """Start them. Raises: StartFailed."""
        return start_on_free_port(lambda: cls._start(children, free_port(), free_port()))

    @classmethod
    def _start(cls, children: Children, modbus_port: int, opcua_port: int) -> "Machines":
        arguments = [sys.executable, "-m", "devstack.machines", str(modbus_port), str(opcua_port)]
        child = children.start(
            Program("machines", arguments, folder=REPOSITORY), lambda: _listen(modbus_port, opcua_port)
        )
        return cls(modbus_port, opcua_port, child)

    @property
    def ports(self) -> tuple[int, int]:
        """Return every port that they listen on."""
        return self.modbus_port, self.opcua_port


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
        *(("Oven", oven, "fixed", 1000, zone, f"nsu={URI};s={zone}", "float32", "°C") for zone in _ZONES),
        ("Oven", oven, "fixed", 1000, "Energy", f"nsu={URI};s=Energy", "float64", "kWh"),
        ("Oven", oven, "fixed", 1000, "Recipe", f"nsu={URI};s=Recipe", "string", ""),
        (READ_ON_REQUEST, scale, "handshake", 1000, "Weight", "hr:0", "float32", "g"),
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_HEAD, *rows])
    return text.getvalue()


def import_table(machines: Machines, settings: Mapping[str, str], folder: Path) -> None:
    """Import the machines' table with the command line, as a plant engineer does. Raises: CliFailed."""
    file = folder / "machines.csv"
    file.write_text(table_of(machines), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("plantpulse")), "tags", "import", str(file), "--yes"]
    done = subprocess.run(command, env=dict(settings), capture_output=True, text=True, check=False)
    if done.returncode:
        raise CliFailed(done.stderr or done.stdout)


def _listen(*ports: int) -> bool:
    for port in ports:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return False
    return True
