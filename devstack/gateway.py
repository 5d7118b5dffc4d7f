"""The door of a Supabase project: checks keys (`api_keys.py`) and passes requests on to PostgREST.

An imitation of the hosted gateway, as far as a client can tell the two apart: `/rest/v1` in front of
PostgREST's paths, both kinds of keys, and its words for a missing or wrong one; the public keys that sign
users' tokens stand where the hosted project has them, open to anybody; Auth (`accounts.py`) and Realtime's
WebSocket (`realtime/`) for those who have a key. Web pages of other origins may call all of it. An upstream
that is away, hangs or breaks off is answered with 503 or 502 in bounded time.
"""

import http.client
import json
import select
import socket
import threading
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, cast
from urllib.parse import parse_qs, urlsplit

from devstack import realtime as realtime_service
from devstack.access import Keys
from devstack.accounts import AUTH, Accounts
from devstack.api_keys import Refusal, judge_keys
from devstack.auth_requests import Asked
from devstack.plant_time import PlantTime
from devstack.realtime import Realtime
from devstack.signing import published

_PREFIX: Final = "/rest/v1"
_SIGNING_KEYS: Final = "/auth/v1/.well-known/jwks.json"
_BLOCK_BYTES: Final = 64 * 1024
# An answer up to this size goes out with its length; a longer one is streamed in chunks.
_WHOLE_ANSWER_BYTES: Final = 1024 * 1024
_IDLE_CLIENT_S: Final = 75.0
# The hosted Data API gives up after 60 s.
UPSTREAM_TIMEOUT_S: Final = 60.0
_JOIN_S: Final = 60.0  # on a busy machine too
_MOST_OF_AUTH_BYTES: Final = 64 * 1024
# What a page may send to Auth and read of its answers; PostgREST answers for itself.
_FROM_PAGES: Final = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "accept, apikey, authorization, content-type, x-client-info,"
    " x-supabase-api-version",
    "Access-Control-Max-Age": "3600",
}

# Headers that belong to one connection, and those that the gateway writes itself.
_NOT_PASSED_ON: Final = frozenset(
    {
        "apikey",
        "authorization",
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


_NO_ROUTE = Refusal(
    HTTPStatus.NOT_FOUND,
    "no Route matched with those values",
    "Only /rest/v1, /auth/v1 and /realtime/v1/websocket are served here.",
)
_TOO_LONG = Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too long")
_NO_LENGTH_AT_ALL = Refusal(HTTPStatus.BAD_REQUEST, "Content-Length is no number")
_NO_LENGTH = Refusal(HTTPStatus.LENGTH_REQUIRED, "Length required", "Send the body with a Content-Length.")
_AWAY = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "The upstream server cannot be reached")
_BROKEN = Refusal(HTTPStatus.BAD_GATEWAY, "The upstream server broke off or did not answer in time")


class Gateway:
    """A running gateway; `stop` closes its port and every connection."""

    def __init__(
        self,
        keys: Keys,
        upstream_port: int,
        upstream_timeout_s: float = UPSTREAM_TIMEOUT_S,
        accounts: Accounts | None = None,
        realtime: Realtime | None = None,
    ) -> None:
        self._server = _Server(keys, upstream_port, upstream_timeout_s, accounts, realtime)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="gateway", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """What clients call SUPABASE_URL."""
        return self._server.url

    def use_clock(self, plant_time: PlantTime) -> None:
        """Give the plant's time to functions that look at the clock."""
        self._server.plant_time = plant_time

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.close_connections()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        keys: Keys,
        upstream_port: int,
        upstream_timeout_s: float,
        accounts: Accounts | None,
        realtime: Realtime | None,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.keys = keys
        self.upstream_port = upstream_port
        self.upstream_timeout_s = upstream_timeout_s
        self.accounts = accounts
        self.realtime = realtime
        self.plant_time: PlantTime | None = None
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open[request] = threading.current_thread()
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are everyday life, not worth a stack trace."""

    def close_connections(self) -> None:
        with self._lock:
            still_open = dict(self._open)
        for connection in still_open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # its thread has closed it meanwhile
        for thread in still_open.values():
            thread.join(_JOIN_S)


class _Exchange(BaseHTTPRequestHandler):
    """One client connection and its own connection to PostgREST."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE_CLIENT_S
    disable_nagle_algorithm = True
    wbufsize = _BLOCK_BYTES

    def setup(self) -> None:
        super().setup()
        server = cast(_Server, self.server)
        self._keys = server.keys
        self._upstream = http.client.HTTPConnection(
            "127.0.0.1", server.upstream_port, timeout=server.upstream_timeout_s, blocksize=_BLOCK_BYTES
        )

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are logged by who sends them."""

    def _serve(self) -> None:
        if self.command == "GET" and self.path == _SIGNING_KEYS:
            self._tell_signing_keys()
            return
        if self.command == "GET" and self._is_for_auth() and urlsplit(self.path).path == f"{AUTH}/verify":
            self._ask_auth("")  # a link in a mail carries no key
            return
        if self.command == "OPTIONS" and self._is_for_auth():
            self._tell(HTTPStatus.NO_CONTENT, b"", _FROM_PAGES)
            return
        granted = self._grant()
        if isinstance(granted, Refusal):
            self._refuse(granted)
        elif self._is_for_realtime():
            self._hand_over()
        elif self._is_for_auth():
            self._ask_auth(granted)
        else:
            self._pass_on(granted)

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = _serve  # noqa: N815 - http.server wants it

    def _pass_on(self, granted: str) -> None:
        try:
            _connect(self._upstream)
        except OSError:
            self._refuse(_AWAY)
            return
        try:
            self._send_on(granted)
            answer = self._upstream.getresponse()
            head = _read_up_to(answer, _WHOLE_ANSWER_BYTES)
        except (OSError, http.client.HTTPException):
            self._refuse(_BROKEN)
            return
        self._answer(answer, head)

    def _tell_signing_keys(self) -> None:
        body = published(self._keys.signing_key)
        self._tell(HTTPStatus.OK, body, {"Cache-Control": "public, max-age=600"})

    def _is_for_auth(self) -> bool:
        return self.path.startswith(f"{AUTH}/") and cast(_Server, self.server).accounts is not None

    def _is_for_realtime(self) -> bool:
        is_there = cast(_Server, self.server).realtime is not None
        return is_there and self.command == "GET" and urlsplit(self.path).path == realtime_service.PATH

    def _ask_auth(self, granted: str) -> None:
        body = self._short_body()
        if isinstance(body, Refusal):
            self._refuse(body)
            return
        server = cast(_Server, self.server)
        path = self.path.removeprefix(AUTH)
        asked = Asked(self.command, path, granted, body, issuer=f"{server.url}{AUTH}")
        if server.accounts:
            self._tell(*server.accounts.answer(asked))

    def _short_body(self) -> bytes | Refusal:
        length = self.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return _NO_LENGTH_AT_ALL
        if int(length[:9]) > _MOST_OF_AUTH_BYTES:
            return _TOO_LONG
        return self.rfile.read(int(length))

    def _hand_over(self) -> None:
        """Let Realtime have the connection, to its end."""
        self.close_connection = True
        if realtime := cast(_Server, self.server).realtime:
            realtime.serve(self.connection, self.path, self.headers.items())

    def _tell(self, status: HTTPStatus, body: bytes, more: Mapping[str, str] | None = None) -> None:
        self.send_response_only(status)
        self.send_header("Access-Control-Allow-Origin", "*")
        for name, value in (more or {}).items():
            self.send_header(name, value)
        if status is not HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _grant(self) -> str | Refusal:
        if "transfer-encoding" in self.headers:
            return _NO_LENGTH
        is_for_rest = self.path.startswith((f"{_PREFIX}/", f"{_PREFIX}?")) or self.path == _PREFIX
        if not is_for_rest and not self._is_for_auth() and not self._is_for_realtime():
            return _NO_ROUTE
        if self.command == "OPTIONS":
            return ""  # a browser's preflight carries no keys, and PostgREST answers it without
        header = self.headers.get
        apikey = header("apikey", "")
        if self._is_for_realtime():  # a page can send no headers with a WebSocket
            apikey = apikey or parse_qs(urlsplit(self.path).query).get("apikey", [""])[0]
        return judge_keys(self._keys, apikey, header("authorization", ""), header("user-agent", ""))

    def _send_on(self, authorization: str) -> None:
        upstream = self._upstream
        path = self.path.removeprefix(_PREFIX)
        upstream.putrequest(
            self.command,
            path if path.startswith("/") else f"/{path}",
            skip_host=False,
            skip_accept_encoding=True,
        )
        for name, value in self.headers.items():
            if name.lower() not in _NOT_PASSED_ON:
                upstream.putheader(name, value)
        if authorization:
            upstream.putheader("Authorization", authorization)
        length = self.headers.get("content-length")
        if length is None:
            upstream.endheaders()
            return
        plant_time = cast(_Server, self.server).plant_time
        if plant_time and plant_time.concerns(self.command, self.path):
            body = plant_time.told(self.rfile.read(int(length)))
            upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body)
            return
        upstream.putheader("Content-Length", length)
        blocks = self._body_blocks(int(length))
        # The first block travels in the same segment as the head.
        upstream.endheaders(next(blocks, b""))
        for block in blocks:
            upstream.send(block)

    def _body_blocks(self, length: int) -> Iterator[bytes]:
        while length > 0:
            block = self.rfile.read(min(length, _BLOCK_BYTES))
            if not block:
                raise ConnectionError("the client broke off")
            length -= len(block)
            yield block

    def _answer(self, answer: http.client.HTTPResponse, head: bytes) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _NOT_PASSED_ON:
                self.send_header(name, value)
        if answer.isclosed() or self.command == "HEAD":
            self._send_whole(answer, head)
        else:
            self._send_in_chunks(answer, head)

    def _send_whole(self, answer: http.client.HTTPResponse, body: bytes) -> None:
        if self.command == "HEAD":
            length = answer.getheader("content-length")
            if length is not None:
                self.send_header("Content-Length", length)
        elif answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _send_in_chunks(self, answer: http.client.HTTPResponse, block: bytes) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while block:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block))
            block = answer.read(_BLOCK_BYTES)
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _refuse(self, refusal: Refusal) -> None:
        # The body may lie unread on the connection, or half of it may have gone upstream.
        self.close_connection = True
        self._upstream.close()
        body = json.dumps({"message": refusal.message, "hint": refusal.hint}).encode()
        self.send_response_only(refusal.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()


def _connect(upstream: http.client.HTTPConnection) -> None:
    """Make sure that the connection is open: PostgREST closes one that was idle for half a minute."""
    if upstream.sock and _is_readable(upstream.sock):
        upstream.close()  # nothing is owed to us, so what can be read is the end of the stream
    if upstream.sock is None:
        upstream.connect()


def _is_readable(connection: socket.socket) -> bool:
    return bool(select.select([connection], [], [], 0)[0])


def _read_up_to(answer: http.client.HTTPResponse, limit: int) -> bytes:
    """Read the body until it ends or `limit` bytes are there; the answer is closed once it has ended."""
    blocks = []
    read = 0
    while read < limit and (block := answer.read(_BLOCK_BYTES)):
        blocks.append(block)
        read += len(block)
    return b"".join(blocks)
