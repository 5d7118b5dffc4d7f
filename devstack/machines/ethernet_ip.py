"""The packer as a controller of EtherNet/IP: cpppo's server, and who writes into it what the packer shows.

cpppo is GPL: its server is a program of its own (`enip_server`), and nothing imports it. Its tags keep what
is written to them, as a controller's do. It is a development package, which `make up` installs too.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pylogix import PLC

from devstack.machines.signals import packer_at
from devstack.processes import Program

_TAGS: Final = ("Boxes=DINT", "Speed=REAL", "Glue=REAL", "Running=BOOL")
_REFRESH_S: Final = 0.5
_ANSWERS_S: Final = 5.0


def program(port: int) -> Program:
    """Return the server."""
    server = str(Path(sys.executable).with_name("enip_server"))
    return Program("enip", [server, "--no-config", "-A", "-U", "-a", f"127.0.0.1:{port}", *_TAGS])


def packer_tags(seconds: float) -> Sequence[tuple[str, int | float | bool]]:
    """Return the packer's tags with their values."""
    shown = packer_at(seconds)
    return (
        ("Boxes", shown.boxes),
        ("Speed", shown.speed),
        ("Glue", shown.glue),
        ("Running", shown.is_running),
    )


async def show(port: int, now: Callable[[], float]) -> None:
    """Write what the packer shows into its server until the task is cancelled."""
    with PLC("127.0.0.1", port=port, timeout=_ANSWERS_S) as controller:
        while True:
            await asyncio.to_thread(controller.Write, packer_tags(now()))
            await asyncio.sleep(_REFRESH_S)
