"""SQL Server as a replay: what it once answered to a message is sent again, at once.

The stand-in needs longer than a real server for the same rows. That time is the same for every contestant and
draws ratios towards one. A contestant's messages to SQL Server are the same each time that it polls one slot,
but for its login. So the first time they are passed on and the answers kept, and from then on the answers
come from here.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from bench.listener import Listener
from bench.stack import Servers

# MS-TDS 2.2.3.1: type, status, length, and four bytes more; bit 1 of the status ends a message.
_HEADER: Final = 8
_LAST: Final = 1
_LOGIN: Final = frozenset({0x10, 0x12})  # of whom, from which process: the answer is the same


class _Closed(Exception):
    """The other side has ended the connection."""


@dataclass(slots=True)
class Replay:
    """A port that answers as SQL Server did; `answers` by message. `asked`: how many it had to ask for."""

    upstream_port: int
    answers: dict[bytes, bytes] = field(default_factory=dict)
    asked: int = 0
    listener: Listener = field(init=False)

    def __post_init__(self) -> None:
        self.listener = Listener(self._answer_beside)

    def _answer_beside(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=self._answer_all, args=(client,), daemon=True).start()

    def _answer_all(self, client: socket.socket) -> None:
        said: list[bytes] = []
        with client, suppress(_Closed, OSError):
            while True:
                said.append(_message(client))
                if _key(said[-1]) not in self.answers:
                    self.answers[_key(said[-1])] = self._ask(said)
                client.sendall(self.answers[_key(said[-1])])

    def _ask(self, messages: list[bytes]) -> bytes:
        """Returns the answer to the last of the messages, on a connection on which all are sent."""
        self.asked += 1
        answer = b""
        with closing(socket.create_connection(("127.0.0.1", self.upstream_port))) as server:
            for one in messages:
                server.sendall(one)
                answer = _message(server)
        return answer


def _key(message: bytes) -> bytes:
    return message[:1] if message[0] in _LOGIN else message


def _message(source: socket.socket) -> bytes:
    """Returns one whole message, packet by packet. Raises: _Closed."""
    message = bytearray()
    while True:
        header = _exactly(source, _HEADER)
        message += header + _exactly(source, int.from_bytes(header[2:4], "big") - _HEADER)
        if header[1] & _LAST:
            return bytes(message)


def _exactly(source: socket.socket, length: int) -> bytes:
    found = bytearray()
    while len(found) < length:
        block = source.recv(length - len(found))
        if not block:
            raise _Closed
        found += block
    return bytes(found)


@contextmanager
def replayed(servers: Servers) -> Iterator[tuple[Servers, Replay]]:
    """The same servers, with a replay in place of SQL Server."""
    replay = Replay(servers.sql_server.port)
    try:
        yield servers.seen_through(servers.supabase.url, replay.listener.port), replay
    finally:
        replay.listener.close()
