"""A server that fails after a certain byte of its answers, in one of the ways in which servers do."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Final

from devstack.sqlserver.encryption import TlsChannel
from devstack.sqlserver.packets import Channel, PacketKind, PacketStream
from tests.faults.scripted_server import NO_TLS, ScriptedServer, reset

TLS_OFFERED: Final = 1
EVERYTHING: Final = 1 << 30


class Failure(Enum):
    """What becomes of a connection after a byte of the answers."""

    CUT = "cut"
    RESET = "reset"
    SILENCE = "silence"
    FAREWELL = "farewell"
    """Says close_notify and goes, as a server does that is restarted. Bytes are counted inside TLS."""


@dataclass
class Failing:
    """A channel to a client that passes on so many bytes and then fails."""

    below: Channel
    allowed: int
    fail: Callable[[], None]
    sent: int = 0

    def recv(self, count: int, /) -> bytes:
        return self.below.recv(count)

    def sendall(self, data: bytes, /) -> None:
        rest = max(0, self.allowed - self.sent)
        self.sent += len(data)
        if rest:
            self.below.sendall(data[:rest])
        if rest < len(data):
            self.fail()


@dataclass
class FailingServer(ScriptedServer):
    """A scripted server that fails after `allowed` bytes of answers; with `tls` it speaks TLS."""

    failure: Failure = Failure.CUT
    allowed: int = EVERYTHING
    tls: ssl.SSLContext | None = None
    sent: int = 0
    """How many bytes of the answers were counted."""

    def __post_init__(self) -> None:
        self.offer = TLS_OFFERED if self.tls else NO_TLS
        self.on_connection = self._converse_and_fail

    def _converse_and_fail(self, client: socket.socket) -> None:
        is_inside_tls = self.failure is Failure.FAREWELL
        counted = Failing(client, EVERYTHING if is_inside_tls else self.allowed, lambda: self._end(client))
        stream = PacketStream(client)
        stream.use(counted)
        try:
            while True:
                kind, payload = stream.read_message()
                self._answer(kind, payload, stream, client)
                if kind == PacketKind.PRELOGIN and self.tls:
                    channel = TlsChannel(counted, self.tls).shake_hands(stream)
                    stream.use(channel)
                    if is_inside_tls:
                        counted = Failing(channel, self.allowed, partial(_take_leave, channel, client))
                        stream.use(counted)
        finally:
            self.sent = counted.sent

    def _end(self, client: socket.socket) -> None:
        if self.failure is Failure.CUT:
            client.shutdown(socket.SHUT_RDWR)
        elif self.failure is Failure.RESET:
            reset(client)


def _take_leave(channel: TlsChannel, client: socket.socket) -> None:
    channel.take_leave()
    client.shutdown(socket.SHUT_RDWR)
