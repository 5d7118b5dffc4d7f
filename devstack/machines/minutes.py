"""Calls for bursts as a scheduler makes them; each is answered when the next burst relieves its own."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx

from devstack.function import Answer, Function

_MINUTE: Final = timedelta(minutes=1)


class Bursts:
    """Bursts of one function: each call is for another minute, so that none is taken for a repetition."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._callers = ThreadPoolExecutor(thread_name_prefix="bursts")
        self._minute = datetime.now(UTC).replace(second=0, microsecond=0) - 2 * _MINUTE

    def call(self) -> "Future[Answer]":
        """Call for the next minute; the answer comes when that burst has been relieved."""
        self._minute += _MINUTE
        return self._callers.submit(self._function.deliver, self._minute)

    def close(self) -> None:
        """Wait for no answer that has not come yet."""
        self._callers.shutdown(wait=False)


@contextmanager
def every_minute(function: Function) -> Iterator[None]:
    """Call for a burst now and each minute, until the context ends."""
    is_over = threading.Event()

    def call(slot: datetime) -> None:
        try:
            function.deliver(slot)
        except (httpx.HTTPError, ValueError):
            return  # the stack ends, and with it the burst

    def keep_calling() -> None:
        while True:
            now = datetime.now(UTC)
            threading.Thread(target=call, args=(now.replace(second=0, microsecond=0),), daemon=True).start()
            if is_over.wait(60 - now.second):
                return

    thread = threading.Thread(target=keep_calling, name="minutes", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
