"""One client's connection from PRELOGIN to its end: who is let in, and one answer to each message."""

import secrets
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NoReturn
from zoneinfo import ZoneInfo

import psycopg

from devstack.sqlserver import tokens
from devstack.sqlserver.encryption import Encryption, Tls, TlsChannel, agree
from devstack.sqlserver.engines import SQL_SERVER, Engine
from devstack.sqlserver.errors import FALLBACK_NUMBER, SqlServerError
from devstack.sqlserver.execution import Execution
from devstack.sqlserver.faults import ColdStarts, Faults, SeenLogin, Traffic
from devstack.sqlserver.login import (
    MAX_LOGIN_BYTES,
    LoginRequest,
    parse_login,
    prelogin_answer,
    wished_encryption,
)
from devstack.sqlserver.packets import (
    DEFAULT_PACKET_BYTES,
    Disconnected,
    Message,
    PacketKind,
    PacketStream,
    ProtocolViolation,
)
from devstack.sqlserver.response import Response
from devstack.sqlserver.session import Session
from devstack.sqlserver.store import Cancelled, Store
from devstack.sqlserver.transactions import answer_request
from devstack.sqlserver.variables import Counters, Identity

PRODUCT: Final = "plantpulse SQL Server stand-in"
VERSION: Final = (16, 0, 0)


@dataclass(frozen=True)
class Login:
    """A login of the stand-in; without `can_write` it may only read.

    `can_view_server_state`: it may look at locks and at other sessions.
    """

    password: str
    can_write: bool = False
    can_view_server_state: bool = False


@dataclass(frozen=True)
class Setup:
    """What all conversations of one stand-in share; the names of `logins` are in lower case."""

    database_url: str
    logins: Mapping[str, Login]
    database: str
    zone: ZoneInfo
    now: Callable[[], datetime] | None
    faults: Faults
    traffic: Traffic
    tls: Tls | None
    engine: Engine = SQL_SERVER
    cold_starts: ColdStarts = field(default_factory=ColdStarts)


def converse(setup: Setup, number: int, stream: PacketStream, on_login: Callable[[], None]) -> None:
    """Talk to one client until it leaves; `on_login` is called when it has been let in.

    Raises: Disconnected, ProtocolViolation, psycopg.Error.
    """
    if setup.faults.is_silent:
        _stay_silent(stream)
    request = _receive_login(setup, stream)
    if not _admit(setup, request, stream):
        return
    store = _open_store(setup, request, number, stream)
    if store is None:
        return
    try:
        on_login()
        session = _open_session(setup, request, number, store)
        _welcome(setup.database, request, stream)
        while True:
            message = stream.read_message()
            if message.kind == PacketKind.ATTENTION and setup.faults.takes_attention():
                _stay_silent(stream)
            _answer(setup.engine, message, session, stream)
    finally:
        store.close()


def _stay_silent(stream: PacketStream) -> NoReturn:
    """Hear a client out without an answer. Raises: Disconnected, ProtocolViolation."""
    while True:
        stream.read_message()


def _receive_login(setup: Setup, stream: PacketStream) -> LoginRequest:
    message = stream.read_message(max_bytes=MAX_LOGIN_BYTES)
    agreed = Encryption.NOT_SUPPORTED
    if message.kind == PacketKind.PRELOGIN:
        agreed = _agree_on_encryption(setup, message.payload, stream)
        message = stream.read_message(max_bytes=MAX_LOGIN_BYTES)
    elif setup.tls is not None and setup.tls.is_required:
        raise ProtocolViolation("no PRELOGIN and thus no TLS")
    if message.kind != PacketKind.LOGIN7:
        raise ProtocolViolation("neither PRELOGIN nor LOGIN7")
    if agreed == Encryption.OFF:
        stream.use(None)
    return parse_login(message.payload)


def _agree_on_encryption(setup: Setup, prelogin: bytes, stream: PacketStream) -> Encryption:
    wished = wished_encryption(prelogin)
    agreed = agree(wished, setup.tls)
    stream.write(prelogin_answer(struct.pack(">BBHH", *VERSION, 0), agreed))
    stream.end_message()
    if agreed == Encryption.REQUIRED and wished == Encryption.NOT_SUPPORTED:
        raise ProtocolViolation("a client without TLS")
    if setup.tls is not None and agreed != Encryption.NOT_SUPPORTED:
        channel = TlsChannel(stream.client, setup.tls.context).shake_hands(stream)
        stream.use(channel, channel.take_leave if setup.engine.says_farewell else None)
    return agreed


def _admit(setup: Setup, request: LoginRequest, stream: PacketStream) -> bool:
    known = setup.logins.get(request.user.lower())
    is_right = known is not None and secrets.compare_digest(
        known.password.encode(), request.password.encode()
    )
    is_login_good = is_right and not setup.faults.takes_refused_login()
    is_database_here = request.database.lower() in ("", setup.database.lower())
    is_accepted = is_login_good and is_database_here
    setup.traffic.logins.append(
        SeenLogin(request.user, request.database, request.application, request.is_read_only, is_accepted)
    )
    if is_accepted:
        return True
    response = Response(stream, setup.engine)
    if is_login_good:
        text = f'Cannot open database "{request.database}" requested by the login. The login failed.'
        said = setup.engine.tell(SqlServerError(4060, text))
        response.message(said.number, 1, said.severity, said.text)
    response.error(SqlServerError(18456, f"Login failed for user '{request.user}'."), line=1)
    response.end()
    return False


def _open_store(setup: Setup, request: LoginRequest, number: int, stream: PacketStream) -> Store | None:
    # Postgres keeps 63 characters of it; views.sql reads them for sys.dm_exec_sessions.
    name = f"stand-in|{number}|{request.user}|{request.host[:15]}|{request.application}"[:63]
    settings = {
        "search_path": "mssql, dbo, pg_catalog",
        "TimeZone": setup.zone.key,
        "DateStyle": "ISO, MDY",
        "application_name": name,
        "default_transaction_read_only": "off" if setup.logins[request.user.lower()].can_write else "on",
    }
    try:
        return Store(setup.database_url, settings, stream.fileno(), lambda: _reads_attention(stream))
    except psycopg.OperationalError as error:
        response = Response(stream, setup.engine)
        text = f"the stand-in cannot reach its Postgres database: {error}"
        response.error(SqlServerError(FALLBACK_NUMBER, text), line=1)
        response.end()
        return None


def _reads_attention(stream: PacketStream) -> bool:
    """Read what a client sends while its query runs: only an ATTENTION may come then."""
    if stream.read_message().kind != PacketKind.ATTENTION:
        raise ProtocolViolation("a second request before the first was answered")
    return True


def _open_session(setup: Setup, request: LoginRequest, number: int, store: Store) -> Session:
    [postgres] = store.fetch_row("select current_setting('server_version')", [])
    login = setup.logins[request.user.lower()]
    identity = Identity(
        login=request.user,
        can_write=login.can_write,
        can_view_server_state=login.can_view_server_state,
        database=setup.database,
        application=request.application,
        host=request.host,
        session=number,
        version=f"{PRODUCT} (not SQL Server) on PostgreSQL {postgres}",
    )
    counters = Counters()
    execution = Execution(
        store, counters, setup.faults, setup.now, first_wait_s=setup.cold_starts.next_wait_s()
    )
    return Session(
        identity,
        execution,
        counters,
        faults=setup.faults,
        traffic=setup.traffic,
        refused_settings=setup.engine.refused_settings,
    )


def _welcome(database: str, request: LoginRequest, stream: PacketStream) -> None:
    response = Response(stream)
    response.write(tokens.database_changed(database, "master"))
    response.message(5701, 2, 0, f"Changed database context to '{database}'.")
    response.write(tokens.collation_changed())
    response.write(tokens.language_changed("us_english"))
    response.message(5703, 1, 0, "Changed language setting to us_english.")
    response.write(tokens.login_acknowledgement(PRODUCT, VERSION))
    response.write(tokens.packet_size_changed(request.packet_bytes, DEFAULT_PACKET_BYTES))
    response.done(tokens.Done.STATEMENT)
    response.end()
    stream.packet_bytes = request.packet_bytes


def _answer(engine: Engine, message: Message, session: Session, stream: PacketStream) -> None:
    response = Response(stream, engine)
    if message.kind == PacketKind.ATTENTION:
        response.end_cancelled()
        return
    try:
        _run(message, session, response)
    except Cancelled:
        response.end_cancelled()
        return
    except (Disconnected, ProtocolViolation, psycopg.Error):
        raise
    except Exception as error:
        # A mistake in the stand-in must not look like a lost connection to the one who debugs it.
        text = f"the stand-in failed: {type(error).__name__}: {error}"
        response.error(SqlServerError(FALLBACK_NUMBER, text), line=1)
    response.end()


def _run(message: Message, session: Session, response: Response) -> None:
    if message.kind == PacketKind.SQL_BATCH:
        session.run_batch(_without_headers(message.payload).decode("utf-16-le", errors="replace"), response)
    elif message.kind == PacketKind.TRANSACTION:
        answer_request(_without_headers(message.payload), session.execution, response)
    else:
        text = f"the stand-in does not serve requests of kind {message.kind}"
        response.error(SqlServerError(FALLBACK_NUMBER, text), line=1)


def _without_headers(payload: bytes) -> bytes:
    """What stands behind the headers that TDS 7.2 puts before a request."""
    if len(payload) < 4:
        raise ProtocolViolation("a request without headers")
    (headers,) = struct.unpack_from("<I", payload)
    if not 4 <= headers <= len(payload) or (len(payload) - headers) % 2:
        raise ProtocolViolation("a request with impossible headers")
    return payload[headers:]
