"""Local days and weeks as spans of seconds, with 23 and 25 hours, and the days on which the US trades.

Pure. Instants are whole seconds since 1970, UTC.
"""

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

QUARTER_S: Final = 900
HOUR_S: Final = 3_600
DAY_S: Final = 86_400
NEW_YORK: Final = ZoneInfo("America/New_York")
_DAY = timedelta(days=1)


class LocalDay(NamedTuple):
    """A local day: it begins at `start` and ends before `end`."""

    date: date
    start: int
    end: int

    @property
    def quarters(self) -> int:
        """Return how many quarter-hours it has: 92, 96 or 100."""
        return (self.end - self.start) // QUARTER_S

    @property
    def hours(self) -> tuple[float, ...]:
        """Return what a European clock shows at each quarter-hour of this day, in hours."""
        return _clock_hours(self.quarters)


@lru_cache(maxsize=3)
def _clock_hours(quarters: int) -> tuple[float, ...]:
    shift, after = {92: (1, 2), 96: (0, 0), 100: (-1, 3)}[quarters]
    return tuple(number / 4 + (shift if number / 4 >= after else 0) for number in range(quarters))


@lru_cache(maxsize=20_000)
def midnight(zone: ZoneInfo, day: date) -> int:
    """Return the instant at which a day begins in a zone."""
    return int(datetime.combine(day, time(), tzinfo=zone).timestamp())


def at_clock(zone: ZoneInfo, day: date, hour: int, minute: int = 0) -> int:
    """Return the instant at which a zone's clock shows a time."""
    return int(datetime.combine(day, time(hour, minute), tzinfo=zone).timestamp())


def local_date(zone: ZoneInfo, at: int) -> date:
    """Return the date in a zone."""
    return datetime.fromtimestamp(at, zone).date()


def local_day(zone: ZoneInfo, day: date) -> LocalDay:
    """Return a day of a zone."""
    return LocalDay(day, midnight(zone, day), midnight(zone, day + _DAY))


def days_between(zone: ZoneInfo, start: int, until: int) -> Iterator[date]:
    """Yield the local days that have an instant in [start, until)."""
    day = local_date(zone, start)
    while midnight(zone, day) < until:
        yield day
        day += _DAY


def seconds(at: datetime) -> int:
    """Return an aware datetime as seconds."""
    return int(at.timestamp())


def instant(at: int) -> datetime:
    """Return seconds as an aware datetime in UTC."""
    return datetime.fromtimestamp(at, UTC)


@lru_cache(maxsize=100)
def us_holidays(year: int) -> frozenset[date]:
    """Return the weekdays of a year on which WTI, Brent and Henry Hub have no price."""
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 12, 25)]
    floating = [
        _weekday_of_month(year, 1, calendar.MONDAY, 3),
        _weekday_of_month(year, 2, calendar.MONDAY, 3),
        _weekday_of_month(year, 5, calendar.MONDAY, -1),
        _weekday_of_month(year, 9, calendar.MONDAY, 1),
        _weekday_of_month(year, 11, calendar.THURSDAY, 4),
    ]
    return frozenset([*map(_observed, fixed), *floating, _easter(year) - 2 * _DAY])


def is_trading_day(day: date) -> bool:
    """Whether the US markets have a price for this day."""
    return day.weekday() < calendar.SATURDAY and day not in us_holidays(day.year)


def _observed(day: date) -> date:
    moved = {calendar.SATURDAY: -_DAY, calendar.SUNDAY: _DAY}
    return day + moved.get(day.weekday(), timedelta())


def _weekday_of_month(year: int, month: int, weekday: int, number: int) -> date:
    days = [week[weekday] for week in calendar.monthcalendar(year, month) if week[weekday]]
    return date(year, month, days[number - 1 if number > 0 else number])


def _easter(year: int) -> date:
    """Return Easter Sunday. Source: the anonymous Gregorian algorithm (Meeus, Astronomical Algorithms)."""
    golden, century = year % 19, year // 100
    gregorian = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (year % 100 // 4) - gregorian - year % 4) % 7
    late = (golden + 11 * gregorian + 22 * weekday) // 451
    month, day = divmod(gregorian + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
