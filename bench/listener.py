"""A port of this machine, for what stands between a contestant and a server."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress


class Listener:
    """Accepts connections on a free port of 127.0.0.1; `serve` gets each one and must not wait."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return  # closed
            self._serve(client)
