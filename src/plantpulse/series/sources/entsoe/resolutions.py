"""Resolutions: how long the intervals of a period are, in minutes or by the area's calendar.

Pure. Hours and minutes are counted; days, weeks, months and years follow the area's clock, so that a week
with a change of the clock has 167 or 169 hours. Source: ISO 8601 durations, and the guide of ENTSO-E's API
("the day in the time zone for which the platform publishes the data").
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_FIXED: Final = re.compile(r"PT(?:(\d{1,3})H)?(?:(\d{1,4})M)?")
_CALENDAR: Final = re.compile(r"P(\d{1,3})([DWMY])")


@dataclass(frozen=True, slots=True)
class Resolution:
    """A length: `minutes`, or else `days` or `months` of the calendar. One of them is above 0."""

    minutes: int = 0
    days: int = 0
    months: int = 0

    def edges(self, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield the starts of whole intervals of the calendar, and the end of the last; all in UTC."""
        local = start.astimezone(zone)
        clock = local.time()
        edge, number = start, 0
        while edge <= end:
            yield edge
            number += 1
            day = self._later(local.date(), number)
            edge = datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)

    def _later(self, day: date, number: int) -> date:
        if self.days:
            return day + timedelta(days=self.days * number)
        months = day.year * 12 + day.month - 1 + self.months * number
        year, month = divmod(months, 12)
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def resolution_of(text: str) -> Resolution | None:
    """Return what a duration such as PT15M, P7D or P1M says; None when it says nothing that is known."""
    if fixed := _FIXED.fullmatch(text):
        minutes = int(fixed[1] or 0) * 60 + int(fixed[2] or 0)
        return Resolution(minutes=minutes) if minutes else None
    found = _CALENDAR.fullmatch(text)
    if not found or not int(found[1]):
        return None
    number, unit = int(found[1]), found[2]
    if unit in "DW":
        return Resolution(days=number * (7 if unit == "W" else 1))
    return Resolution(months=number * (12 if unit == "Y" else 1))
