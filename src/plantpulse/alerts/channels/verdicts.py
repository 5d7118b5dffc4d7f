"""What an HTTP answer means for a notice: sent, try again, or somebody must act. Pure."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final, NamedTuple

from plantpulse.retry_after import retry_after_s

_PASSING: Final = frozenset({408, 425, 429})  # beside all from 500
_WORDS: Final[Mapping[int, str]] = {
    401: "does not accept the key or address",
    403: "does not accept the key or address",
    404: "has nothing at this address",
    410: "has nothing at this address any more",
    413: "finds the message too long",
}


class Verdict(NamedTuple):
    """Why a notice was not accepted, and whether the same call may succeed later."""

    is_transient: bool
    words: str
    retry_after_s: float | None = None


def judge(status: int, said: str, headers: Mapping[str, str], now: datetime) -> Verdict | None:
    """Return why an answer is no success; None for a success. `said` is what its body says, safe to show."""
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        words = f"answers with a redirect ({status}), which is not followed: set the address that it leads to"
        return Verdict(False, words)
    words = f"{_WORDS.get(status, 'answers')} ({' '.join(part for part in (_named(status), said) if part)})"
    if status in _PASSING or status >= 500:
        return Verdict(True, words, retry_after_s(headers, now))
    return Verdict(False, words)


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
