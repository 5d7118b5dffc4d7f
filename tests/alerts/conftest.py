"""Notices to send, and servers that do what a script says."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trustme

from plantpulse.alerts.notices import Notice
from plantpulse.settings import ChannelSettings, Secret

AT = datetime(2026, 11, 29, 5, 30, tzinfo=UTC)
LONG = partial(float, 60)  # no test waits for it
SHORT = partial(float, 0.5)  # a call that has to be cut ends by it
DRIP_S = 0.05
DRIPS = 400  # after these a server that drips gives a whole answer

Script = Callable[[socket.socket], None]


def notice(**other: Any) -> Notice:
    """A notice that a test may change."""
    given: dict[str, Any] = {
        "key": "north/pipeline/overdue/1",
        "thread": "north/pipeline/overdue",
        "occasion": "fired",
        "severity": "warning",
        "title": "No data from north since 05:15",
        "text": "Two polls are missing.\nLook at the SQL Server.",
        "at": AT,
    }
    return Notice(**given | other)


def mail_settings(port: int, **other: Any) -> ChannelSettings:
    """A mail channel on loopback without TLS and without a login."""
    given: dict[str, Any] = {
        "kind": "email",
        "host": "127.0.0.1",
        "port": port,
        "encryption": "off",
        "sender": "Werk Süd <alerts@example.com>",
        "to": ("ada@example.com",),
    }
    return ChannelSettings(**given | other)


def secret(text: str) -> Secret:
    return Secret(text)


@dataclass
class Talker:
    """A server that runs a script with each connection, one after the other."""

    port: int = 0
    connections: int = 0
    errors: list[Exception] = field(default_factory=list)


@contextmanager
def talking(script: Script) -> Iterator[Talker]:
    """Serve on loopback what a script does."""
    listener = socket.create_server(("127.0.0.1", 0))
    talker = Talker(port=listener.getsockname()[1])

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                talker.connections += 1
                with client, suppress(OSError):  # the client may leave at any moment
                    script(client)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield talker
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def drip(client: socket.socket, answer: bytes, end: bytes = b"") -> None:
    """Write a byte now and then, in all far more than a test waits for, and then the end."""
    pause = threading.Event()
    for at in range(DRIPS):
        client.sendall(answer[at % len(answer) : at % len(answer) + 1])
        pause.wait(DRIP_S)
    client.sendall(end)


def request_from(client: socket.socket) -> bytes:
    """Read one HTTP request with its body."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(client)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
    while len(body) < length:
        body += _some(client)
    return head + b"\r\n\r\n" + body


def line_from(client: socket.socket) -> bytes:
    """Read one line of a command."""
    received = b""
    while not received.endswith(b"\r\n"):
        received += _some(client, 1)
    return received


def _some(client: socket.socket, size: int = 4096) -> bytes:
    part = client.recv(size)
    if not part:
        raise ConnectionResetError
    return part


@dataclass
class Authority:
    """An authority of the tests: its file, and servers' contexts with certificates of it."""

    ca: trustme.CA
    file: Path

    def context(self, *names: str) -> ssl.SSLContext:
        """Return what a server needs to show a certificate for these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names).configure_cert(context)
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that a channel's `ca_file` names."""
    ca, file = trustme.CA(), tmp_path_factory.mktemp("authority") / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return Authority(ca, file)
