"""A project as far as a page sees it: its files, sign-in, documents that a test chose, rows that it keeps.

It judges nobody: what Row Level Security lets through is tested on the local stack. Here a test can let the
project be away, slow or of another mind, which a real one does not do on demand.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from plantpulse.dashboard.answers import policy
from tests.board import northfield

Json = dict[str, Any]

EMAIL: Final = "a.berg@example.com"
PASSWORD: Final = "correct horse"
_USER: Final = {"id": "u", "email": EMAIL, "aud": "authenticated", "app_metadata": {}, "user_metadata": {}}
_TYPES: Final = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass
class Project:
    """What the imitation answers, and what was asked of it. `url` is also where the pages are."""

    pages: Path
    url: str = ""
    documents: dict[str, Json] = field(default_factory=northfield.documents)
    asked: list[str] = field(default_factory=list)
    written: list[tuple[str, str, Json]] = field(default_factory=list)
    # Status and body in place of an answer to a function or a row.
    refusal: tuple[int, Json] | None = None
    # The same for changes of rows alone.
    refusal_of_rows: tuple[int, Json] | None = None
    # What a change of rows does besides being kept.
    on_write: Callable[["Project"], None] = lambda _project: None
    may_write: bool = True
    may_sign_out: bool = True
    # What Auth was asked beside tokens, in order: method, path with its query, body.
    asked_of_auth: list[tuple[str, str, Json]] = field(default_factory=list)
    version: str = "1"
    # What config.js names to who looks whether there is another version.
    next_version: str | None = None
    # How often a new token was asked for.
    renewals: int = 0
    # What functions for browsers answer to a call: status and body, by the name that config.js has.
    functions: dict[str, tuple[int, Json]] = field(default_factory=dict)
    # Where else people sign in, as config.js says it.
    sign_in: Json = field(default_factory=dict)


@contextmanager
def served(pages: Path) -> Iterator[Project]:
    """Yield a project that serves pages from a folder, on a port of its own."""
    project = Project(pages)

    class Handler(_Handler):
        imitated = project

    server = _Server(("127.0.0.1", 0), Handler)
    project.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, name="project", daemon=True)
    thread.start()
    try:
        yield project
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """A page that is left ends its requests in the middle; that is no error of the server's."""


class _Handler(BaseHTTPRequestHandler):
    imitated: Project
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing: a test says what was asked."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/realtime/"):
            return self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {})
        if path == "/config.js":
            return self._config()
        if path.startswith("/auth/v1/"):
            self.imitated.asked_of_auth.append(("GET", self.path, {}))
            return self._answer(HTTPStatus.OK, _USER)
        name = path.removeprefix("/") or "index.html"
        file = self.imitated.pages / name
        if not file.is_file():
            return self._answer(HTTPStatus.NOT_FOUND, {})
        return self._send(
            HTTPStatus.OK, file.read_bytes(), _TYPES.get(file.suffix, "application/octet-stream")
        )

    def do_POST(self) -> None:
        path, body = urlsplit(self.path).path, self._body()
        if path == "/auth/v1/token":
            return self._sign_in(body)
        if path.startswith("/auth/v1/"):
            return self._auth(path, body)
        name = path.rsplit("/", 1)[-1]
        if path.startswith("/call/"):
            return self._answer(*self.imitated.functions[name])
        self.imitated.asked.append(name)
        if self.imitated.refusal:
            return self._answer(*self.imitated.refusal)
        if "/rpc/" in path:
            return self._answer(HTTPStatus.OK, self.imitated.documents[name])
        return self._write("insert", name, body)

    def _auth(self, path: str, body: Json) -> None:
        self.imitated.asked_of_auth.append(("POST", self.path, body))
        if path == "/auth/v1/verify":
            return self._sign_in({"refresh_token": ""})
        if path == "/auth/v1/sso":
            return self._answer(HTTPStatus.OK, {"url": f"{self.imitated.url}/auth/v1/sso/saml"})
        status = HTTPStatus.OK if self.imitated.may_sign_out else HTTPStatus.SERVICE_UNAVAILABLE
        return self._answer(status, {})

    def do_PATCH(self) -> None:
        self._write("update", urlsplit(self.path).path.rsplit("/", 1)[-1], self._body())

    def do_PUT(self) -> None:
        self.imitated.asked_of_auth.append(("PUT", self.path, self._body()))
        if self.imitated.refusal:
            return self._answer(*self.imitated.refusal)
        return self._answer(HTTPStatus.OK, _USER)

    def _write(self, kind: str, table: str, body: Json) -> None:
        refusal = self.imitated.refusal or self.imitated.refusal_of_rows
        if refusal:
            return self._answer(*refusal)
        if not self.imitated.may_write:
            return self._answer(HTTPStatus.OK, [])
        self.imitated.written.append((kind, table, body))
        self.imitated.on_write(self.imitated)
        return self._answer(HTTPStatus.OK, [{"id": 1}])

    def _sign_in(self, body: Json) -> None:
        self.imitated.renewals += "refresh_token" in body
        is_known = body.get("password") == PASSWORD or body.get("auth_code") == "good"
        if not is_known and "refresh_token" not in body:
            refused = {"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"}
            return self._answer(HTTPStatus.BAD_REQUEST, refused)
        expires_at = int(northfield.NOW.timestamp()) + 3600
        return self._answer(
            HTTPStatus.OK,
            {
                "access_token": token(),
                "token_type": "bearer",
                "expires_in": 3600,
                "expires_at": expires_at,
                "refresh_token": "again",
                "user": _USER,
            },
        )

    def _config(self) -> None:
        settings = json.dumps(
            {
                "url": self.imitated.url,
                "key": "sb_publishable_test",
                "functions": {name: f"{self.imitated.url}/call/{name}" for name in self.imitated.functions},
                "sign_in": self.imitated.sign_in,
                # While a deployment runs, a page may load one version and see another.
                "version": self.imitated.version
                if self.headers.get("Sec-Fetch-Dest") == "script"
                else self.imitated.next_version or self.imitated.version,
            }
        )
        self._send(HTTPStatus.OK, f"window.PLANTPULSE = {settings}\n".encode(), "text/javascript")

    def _body(self) -> Json:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body: Json = json.loads(raw) if raw else {}
        return body

    def _answer(self, status: int, body: Any) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        url = self.imitated.url
        self.send_header("Content-Security-Policy", policy([url, url.replace("http", "ws")]))
        self.end_headers()
        self.wfile.write(body)


def token() -> str:
    """Return an access token as Auth would sign it; nobody here looks at its signature."""
    claims: Json = {"sub": "u", "email": EMAIL, "exp": int(northfield.NOW.timestamp()) + 3600}
    return f"{_part({'alg': 'none'})}.{_part(claims)}.{_part({})}"


def _part(claims: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
