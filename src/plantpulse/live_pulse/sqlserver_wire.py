"""The two things about a connection to SQL Server that the driver cannot be asked for.

An end to a query as a whole: the client library's time-out starts anew with every packet, so a
server that trickles rows holds a poll for ever. And what a server says about TLS before any login:
the library has one message for a refused handshake and for a reset connection.
Knows sockets, not the driver. Source: MS-TDS 2.2.6.5 (PRELOGIN).
"""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Literal

_under_way = threading.local()


class Cut:
    """Ends one exchange with a server when its time is up, by shutting down the socket under it.

    Holds a duplicate of the descriptor: the library may close its own at any moment, and the number
    would then belong to somebody else's connection.
    """

    def __init__(self) -> None:
        self.is_done = False
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def attach(self, descriptor: int) -> None:
        """Take hold of the connection; cut it at once when the time was up before it was known."""
        with self._lock:
            self._close()
            self._socket = socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM)
            if self.is_done:
                self._shut_down()

    def make(self) -> None:
        """Cut the connection: what waits for it wakes up with an end of file."""
        with self._lock:
            self.is_done = True
            self._shut_down()

    def let_go(self) -> None:
        """Leave the connection alone from now on."""
        with self._lock:
            self._close()

    def _shut_down(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # already disconnected
                self._socket.shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


@contextmanager
def cut_after(seconds: float) -> Iterator[Cut]:
    """Give what happens inside `seconds` in all; `is_done` of the yielded cut says whether they ran out."""
    cut = Cut()
    timer = threading.Timer(seconds, cut.make)
    timer.daemon = True
    timer.start()
    _under_way.cut = cut
    try:
        yield cut
    finally:
        _under_way.cut = None
        timer.cancel()
        cut.let_go()


def note_descriptor(descriptor: int) -> None:
    """Tell the cut of this thread which socket is waited for (the driver's wait callback)."""
    cut = getattr(_under_way, "cut", None)
    if cut is not None:
        cut.attach(descriptor)


_PRELOGIN, _ENCRYPTION_OPTION, _END_OF_OPTIONS = 0x12, 1, 0xFF
_ENCRYPT_ON, _NOT_SUPPORTED, _REQUIRED = 1, 2, 3


def is_tls_the_obstacle(
    host: str, port: int, encryption: Literal["require", "request", "off"], *, timeout_s: float
) -> bool:
    """Return whether a server that just failed a login answers, but disagrees about TLS.

    False when it does not answer a PRELOGIN either: then the network is the obstacle.
    """
    try:
        offer = _encryption_offer(host, port, timeout_s)
    except (OSError, ValueError):
        return False
    if encryption == "require":
        return True  # without TLS on the server it is refused before, with it in the handshake
    return offer == _REQUIRED if encryption == "off" else offer != _NOT_SUPPORTED


def _encryption_offer(host: str, port: int, timeout_s: float) -> int:
    version, encryption = bytes(6), bytes([_ENCRYPT_ON])
    options = (
        struct.pack(">BHHBHHB", 0, 11, 6, _ENCRYPTION_OPTION, 17, 1, _END_OF_OPTIONS) + version + encryption
    )
    with closing(socket.create_connection((host, port), timeout_s)) as connection:
        connection.sendall(struct.pack(">BBHHBB", _PRELOGIN, 1, 8 + len(options), 0, 1, 0) + options)
        answer = connection.recv(4096)[8:]
    for start in range(0, len(answer) - 4, 5):
        token, offset, _length = struct.unpack_from(">BHH", answer, start)
        if token == _END_OF_OPTIONS:
            break
        if token == _ENCRYPTION_OPTION and offset < len(answer):
            return int(answer[offset])
    raise ValueError("not the answer of a SQL Server")
