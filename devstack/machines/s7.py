"""The filler as a Siemens S7 controller, by python-snap7's own server: data block 1 of one port."""

import asyncio
import logging
import struct
from collections.abc import Callable
from typing import Final

from snap7.server import Server
from snap7.type import SrvArea

from devstack.machines.signals import filler_at

BLOCK: Final = 1
_REFRESH_S: Final = 0.25


def filler_block(seconds: float) -> bytes:
    """Return the filler's data block: bottles, level, pressure (4 bytes each), then a bit: it refills."""
    shown = filler_at(seconds)
    return struct.pack(">iff?", shown.bottles, shown.level, shown.pressure, shown.refills)


async def serve(port: int, now: Callable[[], float]) -> None:
    """Serve the filler until the task is cancelled."""
    logging.getLogger("snap7").setLevel(logging.CRITICAL)
    server, block = Server(log=False), bytearray(filler_block(now()))
    server.host = "127.0.0.1"
    server.register_area(SrvArea.DB, BLOCK, block)
    server.start(port)
    while True:
        block[:] = filler_block(now())  # the server reads from this very memory
        await asyncio.sleep(_REFRESH_S)
