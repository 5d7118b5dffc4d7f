"""Says whether a series is fresh: whether its publisher and the collecting keep up.

Pure. A series is stale two days after the value that follows its newest one was due.
"""

from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from plantpulse.series.kinds import Kind

Freshness = Literal["fresh", "stale"]

GRACE: Final = timedelta(days=2)  # publishers have bad days
# A series that has been silent for so long was given up, such as a type of production that was shut down.
SILENT_FOR: Final = timedelta(days=60)
_MONTH: Final = timedelta(days=28)
_MONTHS_DIFFER_BY: Final = timedelta(days=3)
_SATURDAY: Final = 5


def has_ended(until: datetime, now: datetime) -> bool:
    """Say whether a series has been silent for so long that nobody waits for it any more."""
    return now - until > SILENT_FOR


def freshness_of(kind: Kind, until: datetime, minutes: int, zone: ZoneInfo, now: datetime) -> Freshness:
    """Return whether a series is fresh whose newest value ends at `until` and is for `minutes`."""
    return "stale" if now > next_due_at(kind, until, minutes, zone) + GRACE else "fresh"


def next_due_at(kind: Kind, until: datetime, minutes: int, zone: ZoneInfo) -> datetime:
    """Return when the value that follows the newest one is due; no market trades on a weekend."""
    length = timedelta(minutes=minutes)
    if length >= _MONTH:
        length += _MONTHS_DIFFER_BY
    starts_at = until
    if kind.is_daily_trade and length < timedelta(days=2):
        while starts_at.astimezone(zone).weekday() >= _SATURDAY:
            starts_at += timedelta(days=1)
    return kind.publication.due_at(starts_at + length)
