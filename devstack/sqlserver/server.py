"""The server: a loopback socket, one thread and one Postgres connection per client."""

import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Final, Self
from zoneinfo import ZoneInfo

import psycopg

from devstack.sqlserver.collations import Collation
from devstack.sqlserver.conversation import Login, Setup, converse
from devstack.sqlserver.encryption import Tls
from devstack.sqlserver.engines import Engine
from devstack.sqlserver.faults import ColdStarts, Faults, Traffic
from devstack.sqlserver.packets import Disconnected, PacketStream, ProtocolViolation
from devstack.sqlserver.store import collate, install

LOOPBACK: Final = "127.0.0.1"
MAX_CONNECTIONS: Final = 100
LOGIN_TIMEOUT_S: Final = 15.0
JOIN_TIMEOUT_S: Final = 60.0  # on a busy machine too
FIRST_SESSION: Final = 51  # lower numbers are SQL Server's own


class StandIn:
    """A SQL Server stand-in on 127.0.0.1, running in threads of this process.

    `database_url` is the Postgres database that holds its tables (schema dbo), as a superuser; only the
    helper functions in schema mssql and the empty schema dbo are created there. `now` drives the server's
    clock and returns aware datetimes; None means the real time. Port 0 takes a free one. Without `tls`
    encryption is not supported.
    """

    def __init__(
        self,
        database_url: str,
        *,
        logins: Mapping[str, Login],
        database: str = "mes",
        time_zone: str = "UTC",
        now: Callable[[], datetime] | None = None,
        port: int = 0,
        tls: Tls | None = None,
    ) -> None:
        self.faults = Faults()
        self.traffic = Traffic()
        self._setup = Setup(
            database_url=database_url,
            logins={name.lower(): login for name, login in logins.items()},
            database=database,
            zone=ZoneInfo(time_zone),
            now=now,
            faults=self.faults,
            traffic=self.traffic,
            tls=tls,
        )
        self._port = port
        self._listener: socket.socket | None = None
        self._streams: dict[int, PacketStream] = {}
        self._threads: dict[int, threading.Thread] = {}
        self._lock = threading.Lock()
        self._next_session = FIRST_SESSION

    def posing_as(self, engine: Engine) -> Self:
        """Have it tell errors and refuse settings as another engine would; before it is started."""
        self._setup = replace(self._setup, engine=engine)
        return self

    def starting_cold(self, wait_s: float, *, every: int) -> Self:
        """Have the first query of one session in `every` take so long; before it is started."""
        self._setup = replace(self._setup, cold_starts=ColdStarts(wait_s, every))
        return self

    def collate(self, collation: Collation) -> None:
        """Has its database compare texts by this collation from now on."""
        collate(self._setup.database_url, collation)

    @property
    def host(self) -> str:
        """Always the loopback address."""
        return LOOPBACK

    @property
    def port(self) -> int:
        """The port that it listens on, once started."""
        return self._port

    @property
    def database_url(self) -> str:
        """The Postgres database that holds its tables: a second stand-in on it shows the same plant."""
        return self._setup.database_url

    @property
    def database(self) -> str:
        """The name under which clients ask for its database."""
        return self._setup.database

    def start(self) -> Self:
        """Prepare the database and begin to listen."""
        install(self._setup.database_url)
        listener = socket.create_server((LOOPBACK, self._port))
        self._listener, self._port = listener, listener.getsockname()[1]
        self._start_thread(0, lambda: self._accept(listener))
        return self

    def stop(self) -> None:
        """Stop listening, cut every connection and wait for its threads."""
        if self._listener:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
        with self._lock:
            streams, threads = list(self._streams.values()), list(self._threads.values())
        for stream in streams:
            stream.hang_up()
        for thread in threads:
            thread.join(JOIN_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start_thread(self, number: int, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=f"sqlserver-{number}", daemon=True)
        with self._lock:
            self._threads[number] = thread
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return  # stop() shut the listener
                self.traffic.note_connection()
                if len(self._streams) >= MAX_CONNECTIONS:
                    client.close()
                    continue
                self._serve_in_thread(client)

    def _serve_in_thread(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = PacketStream(client)
        with self._lock:
            number = self._next_session
            self._next_session += 1
            self._streams[number] = stream
        self._start_thread(number, lambda: self._serve(number, client, stream))

    def _serve(self, number: int, client: socket.socket, stream: PacketStream) -> None:
        """One client from its first byte to its last; whatever goes wrong ends this connection alone."""
        # A client that never logs in holds its thread only so long; afterwards it may idle.
        client.settimeout(None if self.faults.is_silent else LOGIN_TIMEOUT_S)
        try:
            converse(self._setup, number, stream, lambda: client.settimeout(None))
        except (Disconnected, ProtocolViolation, psycopg.Error):
            pass  # it left, sent nonsense, or lost its database: nobody is there to be told
        finally:
            stream.close()
            with self._lock:
                self._streams.pop(number, None)
                self._threads.pop(number, None)
