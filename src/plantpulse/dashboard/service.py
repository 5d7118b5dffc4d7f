"""The board as a function: from a request on either cloud to its answer.

Whatever is wrong is told in one line: to the client that something is, to the log what.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from plantpulse.dashboard.answers import Answer, Request, answer_to, told
from plantpulse.dashboard.page_settings import PageSettings, read_page_settings
from plantpulse.dashboard.site import File, build_of, read_site
from plantpulse.errors import ConfigurationError
from plantpulse.http_requests import HttpRequest, discard_rest, http_in, lower_case
from plantpulse.logs import log

CONFIG: Final = "config.js"
FOLDER: Final = "DASHBOARD_FOLDER"  # where the pages are, if not beside the function

Response = tuple[bytes, int, dict[str, str]]


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
        answer = self._answer(Request(request.method, request.path, lower_case(request.headers)))
        discard_rest(request)
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
    http = http_in(event)
    if http is None:
        return None
    path = unquote(str(event.get("rawPath") or "/"))
    return Request(str(http.get("method")), path, lower_case(event.get("headers")))
