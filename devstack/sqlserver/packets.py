"""TDS packets: an eight-byte header, a payload, and messages made of several of them.

Everything that arrives is hostile until its lengths have been checked. Source: MS-TDS 2.2.3.
"""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

HEADER: Final = struct.Struct(">BBHHBB")
END_OF_MESSAGE: Final = 0x01
DEFAULT_PACKET_BYTES: Final = 4096
MIN_PACKET_BYTES: Final = 512
MAX_PACKET_BYTES: Final = 32767
MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024


class PacketKind(IntEnum):
    """The packet types that this server can name."""

    SQL_BATCH = 1
    RPC = 3
    RESPONSE = 4
    ATTENTION = 6
    BULK_LOAD = 7
    TRANSACTION = 14
    LOGIN7 = 16
    PRELOGIN = 18


class Message(NamedTuple):
    """One whole message of a client: the type of its packets and their payloads joined."""

    kind: int
    payload: bytes


class ProtocolViolation(Exception):
    """The client sent bytes that are not TDS; the connection is closed without an answer."""


class Disconnected(Exception):
    """The client went away."""


class Channel(Protocol):
    """What bytes come and go through: the client's socket, or TLS on it."""

    def recv(self, count: int, /) -> bytes:
        """Return up to `count` bytes; none when the client has hung up."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of `data`."""


class PacketStream:
    """Reads messages from, and writes the response packets to, one client's socket."""

    def __init__(self, client: socket.socket) -> None:
        self.client = client
        self._channel: Channel = client
        self._farewell: Callable[[], None] | None = None
        self._pending = bytearray()
        self._packet_number = 0
        self.packet_bytes = DEFAULT_PACKET_BYTES

    def fileno(self) -> int:
        """The socket's descriptor, so that select() can wait for the client."""
        return self.client.fileno()

    def use(self, channel: Channel | None, farewell: Callable[[], None] | None = None) -> None:
        """Go on through another channel, None is the plain socket; `farewell` is said when it is closed."""
        self._channel = channel or self.client
        self._farewell = farewell

    def read_message(self, *, max_bytes: int = MAX_MESSAGE_BYTES) -> Message:
        """Read packets up to the one marked as the last.

        Raises: ProtocolViolation, Disconnected.
        """
        first_kind, payload = None, bytearray()
        while True:
            kind, status, length, _, _, _ = HEADER.unpack(self._read_exactly(HEADER.size))
            if not HEADER.size <= length <= MAX_PACKET_BYTES:
                raise ProtocolViolation(f"a packet of {length} bytes")
            if first_kind not in (None, kind):
                raise ProtocolViolation("packets of two kinds in one message")
            first_kind = kind
            payload += self._read_exactly(length - HEADER.size)
            if len(payload) > max_bytes:
                raise ProtocolViolation(f"a message of more than {max_bytes} bytes")
            if status & END_OF_MESSAGE:
                return Message(kind, bytes(payload))

    def write(self, tokens: bytes) -> None:
        """Queue response bytes; packets go out as they become full."""
        self._pending += tokens
        room = self.packet_bytes - HEADER.size
        # Strictly more: a packet that is exactly full may have to be the last one.
        while len(self._pending) > room:
            self._send_packet(self._pending[:room], status=0)
            del self._pending[:room]

    def send_message(self, kind: PacketKind, payload: bytes) -> None:
        """Send one whole message that is not a response."""
        room = self.packet_bytes - HEADER.size
        for start in range(0, len(payload), room):
            is_last = start + room >= len(payload)
            status = END_OF_MESSAGE if is_last else 0
            self._send_packet(payload[start : start + room], status=status, kind=kind)
        self._packet_number = 0

    def end_message(self) -> None:
        """Send what is queued as the last packet of the response."""
        self._send_packet(self._pending, status=END_OF_MESSAGE)
        self._pending.clear()
        self._packet_number = 0

    def cut(self) -> None:
        """Send what is queued without an end and close the connection: a fault for tests."""
        self._send_packet(self._pending, status=0)
        self.hang_up()
        raise Disconnected

    def close(self) -> None:
        """Close the connection; for the thread that reads from it."""
        if self._farewell:
            with suppress(OSError):  # it was already gone
                self._farewell()
        self.hang_up()
        self.client.close()

    def hang_up(self) -> None:
        """End the connection for both sides and keep the descriptor: for any other thread."""
        with suppress(OSError):  # it was already gone
            self.client.shutdown(socket.SHUT_RDWR)

    def _send_packet(
        self, payload: bytes | bytearray, *, status: int, kind: PacketKind = PacketKind.RESPONSE
    ) -> None:
        self._packet_number = (self._packet_number + 1) % 256
        length = HEADER.size + len(payload)
        header = HEADER.pack(kind, status, length, 0, self._packet_number, 0)
        try:
            self._channel.sendall(header + payload)
        except OSError as error:
            raise Disconnected from error

    def _read_exactly(self, count: int) -> bytes:
        received = bytearray()
        while len(received) < count:
            try:
                part = self._channel.recv(count - len(received))
            except OSError as error:
                raise Disconnected from error
            if not part:
                raise Disconnected
            received += part
        return bytes(received)
