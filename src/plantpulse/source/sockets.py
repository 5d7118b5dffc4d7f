"""Finds the socket that the driver opened, and ends what waits for it.

The driver opens its socket in C and names it to nobody before its first query. Until then it is looked for
among the descriptors of this process. How C code is woken stands in docs/decisions/0056-a-run-ends.md.
"""

import errno
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

_DESCRIPTORS: Final = ("/proc/self/fd", "/dev/fd")  # Linux, macOS
_TCP_CLOSE: Final = 7  # Source: Linux, include/net/tcp_states.h. Reset, or closed by both sides
_TCP_INFO: Final[int | None] = getattr(socket, "TCP_INFO", None)


class Socket(NamedTuple):
    """A socket of this process; the inode tells it from a later one with the same descriptor."""

    descriptor: int
    inode: int


_known_owners: set[Socket] = set()


class Line:
    """The socket under one connection of the driver.

    From the first query on it is certain. Before, it is every socket to that server that was opened since
    the login began; another thread that is logging in to the same server may lose its own as well, and fails
    as this one does.
    """

    def __init__(self, host: str, port: int) -> None:
        self.is_certain = False
        self.is_dead = False
        self._server = Server(host, port)
        self._before = own_sockets()
        self._candidates: dict[Socket, object] = {}
        self._closed: set[Socket] = set()
        self._hung_up: set[Socket] = set()

    def note(self, descriptor: int) -> None:
        """Take the driver's word for which socket it is."""
        if not self.is_certain and (named := _identify(descriptor)):
            self.is_certain = True
            self._candidates = {named: None}
            _known_owners.add(named)

    def let_go(self) -> None:
        """Forget the socket, once the driver has closed it."""
        _known_owners.difference_update(self._candidates)

    def look(self) -> None:
        """Look whether the server has hung up; before the first query, also where the socket is.

        What was found hung up twice is dead: the library has had time to notice, and did not.
        """
        if not self.is_certain:
            self._search()
        hung_up = {one for one in self._ours() if _is_hung_up(one)}
        self.is_dead = bool(hung_up & self._hung_up)
        self._hung_up = hung_up

    def _search(self) -> None:
        """Look for the socket of a login that is under way, and for the addresses of its server.

        A socket that was reset no longer says whose it is: found closed twice, it counts as a candidate. If
        it was another's, that one could do no more with it either.
        """
        self._server.resolve()
        new = own_sockets() - self._before - _known_owners
        peers = {one: peer for one in new if (peer := _peer_of(one))}
        closed = {one for one in new - self._candidates.keys() if _is_closed(one) and _is_hung_up(one)}
        self._candidates |= peers | dict.fromkeys(closed & self._closed)
        self._closed = closed

    def shut_down(self) -> None:
        """Wake what waits for the socket, with an end of file."""
        for one in self._ours():
            with suppress(OSError), duplicate_of(*one) as duplicate:  # it may be disconnected already
                duplicate.shutdown(socket.SHUT_RDWR)

    def take_away(self) -> None:
        """Put what can be neither read nor waited for in the socket's place, and wake what waits for it.

        Only for a wait that did not end when the socket was shut down: were the descriptor closed between the
        look and the deed, its number could be another thread's by then.
        """
        for one in self._ours():
            with suppress(OSError), duplicate_of(*one) as duplicate:
                _put_dead_end_at(one.descriptor)
                duplicate.shutdown(socket.SHUT_RDWR)

    def _ours(self) -> list[Socket]:
        """Return the sockets to end: what is connected to another server is not among them."""
        return [one for one, peer in self._candidates.items() if peer is None or self._server.is_at(peer)]


class Server:
    """Where a server is. The resolver may take long, so it is asked by a thread of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._host, _, instance = host.partition("\\")
        self._port = None if instance else port  # an instance has a port of its own, which only it names
        self._addresses: set[str] = set()
        self._thread: threading.Thread | None = None

    def resolve(self) -> None:
        """Begin to ask for the addresses; once is enough."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._resolve, daemon=True)
            self._thread.start()

    def is_at(self, peer: object) -> bool:
        """Say whether this server is what a socket is connected to."""
        if not isinstance(peer, tuple):
            return False
        return peer[0] in self._addresses and self._port in (None, peer[1])

    def _resolve(self) -> None:
        with suppress(OSError):
            found = socket.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
            self._addresses = {str(info[4][0]) for info in found}


def own_sockets() -> set[Socket]:
    """Return the sockets of this process; none where the system does not list them."""
    folder = next((path for path in _DESCRIPTORS if os.path.isdir(path)), None)
    names = os.listdir(folder) if folder else ()
    return {found for name in names if (found := _identify(int(name)))}


def _identify(descriptor: int) -> Socket | None:
    with suppress(OSError):
        status = os.fstat(descriptor)
        if stat.S_ISSOCK(status.st_mode):
            return Socket(descriptor, status.st_ino)
    return None


@contextmanager
def duplicate_of(descriptor: int, inode: int | None = None) -> Iterator[socket.socket]:
    """Hold on to a socket while something is done to it: its owner may close it at any moment.

    Raises: OSError when it is not there any more, or no socket, or not the one with this inode.
    """
    number = os.dup(descriptor)
    # Looked at before: `socket.socket` refuses what is no socket, and nobody would close the duplicate.
    found = _identify(number)
    if found is None or inode not in (None, found.inode):
        os.close(number)
        raise OSError(errno.EBADF, "the descriptor is another's")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, fileno=number) as duplicate:
        yield duplicate


def _peer_of(one: Socket) -> object:
    """Return the address that a socket is connected to, None if it is to none."""
    with suppress(OSError), duplicate_of(*one) as duplicate:
        return duplicate.getpeername()
    return None


def _is_closed(one: Socket) -> bool:
    if _TCP_INFO is None:
        return False
    with suppress(OSError), duplicate_of(*one) as duplicate:
        return duplicate.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)[0] == _TCP_CLOSE
    return False


def _is_hung_up(one: Socket) -> bool:
    """Say whether the peer has ended the connection and all that it sent was read."""
    try:
        with duplicate_of(*one) as duplicate:
            return not duplicate.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except ConnectionError:
        return True
    except OSError:  # silent, closed by the library, or being connected
        return False


def _put_dead_end_at(descriptor: int) -> None:
    """Replace a descriptor by a pipe without a reader: poll() reports an error, recv() and send() fail."""
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, descriptor, inheritable=False)
    os.close(writer)
