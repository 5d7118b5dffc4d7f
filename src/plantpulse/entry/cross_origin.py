"""The headers for browsers with pages of another origin (CORS).

Pure. Without allowed origins there are no headers, and the browser refuses by itself.
Source: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from collections.abc import Collection
from typing import Final

from plantpulse.entry.invocations import WebHead

REMEMBERED_S: Final = 600  # how long a browser keeps the answer


def granted_headers(head: WebHead, allowed_origins: Collection[str]) -> dict[str, str]:
    """Return the headers that admit the page of the request's origin; none if it may not call."""
    origin = head.headers.get("origin")
    if origin not in allowed_origins:
        return {}
    granted = {"Access-Control-Allow-Origin": str(origin), "Vary": "Origin"}
    if not is_preflight(head):
        return granted | {"Access-Control-Expose-Headers": "Retry-After"}
    return granted | {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "authorization, content-type, idempotency-key",
        "Access-Control-Max-Age": str(REMEMBERED_S),
    }


def is_preflight(head: WebHead) -> bool:
    """Say whether the request only asks what a browser may send."""
    return head.method == "OPTIONS" and "access-control-request-method" in head.headers
