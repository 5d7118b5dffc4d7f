"""The moulder as a Mitsubishi FX5U, by aslmp's own server (`aslmp serve`), over SLMP in 3E frames.

aslmp is none of the `devstack` extra's packages but a development one, which `make up` installs too.
"""

import asyncio
import struct
from collections.abc import Callable, Sequence
from typing import Final

from aslmp.testing import HEALTHY, Entry, PlcSimulator, by_key
from aslmp.wire.frames import FrameType

from devstack.machines.signals import moulder_at

_REFRESH_S: Final = 0.25


def moulder_words(seconds: float) -> Sequence[int]:
    """Return the moulder's registers from D0 on: shots, force, melt (each two, first the low word)."""
    shown = moulder_at(seconds)
    return struct.unpack("<6H", struct.pack("<Iff", shown.shots, shown.force, shown.melt))


async def serve(port: int, now: Callable[[], float]) -> None:
    """Serve the moulder until the task is cancelled."""
    entry = Entry(name="tcp", protocol="tcp", port=port, frame=FrameType.THREE_E)
    simulator = PlcSimulator(target=by_key("fx5u-32mt-ds"), entries=(entry,), pathology=HEALTHY)
    async with simulator:
        while True:
            simulator.memory.write_words("D", 0, moulder_words(now()))
            simulator.memory.write_bits("M", 0, [moulder_at(now()).is_closed])
            await asyncio.sleep(_REFRESH_S)
