"""A server that speaks just enough TDS to misbehave on cue; what the stand-in cannot be told to do.

One function gets each statement and says what follows. Logins are accepted unless a refusal is given.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from devstack.sqlserver import tokens
from devstack.sqlserver.packets import Disconnected, PacketKind, PacketStream, ProtocolViolation

INT_NOT_NULL = b"\x38"
NO_TLS, TLS_REQUIRED = 2, 3
DATETIME2_WHOLE_SECONDS = b"\x2a\x00"

Wire = PacketStream
Answer = Callable[[PacketStream, socket.socket], None]


def error(number: int, severity: int, text: str) -> bytes:
    """An error message of the server."""
    return tokens.message(number=number, state=1, severity=severity, text=text, line=1, server="SCRIPTED")


def end(*, failed: bool = False) -> bytes:
    """The end of a statement."""
    return tokens.done(tokens.Done.STATEMENT, tokens.DoneStatus.ERROR if failed else tokens.DoneStatus.FINAL)


def refuse(number: int, severity: int, text: str) -> Answer:
    """Answer a statement with an error."""

    def answer(wire: PacketStream, client: socket.socket) -> None:
        wire.write(error(number, severity, text) + end(failed=True))
        wire.end_message()

    return answer


def agree(wire: PacketStream, client: socket.socket) -> None:
    """Answer a statement with nothing."""
    wire.write(end())
    wire.end_message()


def tell_the_time(wire: PacketStream, client: socket.socket) -> None:
    """Answer the session set-up: 22 November 2026, noon, six hours behind UTC."""
    days = (2026 - 1) * 365 + (2026 - 1) // 4 - (2026 - 1) // 100 + (2026 - 1) // 400 + 325
    noon = (12 * 3600).to_bytes(3, "little") + days.to_bytes(3, "little")
    columns = [("utc_now", DATETIME2_WHOLE_SECONDS), ("utc_offset_s", INT_NOT_NULL)]
    row = b"\xd1" + bytes([len(noon)]) + noon + struct.pack("<i", -6 * 3600)
    wire.write(tokens.column_metadata(columns) + row + end())
    wire.end_message()


def ignore(client: socket.socket) -> None:
    """Hear a client out and never answer."""
    while client.recv(4096):
        pass


def reset(client: socket.socket) -> None:
    """Close a connection the way a crashed peer or a firewall does."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@dataclass
class ScriptedServer:
    """Where it listens, what it is to do, and what it saw."""

    port: int = 0
    offer: int = NO_TLS
    refusal: bytes | None = None
    answers: dict[str, Answer] = field(default_factory=dict)
    """By a word that the statement contains; the session set-up is answered unless a word says otherwise."""
    on_connection: Callable[[socket.socket], None] | None = None
    statements: list[str] = field(default_factory=list)
    logins: int = 0
    hung_up: threading.Event = field(default_factory=threading.Event)

    def serve(self, client: socket.socket) -> None:
        """Hold one conversation to its end."""
        converse = self.on_connection or self._converse
        with suppress(Disconnected, ProtocolViolation, OSError), client:
            converse(client)
        self.hung_up.set()

    def _converse(self, client: socket.socket) -> None:
        wire = PacketStream(client)
        while True:
            kind, payload = wire.read_message()
            self._answer(kind, payload, wire, client)

    def _answer(self, kind: int, payload: bytes, wire: PacketStream, client: socket.socket) -> None:
        if kind == PacketKind.PRELOGIN:
            wire.write(struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF) + bytes(6) + bytes([self.offer]))
            wire.end_message()
        elif kind == PacketKind.LOGIN7:
            self.logins += 1
            wire.write(self._login_answer())
            wire.end_message()
        elif kind == PacketKind.ATTENTION:
            wire.write(tokens.done(tokens.Done.STATEMENT, tokens.DoneStatus.ATTENTION))
            wire.end_message()
        else:
            statement = payload[struct.unpack_from("<I", payload)[0] :].decode("utf-16-le")
            self.statements.append(statement)
            self._choose(statement)(wire, client)

    def _login_answer(self) -> bytes:
        if self.refusal is not None:
            return self.refusal + end(failed=True)
        return tokens.login_acknowledgement("Scripted", (16, 0, 0)) + end()

    def _choose(self, statement: str) -> Answer:
        chosen = [answer for word, answer in self.answers.items() if word in statement]
        if chosen:
            return chosen[0]
        return tell_the_time if "SYSUTCDATETIME" in statement else agree


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    """Run one on a loopback port until the block ends."""
    server = ScriptedServer()
    with listening(server):
        yield server


@contextmanager
def listening(server: ScriptedServer) -> Iterator[None]:
    """Have a server take connections on a loopback port until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        threading.Thread(target=_accept, args=(listener, server), daemon=True).start()
        yield
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, server: ScriptedServer) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=server.serve, args=(client,), daemon=True).start()
