"""What has to be done at the socket, under the driver, which is not told of it.

An end to what is asked, as a whole: the client library's time-out starts anew with every packet, so a
server that trickles bytes would hold a login or a query for ever. And a look at whether an answer is
encrypted. Knows sockets, not the driver.
"""

import os
import select
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_CUT_AGAIN_AFTER_S: Final = 0.2
_TLS_RECORDS: Final = frozenset({b"\x15", b"\x17", b""})  # alert, data; or nothing at all. TDS answers with 4
_DESCRIPTORS: Final = ("/proc/self/fd", "/dev/fd")  # Linux, macOS

_under_way = threading.local()


class Cut:
    """Ends one exchange with a server when its time is up, by shutting down the socket under it.

    Holds a duplicate of the descriptor: the library may close its own at any moment, and the number
    would then belong to somebody else's connection.
    """

    def __init__(self, *, looks_for_tls: bool = False) -> None:
        self.is_done = False
        self.looks_for_tls = looks_for_tls
        self.is_answer_plain = False
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def attach(self, descriptor: int) -> None:
        """Take hold of the connection; cut it at once when the time was up before it was known."""
        with self._lock:
            self._close()
            self._socket = socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM)
            if self.is_done:
                self._shut_down()

    def look_for_tls(self) -> None:
        """Wait for the answer, and note whether it is plain text instead of TLS; it stays to be read."""
        if self._socket is None:
            return
        answered = select.poll()
        answered.register(self._socket, select.POLLIN)
        answered.poll()  # for no longer than it takes until the cut
        with suppress(OSError):
            first = self._socket.recv(1, socket.MSG_PEEK)
            self.is_answer_plain = first not in _TLS_RECORDS

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
def cut_after(seconds: float, *, looks_for_tls: bool = False) -> Iterator[Cut]:
    """Give what happens inside `seconds` in all; `is_done` of the yielded cut says whether they ran out.

    `looks_for_tls` has its `is_answer_plain` say whether an answer came unencrypted.
    """
    cut = Cut(looks_for_tls=looks_for_tls)
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
        if cut.looks_for_tls:
            cut.look_for_tls()


@contextmanager
def cut_connecting_after(seconds: float, host: str, port: int) -> Iterator[Cut]:
    """Give the opening of a connection `seconds` in all.

    The driver names its socket to nobody before the login is over. It is looked for among the descriptors of
    this process: connected to that server, and not there when the block began. Another thread that is
    logging in to the same server at that moment may be cut as well, and fails as this one does. A login that
    is over just then may be cut too: where `is_done` says so, the connection is not to be used.
    """
    cut, is_over, ending = Cut(), threading.Event(), threading.Lock()
    known = _own_sockets()

    def watch() -> None:
        if is_over.wait(seconds):
            return
        cut.make()
        with suppress(OSError):
            addresses: set[object] = {
                info[4][:2] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            }
            while not is_over.wait(_CUT_AGAIN_AFTER_S):  # it may be on the next of several addresses
                for descriptor, _ in _own_sockets() - known:
                    with ending:  # what is open after the block is nobody's to cut
                        if not is_over.is_set():
                            _shut_down_if_to(addresses, descriptor)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield cut
    finally:
        with ending:
            is_over.set()


def _own_sockets() -> set[tuple[int, int]]:
    """Return the sockets of this process as (descriptor, inode); none where the system does not list them."""
    folder = next((path for path in _DESCRIPTORS if os.path.isdir(path)), None)
    sockets = set()
    for name in os.listdir(folder) if folder else ():
        with suppress(OSError):
            status = os.fstat(int(name))
            if stat.S_ISSOCK(status.st_mode):
                sockets.add((int(name), status.st_ino))
    return sockets


def _shut_down_if_to(addresses: set[object], descriptor: int) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as duplicate:
        if duplicate.getpeername()[:2] in addresses:
            duplicate.shutdown(socket.SHUT_RDWR)
