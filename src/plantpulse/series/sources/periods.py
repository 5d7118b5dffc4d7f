"""The days, weeks and months that publishers name by a date, and where they lie in time. Pure.

A day begins at midnight of the publisher's clock, so it has 23 or 25 hours twice a year.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.series.points import Point
from plantpulse.series.publisher import Span

Frequency = Literal["daily", "weekly", "monthly", "quarterly", "annual"]
WeekName = Literal["first day", "last day"]
ONE_DAY: Final = timedelta(days=1)
_MONTHS: Final = {"monthly": 1, "quarterly": 3, "annual": 12}


class Period(NamedTuple):
    """From the day `first`, up to but without the day `after`."""

    first: date
    after: date


class Calendar(NamedTuple):
    """How a publisher names the periods of a series: how long they are, by which day, by which clock."""

    frequency: Frequency
    week_name: WeekName
    zone: ZoneInfo

    def period(self, day: date) -> Period:
        """Return the period that is named by a day. Raises: ValueError if the day names none."""
        try:
            return self._period(day)
        except OverflowError:
            raise ValueError(f"{day} is beyond the calendar") from None

    def _period(self, day: date) -> Period:
        if self.frequency == "daily":
            return Period(day, day + ONE_DAY)
        if self.frequency == "weekly":
            first = day if self.week_name == "first day" else day - 6 * ONE_DAY
            return Period(first, first + 7 * ONE_DAY)
        months = _MONTHS[self.frequency]
        if day != _begin(day, months):
            raise ValueError(f"{day} begins no period of {months} months")
        return Period(day, _begin(day + 31 * months * ONE_DAY, months))

    def point(self, day: date, value: Decimal | None) -> Point:
        """Return a value as a point. Raises: ValueError if the day names no period."""
        period = self.period(day)
        start, until = self.midnight(period.first), self.midnight(period.after)
        return Point(start, round((until - start) / timedelta(minutes=1)), value)

    def midnight(self, day: date) -> datetime:
        """Return when a day begins. Raises: ValueError for the first and last days of all time."""
        try:
            return datetime.combine(day, time(), tzinfo=self.zone).astimezone(UTC)
        except OverflowError:
            raise ValueError(f"{day} is beyond the calendar") from None

    def days(self, span: Span) -> tuple[date, date]:
        """Return the first and the last day that may name a period which lies in a span, or partly does."""
        first = span.start.astimezone(self.zone).date()
        last = (span.until - timedelta(microseconds=1)).astimezone(self.zone).date()
        if self.frequency == "weekly":
            before, after = (6, 0) if self.week_name == "first day" else (0, 6)
            return first - before * ONE_DAY, last + after * ONE_DAY
        months = _MONTHS.get(self.frequency)
        return (_begin(first, months), _begin(last, months)) if months else (first, last)


def ends_at(point: Point) -> datetime:
    """Return the end of a point's interval."""
    return point.at + timedelta(minutes=point.minutes)


def _begin(day: date, months: int) -> date:
    """Return the first day of the month, quarter or year."""
    return date(day.year, (day.month - 1) // months * months + 1, 1)
