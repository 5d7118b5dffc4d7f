"""Supabase Realtime as a page needs it: broadcasts from the database on channels that policies guard.

Imitated: Phoenix's channel protocol (both versions) over a WebSocket, joins judged by Row Level Security on
realtime.messages, heartbeats, newer tokens, and tokens that expire. Absent: presence, messages from clients,
replay, postgres_changes, quotas. Source: https://supabase.com/docs/guides/realtime/protocol
"""

import socket
import threading
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qs, urlsplit

from devstack.access import Keys
from devstack.realtime.channels import Broadcast, Channels, Refused
from devstack.realtime.connection import IDLE_S, Connection
from devstack.realtime.judging import AWAY, Judge
from devstack.realtime.listening import Listening
from devstack.realtime.messages import OBJECTS, VERSIONS

PATH: Final = "/realtime/v1/websocket"
_HEARS_WITHIN_S: Final = 60.0


class Realtime:
    """Everybody who listens to one project. `idle_s`: after how long it hangs up on a silent client."""

    def __init__(self, database_url: str, keys: Keys, idle_s: float = IDLE_S) -> None:
        self._judge = Judge(database_url, keys)
        self._listening = Listening(database_url, self._tell)
        self._idle_s = idle_s
        self._open: set[Connection] = set()
        self._lock = threading.Lock()

    @property
    def open_connections(self) -> int:
        """How many clients are connected."""
        with self._lock:
            return len(self._open)

    def serve(self, connection: socket.socket, path: str, headers: Iterable[tuple[str, str]]) -> None:
        """Serve a connection whose request has been read, to its end; the caller closes it."""
        version = parse_qs(urlsplit(path).query).get("vsn", [OBJECTS])[0]
        version = version if version in VERSIONS else OBJECTS
        served = Connection(connection, Channels(self._admit), version, self._idle_s)
        with self._lock:
            self._open.add(served)
        try:
            served.run(path, headers)
        finally:
            with self._lock:
                self._open.discard(served)

    def stop(self) -> None:
        """Listen to the database no more; connections are closed by who accepted them."""
        self._listening.stop()

    def _admit(self, token: str, topic: str, is_private: bool) -> float:
        expires_at = self._judge(token, topic, is_private)
        if not self._listening.wait_until_it_hears(_HEARS_WITHIN_S):
            raise Refused(AWAY)
        return expires_at

    def _tell(self, broadcast: Broadcast) -> None:
        with self._lock:
            listeners = list(self._open)
        for listener in listeners:
            listener.deliver(broadcast)
