"""The server: a loopback socket, one thread and one Postgres connection per client."""

import secrets
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Self
from zoneinfo import ZoneInfo

import psycopg

from devstack.sqlserver import tokens
from devstack.sqlserver.errors import SqlServerError
from devstack.sqlserver.faults import Faults, SeenLogin, Traffic
from devstack.sqlserver.login import MAX_LOGIN_BYTES, LoginRequest, answer_prelogin, parse_login
from devstack.sqlserver.packets import (
    DEFAULT_PACKET_BYTES,
    Disconnected,
    Message,
    PacketKind,
    PacketStream,
    ProtocolViolation,
)
from devstack.sqlserver.response import Response
from devstack.sqlserver.session import Identity, Session
from devstack.sqlserver.store import Cancelled, Store, install

LOOPBACK: Final = "127.0.0.1"
PRODUCT: Final = "plantpulse SQL Server stand-in"
VERSION: Final = (16, 0, 0)
MAX_CONNECTIONS: Final = 200
LOGIN_TIMEOUT_S: Final = 15.0
JOIN_TIMEOUT_S: Final = 5.0
FIRST_SESSION: Final = 51  # lower numbers are SQL Server's own


@dataclass(frozen=True)
class Login:
    """A login of the stand-in; without `can_write` it may only read."""

    password: str
    can_write: bool = False


class StandIn:
    """A SQL Server stand-in on 127.0.0.1, running in threads of this process.

    `database_url` is the Postgres database that holds its tables (schema dbo); only the helper functions
    in schema mssql and the empty schema dbo are created there. `now` drives the server's clock and must
    return aware datetimes; None means the real time. Port 0 takes a free one.
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
    ) -> None:
        self.database = database
        self.faults = Faults()
        self.traffic = Traffic()
        self._database_url = database_url
        self._logins = {name.lower(): login for name, login in logins.items()}
        self._zone = ZoneInfo(time_zone)
        self._now = now
        self._port = port
        self._listener: socket.socket | None = None
        self._streams: dict[int, PacketStream] = {}
        self._threads: dict[int, threading.Thread] = {}
        self._lock = threading.Lock()
        self._next_session = FIRST_SESSION

    @property
    def host(self) -> str:
        """Always the loopback address."""
        return LOOPBACK

    @property
    def port(self) -> int:
        """The port that it listens on, once started."""
        return self._port

    def start(self) -> Self:
        """Prepares the database and begins to listen."""
        install(self._database_url)
        self._listener = socket.create_server((LOOPBACK, self._port))
        self._port = self._listener.getsockname()[1]
        self._start_thread(0, self._accept)
        return self

    def stop(self) -> None:
        """Stops listening, cuts every connection and waits for its threads."""
        if self._listener:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        with self._lock:
            streams, threads = list(self._streams.values()), list(self._threads.values())
        for stream in streams:
            stream.close()
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

    def _accept(self) -> None:
        assert self._listener is not None
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # stop() closed the listener
            self.traffic.connections += 1
            if len(self._streams) >= MAX_CONNECTIONS:
                client.close()
                continue
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.settimeout(LOGIN_TIMEOUT_S)
            self._serve_in_thread(client)

    def _serve_in_thread(self, client: socket.socket) -> None:
        stream = PacketStream(client)
        with self._lock:
            number = self._next_session
            self._next_session += 1
            self._streams[number] = stream
        self._start_thread(number, lambda: self._serve(number, client, stream))

    def _serve(self, number: int, client: socket.socket, stream: PacketStream) -> None:
        """One client from its first byte to its last; whatever goes wrong ends this connection alone."""
        try:
            self._converse(number, client, stream)
        except (Disconnected, ProtocolViolation, psycopg.Error, OSError):
            pass  # the client left, sent nonsense, or lost its database: nobody is there to be told
        finally:
            stream.close()
            with self._lock:
                self._streams.pop(number, None)
                self._threads.pop(number, None)

    def _converse(self, number: int, client: socket.socket, stream: PacketStream) -> None:
        if self.faults.is_silent:
            client.settimeout(None)
            while True:
                stream.read_message()
        login = self._receive_login(stream)
        response = Response(stream)
        if not self._admit(login, response):
            return
        client.settimeout(None)
        watch = _watcher(stream)
        store = Store(self._database_url, self._settings_for(login), client.fileno(), watch)
        try:
            session = self._open(number, login, store)
            self._welcome(login, stream)
            while True:
                _answer(stream.read_message(), session, stream)
        finally:
            store.close()

    def _receive_login(self, stream: PacketStream) -> LoginRequest:
        message = stream.read_message(max_bytes=MAX_LOGIN_BYTES)
        if message.kind == PacketKind.PRELOGIN:
            stream.write(answer_prelogin(message.payload, version=struct.pack(">BBHH", *VERSION, 0)))
            stream.end_message()
            message = stream.read_message(max_bytes=MAX_LOGIN_BYTES)
        if message.kind != PacketKind.LOGIN7:
            raise ProtocolViolation("neither PRELOGIN nor LOGIN7")
        return parse_login(message.payload)

    def _admit(self, request: LoginRequest, response: Response) -> bool:
        known = self._logins.get(request.user.lower())
        is_right = known is not None and secrets.compare_digest(
            known.password.encode(), request.password.encode()
        )
        is_accepted = is_right and not self.faults.takes_refused_login()
        is_here = request.database.lower() in ("", self.database.lower())
        self.traffic.logins.append(
            SeenLogin(
                request.user,
                request.database,
                request.application,
                request.is_read_only,
                is_accepted and is_here,
            )
        )
        if is_accepted and is_here:
            return True
        if is_accepted:
            text = f'Cannot open database "{request.database}" requested by the login. The login failed.'
            response.message(4060, 1, 11, text)
        response.error(SqlServerError(18456, f"Login failed for user '{request.user}'."), line=1)
        response.end()
        return False

    def _settings_for(self, request: LoginRequest) -> dict[str, str]:
        can_write = self._logins[request.user.lower()].can_write
        return {
            "search_path": "mssql, dbo, pg_catalog",
            "TimeZone": self._zone.key,
            "DateStyle": "ISO, MDY",
            "application_name": f"stand-in: {request.application}"[:60],
            "default_transaction_read_only": "off" if can_write else "on",
        }

    def _open(self, number: int, request: LoginRequest, store: Store) -> Session:
        [postgres] = store.fetch_row("select current_setting('server_version')", [])
        identity = Identity(
            login=request.user,
            can_write=self._logins[request.user.lower()].can_write,
            database=self.database,
            application=request.application,
            host=request.host,
            number=number,
            version=f"{PRODUCT} (not SQL Server) on PostgreSQL {postgres}",
        )
        return Session(
            identity, store, zone=self._zone, now=self._now, faults=self.faults, traffic=self.traffic
        )

    def _welcome(self, request: LoginRequest, stream: PacketStream) -> None:
        response = Response(stream)
        response.write(tokens.database_changed(self.database, "master"))
        response.message(5701, 2, 0, f"Changed database context to '{self.database}'.")
        response.write(tokens.collation_changed())
        response.write(tokens.language_changed("us_english"))
        response.message(5703, 1, 0, "Changed language setting to us_english.")
        response.write(tokens.login_acknowledgement(PRODUCT, VERSION))
        response.write(tokens.packet_size_changed(request.packet_bytes, DEFAULT_PACKET_BYTES))
        response.done(tokens.Done.STATEMENT)
        response.end()
        stream.packet_bytes = request.packet_bytes


def _watcher(stream: PacketStream) -> Callable[[], bool]:
    def watch() -> bool:
        """Reads what the client sends while its query runs: only an ATTENTION may come then."""
        message = stream.read_message()
        if message.kind != PacketKind.ATTENTION:
            raise ProtocolViolation("a second request before the first was answered")
        return True

    return watch


def _answer(message: Message, session: Session, stream: PacketStream) -> None:
    response = Response(stream)
    if message.kind == PacketKind.ATTENTION:
        response.end_cancelled()
        return
    try:
        if message.kind == PacketKind.SQL_BATCH:
            session.run_batch(_batch_text(message.payload), response)
        else:
            unknown = SqlServerError(50000, f"the stand-in does not serve requests of kind {message.kind}")
            response.error(unknown, line=1)
    except Cancelled:
        response.end_cancelled()
        return
    response.end()


def _batch_text(payload: bytes) -> str:
    """The text of a batch, behind the headers that TDS 7.2 puts before it."""
    if len(payload) < 4:
        raise ProtocolViolation("a batch without headers")
    (headers,) = struct.unpack_from("<I", payload)
    if not 4 <= headers <= len(payload) or (len(payload) - headers) % 2:
        raise ProtocolViolation("a batch with impossible headers")
    return payload[headers:].decode("utf-16-le", errors="replace")
