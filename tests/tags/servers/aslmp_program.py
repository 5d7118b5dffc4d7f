"""The process of aslmp's server: it needs nothing of this repository.

It takes a JSON object: `port` and `probe_port`, the name of a `target`, `frame` (3e or 4e), `faults`
(switches of its pathology; without them it is healthy), `lacks` (abilities that it does not have), and
`memory`: words or bits by device, and in that by their first number.
"""

import asyncio
import dataclasses
import json
import sys
from typing import Any, Final

from aslmp.testing import HEALTHY, Entry, PlcSimulator, by_key
from aslmp.wire.frames import FrameType

_FRAMES: Final = {"3e": FrameType.THREE_E, "4e": FrameType.FOUR_E}


async def _serve(wanted: dict[str, Any]) -> None:
    lacking: dict[str, Any] = dict.fromkeys(wanted["lacks"], False)
    target = dataclasses.replace(by_key(wanted["target"]), **lacking)
    entry = Entry(name="tcp", protocol="tcp", port=wanted["port"], frame=_FRAMES[wanted["frame"]])
    # Who looks whether it runs must not take the only connection.
    probe = Entry(name="probe", protocol="tcp", port=wanted["probe_port"])
    faults = HEALTHY.replace(**wanted["faults"])
    simulator = PlcSimulator(target=target, entries=(entry, probe), pathology=faults)
    for device, runs in wanted["memory"].items():
        for first, values in runs.items():
            if isinstance(values[0], bool):
                simulator.memory.write_bits(device, int(first), values)
            else:
                simulator.memory.write_words(device, int(first), values)
    async with simulator:
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(sys.argv[1])))
