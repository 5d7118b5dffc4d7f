"""Somebody between a client and a server, who hears everything and may alter what the client says first."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.patience import ENDS_S


@contextmanager
def overheard(
    port: int, alter_first: Callable[[bytes], bytes] = lambda packet: packet
) -> Iterator[tuple[int, bytearray]]:
    """Pass one connection on to a server; yields where, and every byte that came by in either direction."""
    heard = bytearray()

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(65536):
                heard.extend(part)
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)

    def serve(listener: socket.socket, server: socket.socket) -> None:
        client, _ = listener.accept()
        with client:
            server.connect(("127.0.0.1", port))
            server.sendall(alter_first(client.recv(65536)))
            back = threading.Thread(target=pass_on, args=(server, client), daemon=True)
            back.start()
            pass_on(client, server)
            back.join(ENDS_S)

    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as server:
        thread = threading.Thread(target=serve, args=(listener, server), daemon=True)
        thread.start()
        yield int(listener.getsockname()[1]), heard
        thread.join(ENDS_S)
