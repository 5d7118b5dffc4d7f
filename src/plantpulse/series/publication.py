"""When a publisher has to have published: only what is due can be missing.

Pure; every instant is aware UTC. Sources of the times: Regulation (EU) 543/2013 for the European transparency
platform, and what the publishers say of their release times (docs/series.md).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Publication(Protocol):
    """A rule of publication."""

    def due_until(self, now: datetime) -> datetime:
        """Return the end of what is due now: an interval that ends by then should be known."""
        ...

    def due_at(self, ends_at: datetime) -> datetime:
        """Return when an interval that ends at this instant is due."""
        ...


@dataclass(frozen=True, slots=True)
class AfterEnd:
    """A value is due `lag` after its interval has ended."""

    lag: timedelta

    def due_until(self, now: datetime) -> datetime:
        """Return the instant that is `lag` before now."""
        return now - self.lag

    def due_at(self, ends_at: datetime) -> datetime:
        """Return the instant that is `lag` later."""
        return ends_at + self.lag


@dataclass(frozen=True, slots=True)
class DayAhead:
    """All values of a local day are due `days` days before, at a time of the zone's clock."""

    at: time
    zone: ZoneInfo
    days: int = 1

    def due_until(self, now: datetime) -> datetime:
        """Return the end of the last local day that is due."""
        local = now.astimezone(self.zone)
        is_published = local.time() >= self.at
        days = timedelta(days=self.days + (1 if is_published else 0))
        return self._midnight(local, days)

    def due_at(self, ends_at: datetime) -> datetime:
        """Return the time of publication before the local day in which the interval lies."""
        day = (ends_at - timedelta(microseconds=1)).astimezone(self.zone).date() - timedelta(days=self.days)
        return datetime.combine(day, self.at, tzinfo=self.zone).astimezone(UTC)

    def _midnight(self, local: datetime, later: timedelta) -> datetime:
        return datetime.combine(local.date() + later, time(), tzinfo=self.zone).astimezone(UTC)
