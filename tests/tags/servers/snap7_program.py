"""The process of python-snap7's server: it needs nothing of this repository.

It takes a port, how many connections there may be, and areas as JSON: "DB1", "I", "Q" or "M" with their bytes
in hexadecimal.
"""

import json
import logging
import sys
import threading
from collections.abc import Mapping
from typing import Final

from snap7.server import Server
from snap7.type import SrvArea

_AREAS: Final = {"I": SrvArea.PE, "Q": SrvArea.PA, "M": SrvArea.MK}


def _serve(port: int, connections: int, areas: Mapping[str, str]) -> None:
    logging.getLogger("snap7").setLevel(logging.CRITICAL)
    server = Server(log=False, max_clients=connections)
    server.host = "127.0.0.1"
    for name, memory in areas.items():
        area, index = (SrvArea.DB, int(name[2:])) if name.startswith("DB") else (_AREAS[name], 0)
        server.register_area(area, index, bytearray.fromhex(memory))
    server.start(port)
    threading.Event().wait()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]))
