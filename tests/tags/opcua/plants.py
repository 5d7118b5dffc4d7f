"""Two OPC UA servers that others wrote, each with the same small plant, and links to them."""

import json
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

from devstack.processes import Child, Children, Program, free_port, start_on_free_port
from plantpulse.tags.drivers.opcua import DRIVER
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import Credentials, Link
from plantpulse.tags.readings import Reading
from plantpulse.tags.tag import DataType, Tag

URI: Final = "http://plant.example/line1"
PATIENT_S: Final = 60.0  # for servers that work, on a busy machine too
_FOLDER: Final = Path(__file__).parent
_NODE_SERVER: Final = _FOLDER.parent / "servers" / "opcua_server.js"


@dataclass
class Plant:
    """A running server; `start` starts it again on the same port."""

    children: Children
    program: Callable[[int], Program]
    port: int
    child: Child

    def start(self) -> None:
        """Start it again."""
        self.child = self.children.start(self.program(self.port), lambda: _listens(self.port))


def asyncua_plant(children: Children, *user: str, is_secured: bool = False) -> Plant:
    """Return asyncua's server, running. With a user and a password it lets in nobody else.

    `is_secured`: it talks on secured channels alone.
    """
    folder = str(children.make_folder()) if is_secured else "-"
    arguments = [sys.executable, str(_FOLDER / "asyncua_server.py")]
    return _started(children, "asyncua", lambda port: [*arguments, str(port), folder, *user])


def node_plant(children: Children, **options: Any) -> Plant:
    """Return node-opcua's server, running. Options: see opcua_server.js."""
    folder = str(children.make_folder())
    arguments = ["node", str(_NODE_SERVER)]
    return _started(children, "node-opcua", lambda port: [*arguments, str(port), folder, json.dumps(options)])


def endpoint_of(port: int, options: str = "") -> Endpoint:
    """Return the address of a plant, or of the proxy before it."""
    return DRIVER.parse_endpoint(f"opc.tcp://127.0.0.1:{port}/plant{options}")


def link_to(port: int, credentials: Credentials | None = None, options: str = "") -> Link:
    """Return a link that is connected."""
    link = DRIVER.open_link(endpoint_of(port, options), credentials)
    link.connect(monotonic() + PATIENT_S)
    return link


def line1(name: str, data_type: DataType) -> Tag:
    """Return a tag of the plant's namespace."""
    return Tag(name, f"nsu={URI};{name if '=' in name else f's={name}'}", data_type)


def read(link: Link, tags: Sequence[Tag], within_s: float = PATIENT_S) -> Sequence[Reading]:
    """Return the readings of some tags."""
    return link.read(DRIVER.plan(tags, endpoint_of(4840)), monotonic() + within_s)


def _started(children: Children, name: str, arguments: Callable[[int], list[str]]) -> Plant:
    def program(port: int) -> Program:
        return Program(name, arguments(port))

    def start() -> Plant:
        port = free_port()
        return Plant(children, program, port, children.start(program(port), lambda: _listens(port)))

    return start_on_free_port(start)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
