"""A TCP connection to a machine; each of its steps ends by a deadline.

The libraries' own connections wait anew for each piece of an answer, and some speak IPv4 only. No protocol
is known here. Deadlines are instants of `time.monotonic`, in seconds.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from time import monotonic
from typing import Final, Protocol

from plantpulse.errors import DeviceTimedOut, DeviceUnavailable

_HANDED_OVER_S: Final = 0.5  # what a thread needs to notice that its socket was shut down
_PIECE: Final = 65536  # bytes; more is not read at once, whatever length a device claims


class Connection(Protocol):
    """The bytes to and from a device, as a driver's exchange of questions and answers needs them."""

    device: str

    def send(self, data: bytes, deadline_s: float) -> None:
        """Raises: DeviceUnavailable."""

    def receive(self, count: int, deadline_s: float) -> bytes:
        """Return exactly `count` bytes. Raises: DeviceUnavailable."""

    def close(self) -> None:
        """End the connection."""


class Stream:
    """One connection, used by one thread and closed by any. It cannot be used again after a failure."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self.device = f"the device at {f'[{host}]' if ':' in host else host}:{port}"
        self._socket: socket.socket | None = None
        self._is_closed = False
        self._in_use = Lock()

    def connect(self, deadline_s: float) -> None:
        """Raises: DeviceUnavailable if nobody listens there; DeviceTimedOut."""
        with self._used():
            try:
                addresses = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                raise DeviceUnavailable(f"{self.device} has no address: {error}") from error
            family, kind, protocol, _, address = addresses[0]
            self._socket = socket.socket(family, kind, protocol)
            self._require_open()  # it may have been closed when there was nothing to shut down yet
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.settimeout(_left_s(deadline_s))
            self._socket.connect(address)

    def send(self, data: bytes, deadline_s: float) -> None:
        """Send a request, if the device has said nothing since its last answer.

        What it said meanwhile is an answer to nothing: a late or doubled one. Raises: DeviceUnavailable.
        """
        with self._used():
            connection = self._connected()
            self._require_silence(connection)
            connection.settimeout(_left_s(deadline_s))
            connection.sendall(data)

    def receive(self, count: int, deadline_s: float) -> bytes:
        """Return the next `count` bytes, in however many pieces they come. Raises: DeviceUnavailable."""
        data = bytearray()
        with self._used():
            connection = self._connected()
            while len(data) < count:
                connection.settimeout(_left_s(deadline_s))
                piece = connection.recv(min(count - len(data), _PIECE))
                if not piece:
                    self._require_open()
                    raise DeviceUnavailable(f"{self.device} closed the connection")
                data += piece
        return bytes(data)

    def close(self) -> None:
        """End the connection. Never raises; a thread that waits for the device wakes up."""
        self._is_closed = True
        if self._socket is None:
            return
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._in_use.acquire(timeout=_HANDED_OVER_S):
            self._release()

    def _require_open(self) -> None:
        if self._is_closed:
            raise DeviceUnavailable(f"the connection to {self.device} was closed")

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise DeviceUnavailable(f"{self.device} is not connected")
        return self._socket

    def _require_silence(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        try:
            unasked = connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        if not unasked:
            raise DeviceUnavailable(f"{self.device} closed the connection")
        raise DeviceUnavailable(f"{self.device} sent what nobody asked for: perhaps a late answer")

    @contextmanager
    def _used(self) -> Iterator[None]:
        """Use the socket while nobody frees its descriptor; after any failure it is of no use."""
        self._in_use.acquire()
        try:
            with self._translated():
                self._require_open()
                yield
        except BaseException:
            self._is_closed = True
            raise
        finally:
            self._release()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise DeviceTimedOut(f"{self.device} did not answer in time") from error
        except OSError as error:
            self._require_open()
            raise DeviceUnavailable(f"{self.device} cannot be reached: {error.strerror or error}") from error

    def _release(self) -> None:
        if self._is_closed and self._socket is not None:
            self._socket.close()
        self._in_use.release()


@contextmanager
def hinted(hint: str) -> Iterator[None]:
    """Add to an error what the reason may be; one that did not answer in time has given none."""
    try:
        yield
    except DeviceTimedOut:
        raise
    except DeviceUnavailable as error:
        raise DeviceUnavailable(f"{error}: {hint}") from error


def _left_s(deadline_s: float) -> float:
    left_s = deadline_s - monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s
