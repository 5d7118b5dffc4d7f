"""What is asked of the local Auth, how it is read, and how it is refused; pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[HTTPStatus, bytes, Mapping[str, str]]


class Refused(Exception):
    """Auth refuses: with this status, a code that programs read, and words."""

    def __init__(self, status: HTTPStatus, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Asked:
    """A request below /auth/v1 with a key that is known; `path` has its query, `issuer` signs tokens."""

    method: str
    path: str
    authorization: str
    body: bytes
    issuer: str

    @property
    def route(self) -> str:
        """Method and path, and of a token what is given for it."""
        parts = urlsplit(self.path)
        grant = self.query.get("grant_type")
        return f"{self.method} {parts.path}" + (f" {grant}" if grant else "")

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    @property
    def bearer(self) -> str:
        return self.authorization.removeprefix("Bearer ")


def object_in(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body. Raises: Refused."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "bad_json", "Could not parse request body as JSON")
    return read


def storable(text: str) -> str:
    """Return a text that Postgres can be asked for: what it cannot hold, it has not stored either."""
    return text.encode(errors="replace").decode().replace("\0", "?")


def number_in(query: Mapping[str, str], name: str, otherwise: int) -> int:
    """Return a number of a query. Raises: Refused."""
    text = query.get(name, str(otherwise))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 1_000_000:
        raise Refused(HTTPStatus.BAD_REQUEST, "validation_failed", f"{name} must be a number")
    return int(text)
