"""Hears which rows are new in realtime.messages, by Postgres' notifications, and passes the broadcasts on.

A thread with two connections, made when somebody listens for the first time. It comes back when the database
was away; what was sent meanwhile is lost, as it is on Supabase.
"""

import threading
from collections.abc import Callable
from typing import Final

import psycopg

from devstack.realtime.channels import Broadcast

_LOOK_UP_S: Final = 0.2  # between two looks at whether it is over
_AGAIN_S: Final = 0.2
_CONNECT_S: Final = 60
_JOIN_S: Final = 60.0

_READ: Final = """
select id::text, topic, event, coalesce(payload, '{}'), coalesce(private, false)
from realtime.messages
where id = %s and extension = 'broadcast'
"""


class Listening:
    """Passes every new broadcast of a database to `tell`, in the order of their commits."""

    def __init__(self, database_url: str, tell: Callable[[Broadcast], None]) -> None:
        self._database_url = database_url
        self._tell = tell
        self._is_over = threading.Event()
        self._hears = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def wait_until_it_hears(self, timeout_s: float) -> bool:
        """Start if it has not begun yet; return whether what is sent from now on will be heard."""
        with self._starting:
            if self._thread is None and not self._is_over.is_set():
                self._thread = threading.Thread(target=self._run, name="realtime", daemon=True)
                self._thread.start()
        return self._hears.wait(timeout_s)

    def stop(self) -> None:
        """End the thread and its connections."""
        with self._starting:
            self._is_over.set()
        if self._thread:
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        while not self._is_over.is_set():
            try:
                self._listen()
            except psycopg.Error:
                self._hears.clear()
                self._is_over.wait(_AGAIN_S)

    def _listen(self) -> None:
        url = self._database_url
        with (
            psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_S) as notified,
            psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_S) as reading,
        ):
            notified.execute("listen realtime_messages")
            self._hears.set()
            while not self._is_over.is_set():
                for notice in notified.notifies(timeout=_LOOK_UP_S):
                    if row := reading.execute(_READ, [notice.payload]).fetchone():
                        self._tell(Broadcast(*row))
