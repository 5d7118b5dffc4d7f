"""How long a busy server wants to be left alone, by the headers of its answer. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WAIT_S: Final = 24 * 3600.0


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how long the server wants to be left alone, at most a day; None if it does not say.

    A date counts from the server's own clock, if it tells the time. Source: RFC 9110, section 10.2.3.
    """
    told = headers.get("Retry-After", "").strip()
    if told.isascii() and told.isdigit():
        return min(float(told[:9]), LONGEST_WAIT_S)
    until = _instant(told)
    if until is None:
        return None
    return min(max((until - (_instant(headers.get("Date", "")) or now)).total_seconds(), 0.0), LONGEST_WAIT_S)


def _instant(text: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
