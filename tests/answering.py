"""A Supabase project that answers as a test tells it, over real HTTP on a loopback port."""

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from plantpulse.settings import Secret, SupabaseSettings

KEY = "sb_secret_" + "x" * 30


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; the names of headers are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Told:
    """What is answered. `body` None: the connection is closed without an answer."""

    status: int = 200
    body: bytes | None = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(content: Any, status: int = 200) -> Told:
    """Return an answer with a JSON document."""
    return Told(status, json.dumps(content).encode())


@contextmanager
def serving(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Have `talk` hold the conversation with each client of a loopback port; yield the port."""

    def hold(client: socket.socket) -> None:
        with suppress(OSError), client:
            talk(client)

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                Thread(target=hold, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=accept, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def answering(answer: Callable[[Asked], Told]) -> Iterator[SupabaseSettings]:
    """Answer each request with what `answer` returns; yield the settings of the project."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = answer(Asked(self.command, self.path, headers, body))
            if told.body is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send_response(told.status)
            for name, value in {"Content-Length": str(len(told.body)), **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        do_GET = do_POST  # noqa: N815 - its own name

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield SupabaseSettings(url=f"http://127.0.0.1:{server.server_port}", secret_key=Secret(KEY))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
