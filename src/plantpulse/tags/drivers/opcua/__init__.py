"""OPC UA, by asyncua: nodes are read by their ids, in as few requests as the server allows.

docs/decisions/0108 says what this driver guards against.
"""

from typing import Final

from plantpulse.tags.drivers.opcua.driver import OpcuaDriver

DRIVER: Final = OpcuaDriver()
