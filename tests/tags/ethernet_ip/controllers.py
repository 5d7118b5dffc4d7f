"""cpppo's server of EtherNet/IP with a few tags, and links to it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Final

from pylogix import PLC

from devstack.processes import Child, Children, Program, free_port, start_on_free_port
from plantpulse.tags.drivers.ethernet_ip import DRIVER
from plantpulse.tags.link import Link
from plantpulse.tags.readings import Reading
from plantpulse.tags.tag import Tag
from tests.patience import PATIENT_S

_TAGS: Final = (
    "Speed=REAL",
    "Torque=LREAL",
    "Small=SINT",
    "Parts=DINT",
    "Word=UDINT",
    "Runs=BOOL",
    "Name=STRING",
    "Many=DINT[300]",
    "Acknowledged=BOOL",
)
VALUES: Final = (
    ("Speed", 12.3, 0xCA),
    ("Torque", -0.1, 0xCB),
    ("Small", -5, 0xC2),
    ("Parts", 8, 0xC4),
    ("Word", 4_000_000_000, 0xC8),
    ("Runs", True, 0xC1),
    ("Many[299]", 299, 0xC4),
)


class Controller:
    """A running server; `start` starts it again on the same port, with its values."""

    def __init__(self, children: Children) -> None:
        self.children = children
        self.child: Child = start_on_free_port(self._start_anywhere)

    def start(self) -> Child:
        """Start it on its port."""
        program = str(Path(sys.executable).with_name("enip_server"))
        at = f"127.0.0.1:{self.port}"
        arguments = [program, "--no-config", "-A", "-U", "-a", at, *_TAGS]
        self.child = self.children.start(Program("enip", arguments), self._answers)
        return self.child

    def _start_anywhere(self) -> Child:
        self.port = free_port()
        return self.start()

    def _answers(self) -> bool:
        with PLC("127.0.0.1", port=self.port, timeout=PATIENT_S) as plc:
            is_there = all(plc.Write(name, value, kind).Status == "Success" for name, value, kind in VALUES)
        plc.conn.msg_socket.close()
        return is_there


def link_to(port: int) -> Link:
    """Return a link that is connected."""
    link = DRIVER.open_link(DRIVER.parse_endpoint(f"enip://127.0.0.1:{port}/0"), None)
    link.connect(monotonic() + PATIENT_S)
    return link


def read(link: Link, tags: Sequence[Tag], within_s: float = PATIENT_S) -> Sequence[Reading]:
    """Return the readings of some tags."""
    plan = DRIVER.plan(tags, DRIVER.parse_endpoint("enip://127.0.0.1"))
    return link.read(plan, monotonic() + within_s)
