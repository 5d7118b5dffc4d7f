"""From a request for a file to the answer: headers, caches, what is not there. Pure.

The policy lets a page run its own scripts and connect to its project, and nothing else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from plantpulse.dashboard.site import INDEX, File

METHODS: Final = ("GET", "HEAD")
_A_YEAR_S: Final = 31_536_000
_ALWAYS: Final[Mapping[str, str]] = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": f"max-age={_A_YEAR_S}",
    "X-Content-Type-Options": "nosniff",
}
_SELF: Final = "'self'"
_TEXT: Final = "text/plain; charset=utf-8"
_NOTHING: Final = re.compile(r"q=0(\.0*)?")
_LONGEST_LIST: Final = 50  # of tags or encodings that a client names


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of an answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Request:
    """What is asked for; `path` is decoded, the names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)


def policy(connects_to: Sequence[str]) -> str:
    """Return the Content-Security-Policy of pages that connect to these origins and their own."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            # A page looks at its own config.js, whether another version is served.
            f"connect-src {' '.join([_SELF, *connects_to])}" if connects_to else "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def answer_to(request: Request, site: Mapping[str, File], connects_to: Sequence[str]) -> Answer:
    """Return the answer: a file of the site, or why there is none."""
    if request.method not in METHODS:
        allow = {"Allow": ", ".join(METHODS)}
        return told(HTTPStatus.METHOD_NOT_ALLOWED, f"Allowed here: {', '.join(METHODS)}", allow)
    found = site.get(request.path.removeprefix("/") or INDEX)
    if found is None:
        return told(HTTPStatus.NOT_FOUND, "There is nothing at this path")
    return _with_file(request.headers, found, policy(connects_to))


def told(status: HTTPStatus, words: str, more: Mapping[str, str] | None = None) -> Answer:
    """Return an answer of one line, which nobody keeps."""
    headers = {"Content-Type": _TEXT, "Cache-Control": "no-store", "Content-Security-Policy": policy(())}
    return Answer(int(status), {**_ALWAYS, **headers, **(more or {})}, f"{words}\n".encode())


def _with_file(asked: Mapping[str, str], file: File, content_policy: str) -> Answer:
    zipped = file.zipped if _takes_gzip(asked.get("accept-encoding", "")) else None
    # The two forms have names of their own: a cache must not take one for the other.
    etag = f'{file.etag[:-1]}-gzip"' if zipped is not None else file.etag
    headers = {
        **_ALWAYS,
        "Cache-Control": file.cache_control,
        "Content-Security-Policy": content_policy,
        "ETag": etag,
        "Vary": "Accept-Encoding",
    }
    if _names(asked.get("if-none-match", ""), etag):
        return Answer(int(HTTPStatus.NOT_MODIFIED), headers)
    headers["Content-Type"] = file.content_type
    if zipped is None:
        return Answer(int(HTTPStatus.OK), headers, file.content)
    return Answer(int(HTTPStatus.OK), headers | {"Content-Encoding": "gzip"}, zipped)


def _names(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",", _LONGEST_LIST)]
    return etag in tags or tags == ["*"]


def _takes_gzip(accept_encoding: str) -> bool:
    taken: dict[str, bool] = {}
    for part in accept_encoding.lower().replace(" ", "").split(",", _LONGEST_LIST):
        name, _, weight = part.partition(";")
        taken[name] = _NOTHING.fullmatch(weight) is None
    return taken.get("gzip", taken.get("*", False))
