"""A publisher on a loopback port that says what a test tells it to, byte for byte."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Answer = bytes | Callable[[socket.socket], None]


def answer(content: bytes = b"{}", status: str = "200 OK", headers: Mapping[str, str] | None = None) -> bytes:
    """A whole answer; `headers` come instead of those of the same name, or beside them."""
    usual = {"Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close"}
    lines = {**usual, **(headers or {})}
    head = "".join(f"{name}: {text}\r\n" for name, text in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + content


def say_nothing(client: socket.socket) -> None:
    """Wait until the other side gives up."""
    while client.recv(4096):
        pass


def dripping(beginning: bytes, drip: bytes) -> Callable[[socket.socket], None]:
    """Begin, and send a little now and then until the other side gives up."""

    def drip_on(client: socket.socket) -> None:
        client.sendall(beginning)
        client.settimeout(0.02)
        while True:
            with suppress(TimeoutError):
                if not client.recv(4096):
                    return
            client.sendall(drip)

    return drip_on


@dataclass
class Publisher:
    """Gives one answer to each request, the last one again and again; `requests` are what it was asked."""

    answers: list[Answer]
    port: int = 0
    tls: ssl.SSLContext | None = None
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def targets(self) -> list[str]:
        """The paths and queries that it was asked for."""
        return [request.split(" ")[1] for request in self.requests]

    def serve(self, client: socket.socket) -> None:
        """Answer one request, and hang up."""
        with (
            suppress(OSError),
            self.tls.wrap_socket(client, server_side=True) if self.tls else client as line,
        ):
            request = b""
            while b"\r\n\r\n" not in request:
                part = line.recv(65536)
                if not part:
                    return
                request += part
            self.requests.append(request.decode("latin-1"))
            self._say(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0], line)

    def _say(self, said: Answer, line: socket.socket) -> None:
        if isinstance(said, bytes):
            line.sendall(said)
        else:
            said(line)


@contextmanager
def publishing(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Publisher]:
    """Run a publisher until the block ends."""
    publisher = Publisher(list(answers), tls=tls)

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=publisher.serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        publisher.port = listener.getsockname()[1]
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield publisher
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
