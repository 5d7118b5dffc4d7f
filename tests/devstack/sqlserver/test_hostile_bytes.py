"""Bytes that no client sends: each costs its own connection and nothing else."""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tests.devstack.sqlserver.conftest import Server
from tests.patience import ENDS_S

pytestmark = pytest.mark.stand_in

Ask = Callable[..., list[tuple[Any, ...]]]


def packet(kind: int, payload: bytes, *, status: int = 1, length: int | None = None) -> bytes:
    size = 8 + len(payload) if length is None else length
    return struct.pack(">BBHHBB", kind, status, size, 0, 1, 0) + payload


def login(**changed: int) -> bytes:
    """A LOGIN7 of empty fields whose header or fields say something else."""
    fields = {"length": 94, "version": 0x74000004, "offset": 94, "characters": 0} | changed
    fixed = struct.pack("<IIIIII4BiI", fields["length"], fields["version"], 4096, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    return packet(16, fixed + struct.pack("<HH", fields["offset"], fields["characters"]) * 9 + bytes(22))


def logged_in(server: Server) -> socket.socket:
    """A socket behind a LOGIN7 that was accepted."""
    hidden = bytes(((byte << 4) & 0xF0 | byte >> 4) ^ 0xA5 for byte in server.password.encode("utf-16-le"))
    texts = [b""] * 9
    texts[1], texts[2] = server.user.encode("utf-16-le"), hidden
    fields, body = b"", b""
    for text in texts:
        fields += struct.pack("<HH", 94 + len(body), len(text) // 2)
        body += text
    fixed = struct.pack("<IIIIII4BiI", 94 + len(body), 0x74000004, 4096, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    client = socket.create_connection(server.address(), timeout=ENDS_S)
    client.sendall(packet(16, fixed + fields + bytes(22) + body))
    assert b"\xad" in client.recv(4096)
    return client


HOSTILE = {
    "nothing": b"",
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "tls": bytes.fromhex("16030100c8010000c40303") + bytes(200),
    "a length below the header": packet(18, b"", length=3),
    "a length above the limit": packet(18, b"", length=0xFFFF),
    "an empty prelogin": packet(18, b""),
    "a truncated prelogin": packet(18, b"\x00\x00"),
    "two kinds in one message": packet(18, b"\xff", status=0) + packet(16, b"\xff"),
    "a batch before the login": packet(1, bytes(40)),
    "an endless login": packet(16, bytes(30000), status=0) * 6,
    "a login without fields": packet(16, bytes(20)),
    "a login of another length": login(length=4000),
    "a login of an old version": login(version=0x04020000),
    "a login field outside": login(offset=60000, characters=10),
    "a login field too long": login(characters=5000),
    "an unknown kind": packet(99, bytes(10)),
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE.keys())
def test_nonsense_ends_its_own_connection_only(mssql: Server, ask: Ask, sent: bytes) -> None:
    with socket.create_connection(mssql.address(), timeout=ENDS_S) as client:
        answer = b""
        with suppress(OSError):  # the server may hang up on the nonsense before its end is sent
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            while part := client.recv(4096):
                answer += part

    assert len(answer) < 1000
    assert ask("select 1 as x") == [(1,)]


def test_a_prelogin_is_answered_without_encryption(mssql: Server) -> None:
    with socket.create_connection(mssql.address(), timeout=ENDS_S) as client:
        client.sendall(packet(18, b"\x01\x00\x06\x00\x01\xff\x00"))
        answer = client.recv(4096)

    assert answer[:2] == bytes((4, 1))
    assert answer[8:] == bytes.fromhex("00000B0006 0100110001 FF 100000000000 02")


@pytest.mark.parametrize(
    "payload",
    [b"", bytes(2), struct.pack("<I", 4000) + b"x", struct.pack("<I", 4) + b"xyz"],
    ids=["empty", "short", "headers too long", "half a character"],
)
def test_a_batch_with_impossible_headers_ends_the_connection(mssql: Server, ask: Ask, payload: bytes) -> None:
    with logged_in(mssql) as client:
        client.sendall(packet(1, payload))

        assert client.recv(4096) == b""

    assert ask("select 1 as x") == [(1,)]


def test_half_a_surrogate_in_a_batch_is_read_as_a_replacement(mssql: Server, ask: Ask) -> None:
    with logged_in(mssql) as client:
        client.sendall(packet(1, struct.pack("<I", 4) + "select N'".encode("utf-16-le") + b"\x00\xd8'\x00"))

        assert "\ufffd".encode("utf-16-le") in client.recv(4096)

    assert ask("select 1 as x") == [(1,)]


def test_a_request_that_is_not_served_is_refused_and_the_session_goes_on(mssql: Server) -> None:
    with logged_in(mssql) as client:
        client.sendall(packet(3, struct.pack("<I", 4) + bytes(20)))
        refused = client.recv(4096)
        client.sendall(packet(1, struct.pack("<I", 4) + "select 1 as x".encode("utf-16-le")))
        answered = client.recv(4096)

    assert refused[8] == 0xAA
    assert answered[8] == 0x81


def test_an_attention_without_a_query_is_acknowledged(mssql: Server) -> None:
    with logged_in(mssql) as client:
        client.sendall(packet(6, b""))

        assert client.recv(4096)[8:11] == b"\xfd\x20\x00"
