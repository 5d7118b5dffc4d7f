"""The grid of slots, and the window of time that a slot describes.

Pure; every instant is aware UTC. A slot is a moment on the grid of every N minutes since UTC midnight, and
the name under which a scheduled poll is claimed. Its window ends a source lag before it. This module does
not know the plant's wall clock (see `local_time`).
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from plantpulse.errors import ConfigurationError

# Any one: intervals that divide a day begin anew at each.
_MIDNIGHT: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Window(NamedTuple):
    """A span of time, half open: `start <= t < until`; both are aware UTC."""

    start: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.start


def grid_interval(every_minutes: int) -> timedelta:
    """Return the grid's interval.

    Raises: ConfigurationError unless whole intervals fill a day.
    """
    if every_minutes < 1 or 1440 % every_minutes:
        raise ConfigurationError(
            f"the poll interval must divide a day (1440 minutes), not {every_minutes} minutes"
        )
    return timedelta(minutes=every_minutes)


def slot_at_or_before(at: datetime, every: timedelta) -> datetime:
    """Return the latest slot that is not after the instant; `every` divides a day."""
    at = at.astimezone(UTC)
    return at - (at - _MIDNIGHT) % every


def next_slot(at: datetime, every: timedelta) -> datetime:
    """Return the first slot after the instant; for a slot, the next one."""
    return slot_at_or_before(at, every) + every


def window_of_slot(slot: datetime, *, length: timedelta, source_lag: timedelta) -> Window:
    """Return the window of a slot, or of a manual run at that instant, in whole seconds."""
    until = slot.astimezone(UTC).replace(microsecond=0) - source_lag
    return Window(until - length, until)


def last_interval(window: Window, every: timedelta) -> Window:
    """Return the newest interval of the window; no other slot has the same one."""
    return Window(max(window.start, window.until - every), window.until)
