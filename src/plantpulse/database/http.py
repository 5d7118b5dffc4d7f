"""One connection to a Supabase project over HTTP/1.1, kept open between the calls of an invocation.

The standard library's client: an HTTP library takes as long to import as a poll of a small plant takes, and
every poll is a cold start (docs/decisions/0099). A call has one deadline for everything after the name is
looked up. Headers, and what a reply may unpack to, are bounded. Nothing is sent twice here: `transport` tries
again.
"""

import http.client
import select
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

from plantpulse.connections import Connections, trust
from plantpulse.database.proxies import Proxy, proxy_for
from plantpulse.late_dataclasses import dataclass

CONNECT_TIMEOUT_S: Final = 5.0
LONGEST_REPLY: Final = 256 * 1024 * 1024  # bytes, unpacked
_PIECE: Final = 256 * 1024
_PORTS: Final = {"http": 80, "https": 443}
_GZIP: Final = zlib.MAX_WBITS | 16


class CallFailed(Exception):
    """No reply that is whole came; the text says why, without anything of its content."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply; `body` is unpacked."""

    status: int
    reason: str
    body: bytes


class Session:
    """A connection to one project that opens with its first call. Its calls are made one after the other."""

    def __init__(
        self, url: str, headers: Mapping[str, str], *, find_proxy: Callable[[str], Proxy | None] = proxy_for
    ) -> None:
        split = urlsplit(url)
        self.host = split.hostname or ""
        self._scheme = split.scheme
        self._port = split.port or _PORTS[split.scheme]
        self._proxy = find_proxy(url)
        port = split.port if split.port != _PORTS[split.scheme] else None
        self._headers = {
            "Host": _authority(self.host, port),
            "Accept-Encoding": "gzip",
            "Accept": "application/json",
            **headers,
        }
        self._sockets = Connections()
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """Close the connection."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def get(self, path: str, *, timeout_s: float) -> Reply:
        """Return the reply to a GET. Raises: CallFailed."""
        return self._exchange("GET", path, None, {}, timeout_s)

    def post(self, path: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float) -> Reply:
        """Return the reply to a POST. Raises: CallFailed."""
        return self._exchange("POST", path, body, headers, timeout_s)

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float
    ) -> Reply:
        try:
            with self._sockets.bounded(timeout_s):
                reply = self._send(method, path, body, headers, timeout_s)
        except (OSError, http.client.HTTPException, zlib.error, CallFailed) as error:
            self.close()
            raise CallFailed(self._told(error, timeout_s)) from error
        if self._sockets.is_cut:  # what looks whole may have been cut off
            self.close()
            raise CallFailed(f"completely within {timeout_s:.1f} s")
        return reply

    def _told(self, error: Exception, timeout_s: float) -> str:
        if self._sockets.is_cut or isinstance(error, TimeoutError):
            return f"completely within {timeout_s:.1f} s"
        return str(error) if isinstance(error, CallFailed) else type(error).__name__

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float
    ) -> Reply:
        connection = self._opened(timeout_s)
        connection.sock.settimeout(timeout_s)
        target = path if not self._is_forwarded else f"http://{_authority(self.host, self._port)}{path}"
        connection.request(method, target, body, {**self._headers, **self._forwarding, **headers})
        with connection.getresponse() as response:
            _require_length(response)
            content = _content(response)
        if response.will_close:
            self.close()
        return Reply(response.status, response.reason, content)

    @property
    def _is_forwarded(self) -> bool:
        return self._proxy is not None and self._scheme == "http"

    @property
    def _forwarding(self) -> Mapping[str, str]:
        return self._proxy.headers if self._proxy and self._is_forwarded else {}

    def _opened(self, timeout_s: float) -> http.client.HTTPConnection:
        """Return the connection; a new one if the server has closed the old one meanwhile."""
        if self._connection and not _is_open(self._connection.sock):
            self.close()
        if self._connection is None:
            connection = http.client.HTTPConnection(self.host, self._port)
            connection.auto_open = 0
            connection.sock = self._connected(min(CONNECT_TIMEOUT_S, timeout_s))
            self._connection = connection
        return self._connection

    def _connected(self, timeout_s: float) -> socket.socket:
        end = (self._proxy.host, self._proxy.port) if self._proxy else (self.host, self._port)
        sock = socket.create_connection(end, timeout_s)
        self._sockets.note(sock)
        with _closed_on_failure(sock):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._scheme != "https":
                return sock
            if self._proxy:
                _tunnel(sock, _authority(self.host, self._port), self._proxy.headers)
            return self._secured(sock)

    def _secured(self, sock: socket.socket) -> ssl.SSLSocket:
        secured = trust("https").wrap_socket(sock, server_hostname=self.host, do_handshake_on_connect=False)
        self._sockets.note(secured)
        with _closed_on_failure(secured):
            secured.do_handshake()
        return secured


@contextmanager
def _closed_on_failure(sock: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):
            sock.close()
        raise


def _authority(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port}" if port else name


def _tunnel(sock: socket.socket, authority: str, headers: Mapping[str, str]) -> None:
    """Have a proxy pass everything on. Raises: CallFailed if it does not."""
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    response = http.client.HTTPResponse(sock, method="CONNECT")
    response.begin()
    response.close()
    if response.status != http.client.OK:
        raise CallFailed(f"because the proxy refused: {response.status}")


def _is_open(sock: socket.socket | None) -> bool:
    """Say whether a connection can be used again: what can be read before a request is its end."""
    if sock is None:
        return False
    try:
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return not poll.poll(0)
    except (OSError, ValueError):
        return False


def _require_length(response: http.client.HTTPResponse) -> None:
    """Raises: CallFailed if the reply's length is no number: what comes could not be told from its half."""
    length = response.headers.get_all("Content-Length") or []
    if len(set(length)) > 1 or not all(one.isascii() and one.isdigit() for one in length):
        raise CallFailed("with a reply of a known length")


def _content(response: http.client.HTTPResponse) -> bytes:
    encoding = (response.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise CallFailed("in an encoding that was asked for")
    pieces = iter(lambda: response.read(_PIECE), b"")
    return _joined(_unpacked(pieces) if encoding == "gzip" else pieces)


def _unpacked(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the content of a gzip stream in pieces of bounded size. Raises: CallFailed for half of one."""
    unpack = zlib.decompressobj(_GZIP)
    for piece in packed:
        yield unpack.decompress(piece, _PIECE)
        while unpack.unconsumed_tail:
            yield unpack.decompress(unpack.unconsumed_tail, _PIECE)
    yield unpack.flush()
    if not unpack.eof:
        raise CallFailed("completely")


def _joined(pieces: Iterator[bytes]) -> bytes:
    kept, size = [], 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size > LONGEST_REPLY:
            raise CallFailed(f"with less than {LONGEST_REPLY >> 20} MiB")
    return b"".join(kept)
