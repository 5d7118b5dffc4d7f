"""How long the machine had no time: what is late because others have its processors is not late by itself."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NAP_S: Final = 0.05
_NOTICED_S: Final = 0.1  # a nap that is as late was not only unlucky


class Witness:
    """Naps, and adds up by how much it woke late."""

    def __init__(self) -> None:
        self.late_s = 0.0
        self._is_over = threading.Event()

    def watch(self) -> None:
        """Nap until it is over."""
        while True:
            began_s = time.monotonic()
            if self._is_over.wait(_NAP_S):
                return
            late_s = time.monotonic() - began_s - _NAP_S
            if late_s >= _NOTICED_S:
                self.late_s += late_s

    def end(self) -> None:
        """Have it end."""
        self._is_over.set()


@contextmanager
def witness() -> Iterator[Witness]:
    """Have one watch until the block ends."""
    watching = Witness()
    thread = threading.Thread(target=watching.watch, name="witness")
    thread.start()
    try:
        yield watching
    finally:
        watching.end()
        thread.join()
