"""`python -m devstack.machines MODBUS_PORT OPCUA_PORT`: the machines, until the process ends."""

import asyncio
import logging
import sys
import time

from devstack.machines import modbus, opcua


async def serve(modbus_port: int, opcua_port: int) -> None:
    """Serve every machine on 127.0.0.1."""
    await modbus.server(modbus_port, time.time).listen()
    await opcua.serve(opcua_port, time.time)


if __name__ == "__main__":
    logging.disable()
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
