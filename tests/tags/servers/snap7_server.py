"""python-snap7's own server: a controller in a process of its own, with the memory that a test says."""

import json
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from devstack.processes import Child, Children, Program, free_port, start_on_free_port

_PROGRAM: Final = Path(__file__).with_name("snap7_program.py")


class Controller:
    """A running server; `start` starts it again on the same port, with its memory as it was at first.

    `areas` are "DB1", "I", "Q" or "M" with their bytes.
    """

    def __init__(
        self, children: Children, areas: Mapping[str, bytes | bytearray], connections: int = 64
    ) -> None:
        self.children = children
        self._areas = {name: memory.hex() for name, memory in areas.items()}
        self._connections = connections
        self.child: Child = start_on_free_port(self._start_anywhere)

    def start(self) -> Child:
        """Start it on its port."""
        options = [str(self.port), str(self._connections), json.dumps(self._areas)]
        arguments = [sys.executable, str(_PROGRAM), *options]
        self.child = self.children.start(Program("snap7", arguments), self._listens)
        return self.child

    def _start_anywhere(self) -> Child:
        self.port = free_port()
        return self.start()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
