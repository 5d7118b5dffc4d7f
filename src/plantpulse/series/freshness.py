"""Whether a series is fresh: whether its newest value is as new as its publisher's times promise. Pure."""

from datetime import datetime, timedelta
from typing import Final, Literal

from plantpulse.series.kinds import KINDS

Freshness = Literal["FRESH", "STALE"]
GRACE: Final = timedelta(days=2)  # publishers have bad days
# A series that has been silent for so long was given up, such as a type of production that was shut down.
SILENT_FOR: Final = timedelta(days=60)


def freshness(kind: str, until: datetime, now: datetime, grace: timedelta = GRACE) -> Freshness:
    """Return STALE if a value is missing that was due `grace` ago; `until` is the end of the newest value."""
    return "STALE" if until < KINDS[kind].publication.due_until(now - grace) else "FRESH"


def has_ended(until: datetime, now: datetime) -> bool:
    """Say whether a series has been silent for so long that nobody waits for it any more."""
    return now - until > SILENT_FOR
