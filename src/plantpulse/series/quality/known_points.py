"""A point with the instant at which it became known. Pure."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from plantpulse.series.points import Point


class KnownPoint(NamedTuple):
    """A point and when its first value came: a revision does not make a value late."""

    at: datetime
    minutes: int
    value: Decimal | None
    known_at: datetime

    @property
    def until(self) -> datetime:
        """Return the end of the interval."""
        return self.at + timedelta(minutes=self.minutes)

    @property
    def point(self) -> Point:
        """Return the point alone."""
        return Point(self.at, self.minutes, self.value)
