"""TLS as TDS 7 has it: agreed on in PRELOGIN, hands shaken inside PRELOGIN packets, raw on the socket after.

When client and server both say OFF, the login alone is encrypted and everything after it is plain
text. Source: MS-TDS 2.2.6.5 (who says what) and 3.3.5.2 (the handshake).
"""

import ssl
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from devstack.sqlserver.packets import Channel, PacketKind, PacketStream, ProtocolViolation

MAX_HANDSHAKE_BYTES: Final = 64 * 1024
_RECORD_HEADER_BYTES: Final = 5


class Encryption(IntEnum):
    """What a PRELOGIN says of encryption."""

    OFF = 0
    ON = 1
    NOT_SUPPORTED = 2
    REQUIRED = 3


@dataclass(frozen=True)
class Tls:
    """A context with the server's certificate; it is kept at TLS 1.2, as SQL Server is below TDS 8.

    `is_required` turns away clients that have no TLS (SQL Server's Force Encryption).
    """

    context: ssl.SSLContext
    is_required: bool = False

    def __post_init__(self) -> None:
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2


def agree(wished: Encryption, tls: Tls | None) -> Encryption:
    """What the server answers to a client's wish; who cannot do TLS is told before being turned away."""
    if tls is None:
        return Encryption.NOT_SUPPORTED
    if wished in (Encryption.ON, Encryption.REQUIRED):
        return Encryption.ON
    return Encryption.REQUIRED if tls.is_required else wished


class TlsChannel:
    """A client's socket seen through TLS, to be used in its place."""

    def __init__(self, client: Channel, context: ssl.SSLContext) -> None:
        self._client = client
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def shake_hands(self, stream: PacketStream) -> Self:
        """Agree with the client on keys; return this channel, ready for use.

        Raises: ProtocolViolation, Disconnected.
        """
        is_done = False
        while not is_done:
            message = stream.read_message(max_bytes=MAX_HANDSHAKE_BYTES)
            if message.kind != PacketKind.PRELOGIN:
                raise ProtocolViolation("not a TLS handshake")
            self._incoming.write(message.payload)
            try:
                is_done = self._advance()
            finally:  # an alert is sent as well: it tells the client why
                if self._outgoing.pending:
                    stream.send_message(PacketKind.PRELOGIN, self._outgoing.read())
        return self

    def recv(self, count: int) -> bytes:
        """Return up to `count` bytes in clear; none when the client has hung up.

        Raises: OSError (TLS's own errors are among them).
        """
        while True:
            try:
                return self._tls.read(count)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLWantReadError:
                if not self._receive_record():
                    return b""

    def sendall(self, data: bytes) -> None:
        """Send bytes encrypted. Raises: OSError."""
        self._tls.write(data)
        self._client.sendall(self._outgoing.read())

    def take_leave(self) -> None:
        """Say close_notify, which ends TLS; the socket below stays open. Raises: OSError."""
        with suppress(ssl.SSLWantReadError):  # the client's own is not waited for
            self._tls.unwrap()
        self._client.sendall(self._outgoing.read())

    def _advance(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            raise ProtocolViolation("a TLS handshake that failed") from error
        return True

    def _receive_record(self) -> bool:
        """Take one record from the socket and no byte more.

        What waits in here cannot be seen by the select() that listens for an ATTENTION.
        """
        header = self._receive_exactly(_RECORD_HEADER_BYTES)
        record = self._receive_exactly(int.from_bytes(header[3:], "big")) if header else b""
        self._incoming.write(header + record)
        return bool(record)

    def _receive_exactly(self, count: int) -> bytes:
        received = b""
        while len(received) < count:
            part = self._client.recv(count - len(received))
            if not part:
                return b""
            received += part
        return received
