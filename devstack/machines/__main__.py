"""`python -m devstack.machines MODBUS OPCUA S7 SLMP ENIP`: the machines on these ports, until it is ended.

Behind the last port EtherNet/IP's server runs already.
"""

import asyncio
import logging
import sys
import time

from devstack.machines import ethernet_ip, modbus, opcua, s7, slmp


async def serve(modbus_port: int, opcua_port: int, s7_port: int, slmp_port: int, enip_port: int) -> None:
    """Serve every machine on 127.0.0.1."""
    await modbus.server(modbus_port, time.time).listen()
    async with asyncio.TaskGroup() as machines:  # if one fails, all end, and that is noticed
        machines.create_task(opcua.serve(opcua_port, time.time))
        machines.create_task(s7.serve(s7_port, time.time))
        machines.create_task(slmp.serve(slmp_port, time.time))
        machines.create_task(ethernet_ip.show(enip_port, time.time))


if __name__ == "__main__":
    logging.disable()
    asyncio.run(serve(*map(int, sys.argv[1:])))
