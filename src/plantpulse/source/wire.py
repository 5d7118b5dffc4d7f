"""Works on the socket below the driver, which does not know about it.

An end to what is asked, as a whole: the client library's time-out starts anew with every packet, and some of
its waits have none, so a server could hold a login or a query for ever. And a look at whether an answer is
encrypted. Knows sockets, not the driver; which socket is whose, `sockets` knows.
"""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from plantpulse.deadlines import Deadline, call_after
from plantpulse.source.sockets import Line, duplicate_of

_FIRST_LOOK_S: Final = 0.1  # most exchanges are over before
_LONGEST_WAIT_S: Final = 0.5  # between two looks: the second is twice as long after the first, and so on
_AGAIN_AFTER_S: Final = 0.25  # a wait that was woken up is over by then
_TLS_RECORDS: Final = frozenset({b"\x15", b"\x17", b""})  # alert, data; or nothing at all. TDS answers with 4

_under_way = threading.local()


class Cut:
    """Ends one exchange with a server when its time is up; `is_done` says that it was up.

    First the socket is shut down, which wakes almost every wait. A library that reads from it again and again
    is awake already: it loses the socket a moment later, and so it does when its server has hung up.
    """

    def __init__(self, line: Line, seconds: float) -> None:
        self.is_done = False
        self.is_answer_plain = False
        self._line = line
        self._ends_at_s = time.monotonic() + seconds
        self._is_over = False
        self._ending = threading.Lock()
        self._wait_s = _FIRST_LOOK_S
        self._next: Deadline = call_after(min(seconds, self._wait_s), self._look)

    def end(self) -> None:
        """Leave the connection alone from now on: its descriptor may soon belong to another file."""
        with self._ending:
            self._is_over = True
            self._next.call_off()

    def note_descriptor(self, descriptor: int) -> None:
        """Note the driver's socket; shut it down at once if the time is already up."""
        with self._ending:
            self._line.note(descriptor)
            if self.is_done:
                self._line.shut_down()

    def _look(self) -> None:
        with self._ending:
            if self._is_over:
                return
            self._line.look()
            left_s = self._ends_at_s - time.monotonic()
            if self.is_done or self._line.is_dead:
                self._line.take_away()
            elif left_s <= 0:
                self.is_done = True  # before what it wakes can ask
                self._line.shut_down()
            self._next = call_after(self._time_to_wait_s(left_s), self._look)

    def _time_to_wait_s(self, left_s: float) -> float:
        if self.is_done:
            return _AGAIN_AFTER_S
        wait_s, self._wait_s = self._wait_s, min(2 * self._wait_s, _LONGEST_WAIT_S)
        return max(0.0, min(left_s, wait_s))


@contextmanager
def cut_after(line: Line, seconds: float, *, looks_for_tls: bool = False) -> Iterator[Cut]:
    """Give what happens inside `seconds` in all; `is_done` of the yielded cut says whether they ran out.

    `looks_for_tls` has its `is_answer_plain` say whether an answer came unencrypted. What is over just
    as its time ends may be cut too: where `is_done` says so, the connection is not to be used.
    """
    cut = Cut(line, seconds)
    _under_way.cut, _under_way.looks_for_tls = cut, looks_for_tls
    try:
        yield cut
    finally:
        _under_way.cut = None
        cut.end()


def note_descriptor(descriptor: int) -> None:
    """Tell the cut of this thread which socket is waited for (the driver's wait callback)."""
    cut: Cut | None = getattr(_under_way, "cut", None)
    if cut is not None:
        cut.note_descriptor(descriptor)
        if _under_way.looks_for_tls:
            cut.is_answer_plain = is_answered_in_plain_text(descriptor)


def is_answered_in_plain_text(descriptor: int) -> bool:
    """Wait until an answer comes or is cut off, and say whether it is in plain text; leave it unread."""
    with suppress(OSError), duplicate_of(descriptor) as duplicate:  # it may have been taken away already
        answered = select.poll()
        answered.register(duplicate, select.POLLIN)
        answered.poll()
        return duplicate.recv(1, socket.MSG_PEEK) not in _TLS_RECORDS
    return False
