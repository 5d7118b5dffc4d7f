"""Production days: when one begins, which one a report is about, and which older ones go with it.

Pure. A production day follows the plant's wall clock and lasts 23 or 25 hours when the clock changes. It has
the date of its larger part: a day that begins at 22:00 has the next date (docs/decisions/0051).
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.plant.local_time import resolve_local, to_local, to_utc
from plantpulse.schedules.slots import Window

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_NOON: Final = time(12)


class ProductionDay(NamedTuple):
    """A day of a plant: its date, and the time from its beginning to the next day's."""

    date: date
    window: Window


def production_day(day: date, starts_at: time, zone: ZoneInfo) -> ProductionDay:
    """Return the production day of a date; `starts_at` is plant-local."""
    first = day - _DAY if starts_at > _NOON else day
    start, until = (to_utc(datetime.combine(one, starts_at), zone) for one in (first, first + _DAY))
    return ProductionDay(day, Window(start, until))


def last_ended(at: datetime, starts_at: time, zone: ZoneInfo) -> date:
    """Return the date of the newest production day that has ended by the instant."""
    day = to_local(at, zone).date() + _DAY
    while production_day(day, starts_at, zone).window.until > at:
        day -= _DAY
    return day


def days_between(first: date, until: date) -> list[date]:
    """Return the dates from `first` to before `until`, newest first."""
    return [until - _DAY * back for back in range(1, (until - first).days + 1)]


class DaysDue(NamedTuple):
    """The dates that a morning reports, newest first, and how many are too old."""

    dates: list[date]
    given_up: int


def days_due(newest: date, reported: Iterable[date], *, look_back: int, catch_up: int) -> DaysDue:
    """Return the dates of a morning: its own day, days to check again, and missed days.

    `reported`: dates with a report, from the `catch_up` days before and some earlier ones. Before a plant's
    first report no day was missed.
    """
    known = set(reported)
    looked_at = {newest - _DAY * back for back in range(look_back + 1)}
    earliest = newest - _DAY * catch_up
    missed = set(days_between(max(earliest, min(known, default=newest)), newest)) - known
    last_known = max((day for day in known if day < newest), default=earliest)
    return DaysDue(sorted(looked_at | missed, reverse=True), max(0, (earliest - last_known).days - 1))


def is_edge_shown_twice(day: ProductionDay, zone: ZoneInfo) -> bool:
    """Say whether the day begins or ends inside an hour that the clock shows twice.

    Rows of that hour look alike on both days, and may count on both.
    """
    return any(
        resolve_local(edge, zone).is_ambiguous and resolve_local(edge - _SECOND, zone).is_ambiguous
        for edge in (to_local(at, zone) for at in day.window)
    )
