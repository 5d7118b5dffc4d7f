"""TLS through real pymssql: what is agreed on, what can be overheard, and what still works inside it."""

import socket
import ssl
import struct
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import psycopg
import pymssql
import pytest
import trustme

from devstack.sqlserver import Login, StandIn, Tls
from devstack.sqlserver.encryption import Encryption, agree
from devstack.sqlserver.engines import ENGINES
from devstack.sqlserver.packets import HEADER, PacketKind, PacketStream
from tests.certificates import ADDRESS, certified
from tests.devstack.sqlserver.conftest import PASSWORD, WRITER, Server
from tests.eavesdropper import overheard
from tests.patience import ENDS_S, WITHOUT_TIME_OUT_S

pytestmark = pytest.mark.stand_in

MARKER = "row nobody else may read"


@pytest.fixture(scope="module")
def tls() -> Tls:
    return certified(trustme.CA(), ADDRESS)


@pytest.fixture
def server(stand_in_database: str, tls: Tls) -> Iterator[StandIn]:
    """A stand-in with a certificate that leaves the choice to the client."""
    with StandIn(stand_in_database, logins={WRITER: Login(PASSWORD, can_write=True)}, tls=tls) as running:
        yield running


@pytest.fixture
def strict_server(stand_in_database: str, tls: Tls) -> Iterator[StandIn]:
    """A stand-in that turns away clients without TLS."""
    strict = Tls(tls.context, is_required=True)
    with StandIn(stand_in_database, logins={WRITER: Login(PASSWORD, can_write=True)}, tls=strict) as running:
        yield running


def connect(port: int, encryption: str, *, timeout: int = int(ENDS_S)) -> pymssql.Connection:
    return Server("127.0.0.1", port, WRITER, PASSWORD, "mes").connect(encryption=encryption, timeout=timeout)


def ask(connection: pymssql.Connection, batch: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(batch)
        return [tuple(row) for row in cursor.fetchall() or ()]


def on_the_wire(text: str) -> bytes:
    return text.encode("utf-16-le")


def is_password_in(heard: bytearray) -> bool:
    """Look for the password as LOGIN7 veils it: halves of each byte swapped, exclusive or with 0xA5."""
    return bytes(((byte << 4) & 0xF0 | byte >> 4) ^ 0xA5 for byte in on_the_wire(PASSWORD)) in heard


def says_farewell(port: int) -> bool:
    """Shake hands, say nonsense, and return whether the server ends TLS before it closes the connection."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)
    with socket.create_connection((ADDRESS, port), timeout=ENDS_S) as client:
        stream = PacketStream(client)
        stream.send_message(PacketKind.PRELOGIN, bytes((1, 0, 6, 0, 1, 0xFF, Encryption.ON)))
        stream.read_message()
        with suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        while outgoing.pending:
            stream.send_message(PacketKind.PRELOGIN, outgoing.read())
            with suppress(ssl.SSLWantReadError):
                incoming.write(stream.read_message().payload)
                tls.do_handshake()
                break
        tls.write(bytes(HEADER.size))  # a packet without a length
        client.sendall(outgoing.read())
        while part := client.recv(4096):
            incoming.write(part)
    incoming.write_eof()
    try:
        return tls.read() == b""
    except ssl.SSLEOFError:
        return False


@pytest.mark.parametrize(
    ("engine", "is_said"), [("sqlserver", False), ("foreign", True), ("babelfish", True)]
)
def test_another_engine_says_farewell_before_it_closes(
    stand_in_database: str, tls: Tls, engine: str, is_said: bool
) -> None:
    with StandIn(stand_in_database, logins={}, tls=tls).posing_as(ENGINES[engine]) as running:
        assert says_farewell(running.port) is is_said


def test_with_require_neither_the_login_nor_a_row_can_be_overheard(server: StandIn) -> None:
    with overheard(server.port) as (port, heard), closing(connect(port, "require")) as connection:
        rows = ask(connection, f"select N'{MARKER}' as x")

    assert rows == [(MARKER,)]
    assert not is_password_in(heard)
    assert on_the_wire(MARKER) not in heard


def test_with_request_the_login_alone_is_encrypted(server: StandIn) -> None:
    with overheard(server.port) as (port, heard), closing(connect(port, "request")) as connection:
        rows = ask(connection, f"select N'{MARKER}' as x")

    assert rows == [(MARKER,)]
    assert not is_password_in(heard)
    assert on_the_wire(MARKER) in heard


def test_without_encryption_everything_can_be_overheard(server: StandIn) -> None:
    with overheard(server.port) as (port, heard), closing(connect(port, "off")) as connection:
        ask(connection, f"select N'{MARKER}' as x")

    assert is_password_in(heard)
    assert on_the_wire(MARKER) in heard


def test_a_server_that_requires_tls_encrypts_what_a_client_merely_requested(strict_server: StandIn) -> None:
    with overheard(strict_server.port) as (port, heard), closing(connect(port, "request")) as connection:
        ask(connection, f"select N'{MARKER}' as x")

    assert on_the_wire(MARKER) not in heard


def test_a_server_that_requires_tls_turns_others_away_before_their_login(strict_server: StandIn) -> None:
    with pytest.raises(pymssql.OperationalError):
        connect(strict_server.port, "off")

    assert strict_server.traffic.connections == 1
    assert strict_server.traffic.logins == []


def test_a_login_without_a_prelogin_is_no_way_round_tls(strict_server: StandIn) -> None:
    with socket.create_connection(("127.0.0.1", strict_server.port), timeout=ENDS_S) as client:
        client.sendall(struct.pack(">BBHHBB", 16, 1, 8 + 94, 0, 1, 0) + bytes(94))

        assert client.recv(4096) == b""

    assert strict_server.traffic.logins == []


def test_a_long_result_arrives_whole_through_tls(server: StandIn) -> None:
    ten = "(values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))"
    batch = (
        "select a.x + 10 * b.x + 100 * c.x + 1000 * d.x as n, replicate('x', 300) as t"
        f" from {ten} a(x), {ten} b(x), {ten} c(x), {ten} d(x)"
    )

    with closing(connect(server.port, "require")) as connection:
        rows = ask(connection, batch)

    assert {row[0] for row in rows} == set(range(10_000))
    assert {row[1] for row in rows} == {"x" * 300}


@pytest.mark.parametrize("encryption", ["require", "request"])
def test_a_query_is_cancelled_through_tls(server: StandIn, stand_in_database: str, encryption: str) -> None:
    began_at = time.monotonic()

    with (
        closing(connect(server.port, encryption, timeout=1)) as slow,
        pytest.raises(pymssql.OperationalError),
    ):
        ask(slow, "waitfor delay '00:01:15'")

    assert time.monotonic() - began_at < WITHOUT_TIME_OUT_S
    with psycopg.connect(stand_in_database) as store:
        row = store.execute(
            "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(75%'"
            " and pid <> pg_backend_pid()"
        ).fetchone()
    assert row == (0,)


def test_a_result_cut_in_tls_is_a_lost_connection(server: StandIn) -> None:
    with closing(connect(server.port, "require")) as connection:
        server.faults.results_to_cut = 1

        with pytest.raises(pymssql.Error):
            ask(connection, "select 1 as x union all select 2")


@pytest.mark.parametrize(
    "handshake",
    [b"", b"not TLS at all", bytes.fromhex("1603010005") + bytes(5), bytes(70_000)],
    ids=["empty", "text", "no client hello", "endless"],
)
def test_a_handshake_of_nonsense_ends_its_own_connection_only(server: StandIn, handshake: bytes) -> None:
    wish = bytes.fromhex("0100060001ff01")
    parts = [handshake[start : start + 30_000] for start in range(0, max(len(handshake), 1), 30_000)]

    with socket.create_connection(("127.0.0.1", server.port), timeout=ENDS_S) as client, suppress(OSError):
        for payload in (wish, *parts):
            is_last = payload in (wish, parts[-1])
            client.sendall(struct.pack(">BBHHBB", 18, is_last, 8 + len(payload), 0, 1, 0) + payload)
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass

    assert server.traffic.logins == []
    with closing(connect(server.port, "require")) as connection:
        assert ask(connection, "select 1 as x") == [(1,)]


@pytest.mark.parametrize(
    ("wished", "optional", "required"),
    [
        (Encryption.NOT_SUPPORTED, Encryption.NOT_SUPPORTED, Encryption.REQUIRED),
        (Encryption.OFF, Encryption.OFF, Encryption.REQUIRED),
        (Encryption.ON, Encryption.ON, Encryption.ON),
    ],
)
def test_what_is_agreed_on_follows_the_protocol(
    tls: Tls, wished: Encryption, optional: Encryption, required: Encryption
) -> None:
    """Source: MS-TDS 2.2.6.5, the table of the Encryption option."""
    assert agree(wished, None) == Encryption.NOT_SUPPORTED
    assert agree(wished, tls) == optional
    assert agree(wished, Tls(tls.context, is_required=True)) == required
