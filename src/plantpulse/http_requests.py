"""A web request as both clouds hand it over; what every function takes from it, the board's one too.

Pure, and without imports of ours. Nothing in a request is checked here.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

_BLOCK_BYTES: Final = 64 * 1024


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


def lower_case(headers: object) -> dict[str, str]:
    """Return headers by their names in lower case; none without items. Flask's are no Mapping."""
    items = getattr(headers, "items", None)
    return {str(name).lower(): str(value) for name, value in items()} if callable(items) else {}


def http_in(event: object) -> Mapping[str, Any] | None:
    """Return the part of a Lambda event that makes it a function URL's; None if it is another event."""
    context = event.get("requestContext") if isinstance(event, Mapping) else None
    http = context.get("http") if isinstance(context, Mapping) else None
    return http if isinstance(http, Mapping) else None


def discard_rest(request: HttpRequest) -> None:
    """Read what nobody has read of the body, piece by piece, and keep none of it.

    functions-framework reads an unread body into memory as a whole before it answers, so a refusal of 30 MB
    would cost that much. A body that cannot be read to its end is left as it is.
    """
    stream = request.stream
    with suppress(Exception):
        while stream.read(_BLOCK_BYTES):
            pass
