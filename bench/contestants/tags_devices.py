"""Controllers for `bench tags`: pymodbus' own server on several ports, with registers that never change.

python tags_devices.py <registers> <port> ...
"""

import asyncio
import sys

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


async def serve(registers: int, ports: list[int]) -> None:
    """Serve until the process is ended."""
    nothing = [SimData(65535, values=0, datatype=DataType.BITS)]
    words = [SimData(0, values=[123] * registers, datatype=DataType.REGISTERS)]
    device = SimDevice(1, (nothing, nothing, words, words))
    servers = [ModbusTcpServer([device], address=("127.0.0.1", port)) for port in ports]
    for server in servers:
        await server.listen()
    await asyncio.Event().wait()


asyncio.run(serve(int(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
