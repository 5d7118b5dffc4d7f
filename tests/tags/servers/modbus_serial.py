"""npm's `modbus-serial`: a Modbus server in Node, started as a child."""

import json
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from devstack.processes import Children, Program, free_port, start_on_free_port

Tables = Mapping[str, Mapping[int, int | bool]]


@contextmanager
def modbus_serial(tables: Tables) -> Iterator[int]:
    """Serve `holding`, `inputs`, `coils` and `discrete`; yields the port."""
    with Children() as children:
        yield start_on_free_port(lambda: _start(children, tables))


def _start(children: Children, tables: Tables) -> int:
    node = shutil.which("node")
    assert node, "Node 20 or newer is needed"
    port = free_port()
    script = Path(__file__).with_suffix(".js")
    program = Program("modbus-serial", [node, str(script), str(port), json.dumps(tables)])
    children.start(program, lambda: _listens(port))
    return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
