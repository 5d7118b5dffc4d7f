"""Splits a span into parts that the API answers.

Pure. Parts end at local midnights of the area, since the platform answers some questions in whole days.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.series.publisher import Span

_HOUR: Final = timedelta(hours=1)


def first_part(span: Span, days: int, zone: ZoneInfo) -> Span:
    """Return the beginning of a span: at most so many days of the zone's calendar."""
    day = span.start.astimezone(zone).date() + timedelta(days=days)
    midnight = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    return Span(span.start, min(midnight, span.until))


def parameters(span: Span) -> dict[str, str]:
    """Return the parameters of a span, in whole hours around it."""
    start = span.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    until = span.until.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if until < span.until:
        until += _HOUR
    return {"periodStart": f"{start:%Y%m%d%H%M}", "periodEnd": f"{until:%Y%m%d%H%M}"}
