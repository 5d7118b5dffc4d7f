"""One WebSocket: reads the client's messages, writes replies and broadcasts, and ends with the silent client.

One thread does all of it and waits for whichever comes first: a frame, a broadcast, the end of a token, or a
minute without a word. Framing is the library's (websockets' protocol without I/O).
"""

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterable
from typing import Final

from websockets.datastructures import Headers
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from devstack.realtime.channels import Broadcast, Channels
from devstack.realtime.messages import Malformed, Message, decode, encode

# The hosted one hangs up on a client that has sent nothing, not even a heartbeat, for so long.
IDLE_S: Final = 60.0
_SEND_S: Final = 10.0
_BLOCK_BYTES: Final = 64 * 1024
_MESSAGE_BYTES: Final = 1024 * 1024
_MOST_WAITING: Final = 1000


class Connection:
    """A connection whose client asked for a WebSocket; `run` serves it to its end."""

    def __init__(
        self, connection: socket.socket, channels: Channels, version: str, idle_s: float = IDLE_S
    ) -> None:
        self._socket = connection
        self._channels = channels
        self._version = version
        self._idle_s = idle_s
        self._protocol = ServerProtocol(max_size=_MESSAGE_BYTES)
        self._waiting: deque[Broadcast] = deque()
        self._woken, self._waker = socket.socketpair()
        self._fragments: list[bytes] = []

    def deliver(self, broadcast: Broadcast) -> None:
        """Have the client told of a broadcast; called by another thread, which never waits for the client."""
        if len(self._waiting) >= _MOST_WAITING:
            _shut_down(self._socket)
            return
        self._waiting.append(broadcast)
        _wake(self._waker)

    def run(self, path: str, headers: Iterable[tuple[str, str]]) -> None:
        """Answer the request for a WebSocket and serve it until either side ends it."""
        self._socket.settimeout(_SEND_S)
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        try:
            if self._shake_hands(path, headers):
                self._serve()
        except OSError:
            return  # the client is gone, or takes nothing any more
        finally:
            _shut_down(self._socket)
            self._woken.close()
            self._waker.close()

    def _shake_hands(self, path: str, headers: Iterable[tuple[str, str]]) -> bool:
        self._protocol.receive_data(Request(path, Headers(headers)).serialize())
        for request in self._protocol.events_received():
            if isinstance(request, Request):
                self._protocol.send_response(self._protocol.accept(request))
        self._flush()
        return self._protocol.state is State.OPEN

    def _serve(self) -> None:
        heard_at = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while self._protocol.state is State.OPEN:
                left_s = heard_at + self._idle_s - time.monotonic()
                ready = {key.fileobj for key, _ in selector.select(max(0.0, self._next_look_s(left_s)))}
                if self._socket in ready:
                    heard_at = time.monotonic()
                    self._receive()
                elif left_s <= 0:
                    self._protocol.fail(CloseCode.GOING_AWAY, "no heartbeat")
                self._tell_what_waits()
                self._send(self._channels.expire(time.time()))
                self._flush()

    def _next_look_s(self, left_s: float) -> float:
        expiry = self._channels.next_expiry
        return left_s if expiry is None else min(left_s, expiry - time.time())

    def _receive(self) -> None:
        data = self._socket.recv(_BLOCK_BYTES)
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and self._protocol.state is State.OPEN:
                self._read(event)

    def _read(self, frame: Frame) -> None:
        if frame.opcode is Opcode.BINARY:
            self._protocol.fail(CloseCode.UNSUPPORTED_DATA, "messages of clients are not imitated here")
        if frame.opcode not in (Opcode.TEXT, Opcode.CONT):
            return  # the library answers pings and closing
        self._fragments.append(bytes(frame.data))
        if not frame.fin:
            return
        whole, self._fragments = b"".join(self._fragments), []
        try:
            message = decode(whole.decode(), self._version)
        except UnicodeDecodeError:
            self._protocol.fail(CloseCode.INVALID_DATA, "a text frame holds UTF-8")
        except Malformed as error:
            self._protocol.fail(CloseCode.POLICY_VIOLATION, str(error))
        else:
            self._send(self._channels.receive(message))

    def _tell_what_waits(self) -> None:
        _drain(self._woken)
        while self._waiting:
            self._send(self._channels.deliver(self._waiting.popleft()))

    def _send(self, messages: Iterable[Message]) -> None:
        if self._protocol.state is not State.OPEN:
            return
        for message in messages:
            self._protocol.send_text(encode(message, self._version).encode())

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)


def _wake(waker: socket.socket) -> None:
    try:
        waker.send(b"!")
    except OSError:
        return  # it is awake already, or over


def _drain(woken: socket.socket) -> None:
    try:
        while woken.recv(_BLOCK_BYTES):
            pass
    except OSError:
        return


def _shut_down(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
