"""The board as a function: from a request on either cloud to its answer.

Whatever is wrong is told in one line: to the client that something is, to the log what.
"""

import base64
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote

from plantpulse.dashboard.answers import Answer, Request, answer_to, told
from plantpulse.dashboard.page_settings import PageSettings, read_page_settings
from plantpulse.dashboard.site import File, build_of, read_site
from plantpulse.errors import ConfigurationError
from plantpulse.logs import log

CONFIG: Final = "config.js"
FOLDER: Final = "DASHBOARD_FOLDER"  # where the pages are, if not beside the function
_BLOCK_BYTES: Final = 64 * 1024

Response = tuple[bytes, int, dict[str, str]]


class ByteStream(Protocol):
    """A request body that can be read once."""

    def read(self, size: int, /) -> bytes: ...


class HttpRequest(Protocol):
    """The part of a Flask request that is used."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def stream(self) -> ByteStream: ...


@dataclass(frozen=True)
class _Known:
    site: Mapping[str, File]
    settings: PageSettings


class DashboardService:
    """The pages of a folder, ready to be asked for; nothing is read before the first request.

    What is read then holds for the process, a mistake in the settings too: it is logged once.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ
        self._known: _Known | Answer | None = None

    def http(self, request: HttpRequest) -> Response:
        """Answer an HTTP request with body, status and headers; the server leaves out the body of a HEAD."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = self._answer(Request(request.method, request.path, headers))
        _discard(request.stream)
        return answer.body, answer.status, dict(answer.headers)

    def event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request that came to a Lambda function URL."""
        request = _request_in(event)
        if request is None:
            answer = told(HTTPStatus.BAD_REQUEST, "The board answers requests of a browser alone")
        else:
            answer = self._answer(request)
        body = b"" if request and request.method == "HEAD" else answer.body
        return {
            "statusCode": answer.status,
            "headers": dict(answer.headers),
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }

    def _answer(self, request: Request) -> Answer:
        try:
            self._known = self._known or self._read()
            if isinstance(self._known, Answer):
                return self._known
            return answer_to(request, self._known.site, self._known.settings.connects_to)
        except Exception as error:
            log("ERROR", "the board cannot be served", code="internal_error", reason=type(error).__name__)
            return told(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong; the log says what")

    def _read(self) -> _Known | Answer:
        try:
            settings = read_page_settings(self._environ)
            site = read_site(Path(self._environ.get(FOLDER) or self._folder))
        except ConfigurationError as error:
            log("ERROR", "the board cannot be served", code=error.code, reason=str(error))
            return told(HTTPStatus.SERVICE_UNAVAILABLE, "The board is not configured; its log says why")
        script = settings.script(build_of(site))
        return _Known({**site, CONFIG: File(CONFIG, script.encode())}, settings)


def _request_in(event: Mapping[str, Any]) -> Request | None:
    """Return the request in a function-URL event; None if it is another event."""
    context = event.get("requestContext") if isinstance(event, Mapping) else None
    http = context.get("http") if isinstance(context, Mapping) else None
    if not isinstance(http, Mapping):
        return None
    headers = event.get("headers")
    given = headers.items() if isinstance(headers, Mapping) else ()
    named = {str(name).lower(): str(value) for name, value in given}
    return Request(str(http.get("method")), unquote(str(event.get("rawPath") or "/")), named)


def _discard(stream: ByteStream) -> None:
    """Read what came with the request, and keep none of it: the framework would keep all of it."""
    with suppress(Exception):
        while stream.read(_BLOCK_BYTES):
            pass
