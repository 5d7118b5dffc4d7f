"""Finds out why TLS with a server fails, after a connection has failed.

The driver has the same message for a wrong certificate, a wrong setting and a reset connection. So plantpulse
connects once more over its own socket, which ends before any login. It asks what the server offers, and
whether its certificate can be trusted. Python's own TLS names what is wrong.
Source: MS-TDS 2.2.6.5 (PRELOGIN) and 3.2.5.1 (the handshake inside it).
"""

import socket
import ssl
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from plantpulse.errors import SourceRefused, SourceUnavailable
from plantpulse.settings import SqlServerSettings
from plantpulse.source.errors import Verdict

_HEADER: Final = struct.Struct(">BBHHBB")
_PRELOGIN, _END_OF_MESSAGE = 0x12, 1
_ANSWERS: Final = frozenset({0x04, _PRELOGIN})  # of a server, and inside the handshake
_OPTIONS: Final = struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF) + bytes(6)  # a version, then the wish
_ENCRYPTION_OPTION, _END_OF_OPTIONS = 1, 0xFF
_NOT_SUPPORTED, _REQUIRED = 2, 3
_WISHES: Final = {"off": _NOT_SUPPORTED, "request": 0, "require": 1}  # as the driver sends them
# A restart, a proxy or the network cuts too, so that another try may succeed.
_CUT: Final = Verdict(
    SourceUnavailable,
    "the connection was closed during the TLS handshake",
    "The next delivery tries again; if it stays, check that the server speaks TLS 1.2 or newer",
)
# OpenSSL's X509_V_ERR_...
_DATES: Final = frozenset({9, 10})
_NAMES: Final = frozenset({62, 64})


def find_obstacle(settings: SqlServerSettings, *, timeout_s: float) -> Verdict | None:
    """Return why TLS fails and what to do; None if something else seems to fail."""
    with suppress(OSError, NoSqlServer):  # no answer: then the network is the obstacle
        return look_for_obstacle(settings, timeout_s=timeout_s)
    return None


def look_for_obstacle(settings: SqlServerSettings, *, timeout_s: float) -> Verdict | None:
    """Return why TLS fails and what to do; None if it works, or is not wanted.

    Raises: OSError without an answer; NoSqlServer if the answer is in another protocol.
    """
    deadline = time.monotonic() + timeout_s
    with socket.create_connection((settings.host, settings.port), timeout_s) as connection:
        server = _Server(connection, deadline)
        offer = server.ask_for_encryption(_WISHES[settings.encryption])
        if offer == _NOT_SUPPORTED or settings.encryption == "off":
            return _judge_offer(settings.encryption, offer)
        return _judge_handshake(server, settings.host, settings.ca_file)


class NoSqlServer(Exception):
    """What answers does not speak the protocol of SQL Server."""


class _Server:
    """PRELOGIN packets to and from one server, all before a deadline."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def ask_for_encryption(self, wish: int) -> int:
        """Return what the server offers. Raises: OSError; NoSqlServer."""
        self._send(_OPTIONS + bytes([wish]))
        answer = self._receive()
        for start in range(0, len(answer) - 4, 5):
            option, offset, _ = struct.unpack_from(">BHH", answer, start)
            if option == _END_OF_OPTIONS:
                break
            if option == _ENCRYPTION_OPTION and offset < len(answer):
                return int(answer[offset])
        raise NoSqlServer

    def shake_hands(self, context: ssl.SSLContext, host: str) -> list[str]:
        """Return the names in the server's certificate; none if `context` does not verify it.

        Raises: OSError.
        """
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname=host)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                self._send(outgoing.read())
                incoming.write(self._receive())
            else:
                return _names_in(tls.getpeercert() or {})

    def _send(self, payload: bytes) -> None:
        if payload:
            header = _HEADER.pack(_PRELOGIN, _END_OF_MESSAGE, _HEADER.size + len(payload), 0, 1, 0)
            self._connection.sendall(header + payload)

    def _receive(self) -> bytes:
        """Return the payload of the next packet."""
        kind, _, length, *_ = _HEADER.unpack(self._receive_exactly(_HEADER.size))
        if kind not in _ANSWERS or length < _HEADER.size:
            raise NoSqlServer
        return self._receive_exactly(length - _HEADER.size)

    def _receive_exactly(self, count: int) -> bytes:
        received = b""
        while len(received) < count:
            left_s = self._deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            self._connection.settimeout(left_s)
            part = self._connection.recv(count - len(received))
            if not part:
                raise ConnectionResetError
            received += part
        return received


def _names_in(certificate: Mapping[str, Any]) -> list[str]:
    return [name for _, name in certificate.get("subjectAltName", ())]


def _judge_offer(encryption: str, offer: int) -> Verdict | None:
    if encryption == "require":
        return Verdict(
            SourceRefused,
            "the server has no TLS, and the setting `encryption` requires it",
            "Give the server a certificate; with `request` the network could read rows and password",
        )
    if encryption == "off" and offer == _REQUIRED:
        return Verdict(
            SourceRefused,
            "the server insists on TLS, and the setting `encryption` turns it off",
            "Set it to require",
        )
    return None


def _judge_handshake(server: _Server, host: str, ca_file: Path | None) -> Verdict | None:
    try:
        names = server.shake_hands(_context(ca_file), host)
    except ssl.SSLCertVerificationError as error:
        return _judge_certificate(error)
    except ConnectionError:
        return _CUT
    except ssl.SSLError as error:
        return Verdict(
            SourceRefused,
            f"client and server cannot agree on TLS: {error.reason or 'no reason given'}",
            "Check the server's certificate, and that it speaks TLS 1.2 or newer",
        )
    if any(name.startswith("*") for name in names) and host.lower() not in map(str.lower, names):
        return Verdict(
            SourceRefused,
            f"the server's certificate covers {host} only by a wildcard, which the driver does not accept",
            "Name the server itself in its certificate",
        )
    return None


def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(ca_file)
    return context


def _judge_certificate(error: ssl.SSLCertVerificationError) -> Verdict:
    if error.verify_code in _NAMES:
        advice = "Set `host` to a name in the certificate, or add this one to it"
    elif error.verify_code in _DATES:
        advice = "Renew the server's certificate, or set this machine's clock"
    else:
        advice = (
            "Put its authority into `ca_file`, with the intermediate ones if the server does not send them"
        )
    return Verdict(SourceRefused, f"the server's certificate is refused: {error.verify_message}", advice)
