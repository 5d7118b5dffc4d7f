"""Calls somebody when time is up, from one thread that all waits of a process share.

For waits that C code or a library will not end by itself. The thread begins with the first deadline and ends
when none is left, so that a warm function keeps none between two calls. An action must return at once and
raise nothing.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Action = Callable[[], None]


class Deadline:
    """An action that is called at an instant of the monotonic clock, unless it is called off before."""

    __slots__ = ("_watch", "action", "at_s")

    def __init__(self, watch: "_Watch", at_s: float, action: Action) -> None:
        self._watch = watch
        self.at_s = at_s
        self.action = action

    def call_off(self) -> None:
        """Forget the action; one that has begun already goes on to its end."""
        self._watch.remove(self)


class _Watch:
    """The deadlines of one process, and the thread that waits for the next of them."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._changed = threading.Condition()
        self._pending: list[Deadline] = []
        self._is_waiting = False

    def add(self, seconds: float, action: Action) -> Deadline:
        deadline = Deadline(self, time.monotonic() + seconds, action)
        with self._changed:
            self._pending.append(deadline)
            self._changed.notify()
            if not self._is_waiting:
                self._is_waiting = True
                threading.Thread(target=self._act, name="plantpulse-deadlines", daemon=True).start()
        return deadline

    def remove(self, deadline: Deadline) -> None:
        with self._changed:
            if deadline in self._pending:
                self._pending.remove(deadline)
                self._changed.notify()

    def _act(self) -> None:
        while due := self._wait_for_next():
            due.action()

    def _wait_for_next(self) -> Deadline | None:
        """Return the next deadline when it is due; None when none is left, and the thread is to end."""
        with self._changed:
            while self._pending:
                next_one = min(self._pending, key=lambda deadline: deadline.at_s)
                left_s = next_one.at_s - time.monotonic()
                if left_s <= 0:
                    self._pending.remove(next_one)
                    return next_one
                self._changed.wait(left_s)
            self._is_waiting = False
            return None


_watches = [_Watch()]


def call_after(seconds: float, action: Action) -> Deadline:
    """Have `action` called once, `seconds` from now."""
    if _watches[0].pid != os.getpid():  # forked: neither the thread nor a free lock came along
        _watches[0] = _Watch()
    return _watches[0].add(seconds, action)


@contextmanager
def bounded(seconds: float, action: Action) -> Iterator[None]:
    """Have `action` called if what happens inside takes longer than `seconds`."""
    deadline = call_after(seconds, action)
    try:
        yield
    finally:
        deadline.call_off()
