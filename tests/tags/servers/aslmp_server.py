"""aslmp's own server: a MELSEC controller in a process of its own, with the faults that a test says."""

import json
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from devstack.processes import Child, Children, Program, free_port, start_on_free_port

_PROGRAM: Final = Path(__file__).with_name("aslmp_program.py")
Memory = Mapping[str, Mapping[int, Sequence[int] | Sequence[bool]]]


class Controller:
    """A running server; `start` starts it again on the same port, with its memory as it was at first.

    `memory` is words or bits by device, and by the number of the first one. `faults` are switches of aslmp's
    pathology, `lacks` abilities that it does not have.
    """

    def __init__(
        self,
        children: Children,
        memory: Memory,
        target: str = "fx5u-32mt-ds",
        frame: str = "3e",
        lacks: Sequence[str] = (),
        **faults: Any,
    ) -> None:
        self.children = children
        self._wanted = {"memory": memory, "target": target, "frame": frame, "lacks": lacks, "faults": faults}
        self.child: Child = start_on_free_port(self._start_anywhere)

    def start(self) -> Child:
        """Start it on its port."""
        wanted = {**self._wanted, "port": self.port, "probe_port": self._probe_port}
        arguments = [sys.executable, str(_PROGRAM), json.dumps(wanted)]
        self.child = self.children.start(Program("aslmp", arguments), self._listens)
        return self.child

    def _start_anywhere(self) -> Child:
        self.port, self._probe_port = free_port(), free_port()
        return self.start()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._probe_port)) == 0
