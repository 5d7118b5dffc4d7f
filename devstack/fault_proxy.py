"""A TCP proxy on 127.0.0.1 that a test can tell to misbehave: the network between a function and a server.

It knows no protocol. What is behind it is real, so a reply that is dropped here belongs to a request that
was carried out. Faults are told with the methods below; `heal` takes all of them back.
"""

import errno
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from types import TracebackType
from typing import Final, Self

from devstack.processes import free_port

LOOPBACK: Final = "127.0.0.1"
_BLOCK_BYTES: Final = 64 * 1024
_REMEMBERED_BYTES: Final = 4096
_CONNECT_TIMEOUT_S: Final = 5.0
_JOIN_S: Final = 60.0  # on a busy machine too


class Direction(Enum):
    """Which way bytes go: the values say it in the names of tests."""

    TO_SERVER = "to_server"
    TO_CLIENT = "to_client"


class Loss(Enum):
    """What a client notices of a reply that does not arrive: its connection is reset, or nothing at all."""

    DROPPED = "dropped"
    HELD = "held"


class End(Enum):
    """How a connection ends at a wound: for both sides, or not at all, with nothing more passed on."""

    CLOSED = "closed"
    RESET = "reset"
    STALLED = "stalled"


@dataclass(frozen=True)
class Wound:
    """What happens to each connection at one byte of a direction, counted from 0.

    `noise` is added (XOR) to the bytes from there on; with an `end`, neither that byte nor any other is
    passed on.
    """

    direction: Direction
    place: int
    noise: bytes = b""
    end: End | None = None

    def alter(self, block: bytes, start: int) -> bytes:
        """Return a block, which begins at the byte `start`, with the noise in it."""
        altered = bytearray(block)
        for at, mask in enumerate(self.noise, self.place - start):
            if 0 <= at < len(altered):
                altered[at] ^= mask
        return bytes(altered)


@dataclass
class _Orders:
    """What the proxy was told; the connections look here before every block."""

    is_silent: bool = False
    delay_s: float = 0.0
    is_crumbling: bool = False
    wound: Wound | None = None
    lost_replies: list[tuple[bytes, Loss]] = field(default_factory=list)
    change: Callable[[bytes], bytes] | None = None


class FaultProxy:
    """A running proxy in a context: `with FaultProxy(host, port) as proxy: ... proxy.port`."""

    def __init__(self, host: str, port: int) -> None:
        self.upstream = (host, port)
        self.port = free_port()
        self.is_held = threading.Event()
        """Set when a held reply has come in: the server has done what was asked."""
        self.orders = _Orders()
        self.passed_on: list[tuple[Direction, int]] = []
        """The lengths of the blocks that came in, in their order, and which way they went."""
        self._seen: list[bytes] = []
        self._listener: socket.socket | None = None
        self._open: set[_Connection] = set()
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        while self._listener is None:
            try:
                self._listen()
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                self.port = free_port()  # somebody was quicker
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()

    def refuse(self) -> None:
        """Refuse connections and reset the open ones, like a server that was stopped."""
        with self._changed:
            listener, self._listener = self._listener, None
        if listener:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
            listener.close()
        self._reset_all()

    def be_silent(self) -> None:
        """Accept connections and hear them out, but pass nothing on in either direction."""
        self.orders.is_silent = True

    def delay(self, seconds: float) -> None:
        """Delay every block by this time."""
        self.orders.delay_s = seconds

    def crumble(self) -> None:
        """Pass on every byte by itself, as slow serial gateways do."""
        self.orders.is_crumbling = True

    def cut_after(self, count: int, direction: Direction) -> None:
        """Reset each connection once it has passed on `count` bytes in a direction."""
        self.wound(Wound(direction, count, end=End.RESET))

    def wound(self, wound: Wound) -> None:
        """Alter or end each connection at one byte."""
        self.orders.wound = wound

    def lose_replies(self, request: bytes, *, times: int = 1, loss: Loss = Loss.DROPPED) -> None:
        """Let the next `times` requests that contain `request` be carried out, but lose the replies."""
        self.orders.lost_replies += [(request, loss)] * times

    def change_replies(self, change: Callable[[bytes], bytes]) -> None:
        """Pass each block of a reply through `change`; its result goes on to the client."""
        self.orders.change = change

    def heal(self) -> None:
        """Take every fault back; connections that suffered from one are reset."""
        if self.orders != _Orders():
            self._reset_all()
        self.orders = _Orders()
        self.is_held.clear()
        if not self._listener:
            self._listen()

    def requests(self, word: bytes) -> int:
        """How many blocks with this word near their beginning have gone to the server."""
        return sum(word in block for block in self._seen)

    @property
    def is_answering(self) -> bool:
        """Say whether every question is answered, early or late."""
        return self._listener is not None and replace(self.orders, delay_s=0.0) == _Orders()

    @property
    def open_connections(self) -> int:
        """How many clients are connected."""
        return len(self._open)

    def wait_until_idle(self, patience_s: float = 5.0) -> bool:
        """Wait until no client is connected; False when one still is after `patience_s`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, patience_s)

    def _listen(self) -> None:
        self._listener = listener = socket.create_server((LOOPBACK, self.port))
        name = f"proxy-{self.port}"
        threading.Thread(target=self._accept, args=(listener,), name=name, daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                connection = _Connection(self, client)
                with self._changed:
                    if self._listener is not listener:
                        client.close()
                        return
                    self._open.add(connection)
                    connection.start()  # before anybody can reset it

    def _reset_all(self) -> None:
        for connection in list(self._open):
            connection.reset()

    def look(self, block: bytes) -> Loss | None:
        """Note a block on its way to the server; return what happens to the reply."""
        self._seen.append(block[:_REMEMBERED_BYTES])
        for order in self.orders.lost_replies:
            if order[0] in block:
                self.orders.lost_replies.remove(order)
                return order[1]
        return None

    def forget(self, connection: "_Connection") -> None:
        """Note that a connection has ended."""
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()


class _Connection:
    """One client and its connection to the server, served by one thread."""

    def __init__(self, proxy: FaultProxy, client: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._loss: Loss | None = None
        self._is_stalled = False
        self._passed = dict.fromkeys(Direction, 0)
        self._thread = threading.Thread(target=self._serve, name=f"proxy-{proxy.port}", daemon=True)

    def start(self) -> None:
        """Connect to the server and begin to pass bytes on."""
        self._thread.start()

    def reset(self) -> None:
        """End both connections, the way a crashed peer or a firewall does; return once they are closed."""
        with suppress(OSError):
            self._client.shutdown(socket.SHUT_RD)  # wakes select()
        self._thread.join(_JOIN_S)

    def _serve(self) -> None:
        try:
            with suppress(OSError), self._client as client:
                _reset_when_closed(client)
                with socket.create_connection(self._proxy.upstream, _CONNECT_TIMEOUT_S) as server:
                    for end in (client, server):  # pieces leave as they are, one by one
                        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._pass_on(client, server)
        finally:
            self._proxy.forget(self)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        """Pass bytes on until either side ends, or a fault ends both."""
        ways = {client: (server, Direction.TO_SERVER), server: (client, Direction.TO_CLIENT)}
        while True:
            readable, _, _ = select.select(ways, [], [])
            for source in readable:
                sink, direction = ways[source]
                block = source.recv(_BLOCK_BYTES)
                if not block:
                    _close_gently(sink)
                    return
                if not self._pass_block(block, sink, direction):
                    return

    def _pass_block(self, block: bytes, sink: socket.socket, direction: Direction) -> bool:
        """Whether the connection goes on after this block."""
        orders = self._proxy.orders
        self._proxy.passed_on.append((direction, len(block)))
        if self._is_stalled or orders.is_silent or self._is_lost(block, direction):
            return self._loss is not Loss.DROPPED
        if orders.delay_s:
            time.sleep(orders.delay_s)
        if orders.change and direction is Direction.TO_CLIENT:
            block = orders.change(block)
        start, allowed = self._passed[direction], len(block)
        wound = orders.wound if orders.wound and orders.wound.direction is direction else None
        if wound:
            block = wound.alter(block, start)
            allowed = max(0, wound.place - start) if wound.end else allowed
        for piece in _pieces(block[:allowed], 1 if orders.is_crumbling else _BLOCK_BYTES):
            sink.sendall(piece)
        self._passed[direction] += len(block)
        return allowed >= len(block) or self._goes_on(wound, sink)

    def _goes_on(self, wound: Wound | None, sink: socket.socket) -> bool:
        """Whether the connection goes on, without a byte, after its wound."""
        if wound and wound.end is End.CLOSED:
            for end in (self._client, sink):
                _close_gently(end)
        self._is_stalled = bool(wound and wound.end is End.STALLED)
        return self._is_stalled

    def _is_lost(self, block: bytes, direction: Direction) -> bool:
        """Whether this block belongs to a reply that is not to arrive."""
        if direction is Direction.TO_SERVER:
            self._loss = self._proxy.look(block) or self._loss
            return False
        if self._loss is Loss.HELD:
            self._proxy.is_held.set()
        return self._loss is not None


def _pieces(block: bytes, size: int) -> Iterator[bytes]:
    return (block[begin : begin + size] for begin in range(0, len(block), size))


def _reset_when_closed(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _close_gently(connection: socket.socket) -> None:
    """Let the peer read what was sent, and then the end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
