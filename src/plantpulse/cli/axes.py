"""Scales and marks of a chart: round values on one axis, and local times on the other.

Pure. A day of 23 or 25 hours is as long as it was: marks stand where their local time is, and an hour that
the clock shows twice has two.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

_ROUND: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_MARGIN: Final = 0.05
_QUARTER: Final = timedelta(minutes=15)
_LONGEST_WITH_HOURS: Final = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class Values:
    """The axis of the values from `low` to `high`; `marks` are multiples of `step`, the lowest first."""

    low: float
    high: float
    step: float

    @property
    def marks(self) -> tuple[float, ...]:
        """Return the values that have a mark."""
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        return tuple(number * self.step for number in range(first, last + 1))

    @property
    def has_negative(self) -> bool:
        """Say whether the axis crosses zero."""
        return self.low < 0 < self.high

    def share(self, value: float) -> float:
        """Return where a value stands: 0 at the bottom, 1 at the top."""
        return (value - self.low) / (self.high - self.low)

    def labels(self) -> list[str]:
        """Return the marks as texts, all with as many decimals as the step between them needs."""
        places = next((n for n in range(10) if abs(round(self.step, n) - self.step) < self.step * 1e-6), 10)
        return [f"{round(mark, places) or 0.0:,.{places}f}" for mark in self.marks]


class Mark(NamedTuple):
    """A mark on the axis of time; `below` is what stands below its label: the date, or the year."""

    at: datetime
    label: str
    below: str


def values_axis(lowest: float, highest: float, most: int) -> Values:
    """Return an axis that holds both values, with at most `most` marks at round values."""
    if highest - lowest <= max(abs(lowest), abs(highest)) * 1e-9:  # a flat line stands in the middle
        room = abs(lowest) * 0.1 or 1.0
        lowest, highest = lowest - room, highest + room
    length = highest - lowest
    return Values(lowest - length * _MARGIN, highest + length * _MARGIN, _round_step(length * 1.1 / most))


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(one * power for one in _ROUND if one * power >= least * (1 - 1e-9))


def times_axis(start: datetime, until: datetime, zone: ZoneInfo, most: int) -> list[Mark]:
    """Return at most `most` marks at round local times: hours, days, months or years, as there is room."""
    for marks_of in _STEPS:
        marks = list(marks_of(start, until, zone))
        if 0 < len(marks) <= most:
            return _first_dated(marks, zone)
    return []


def _hours(step: int, start: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Mark]:
    if until - start > _LONGEST_WITH_HOURS:
        return
    at = datetime.fromtimestamp(-(-start.timestamp() // 900) * 900, UTC)
    while at <= until:
        local = at.astimezone(zone)
        if local.minute == 0 and local.hour % step == 0:
            yield Mark(at, f"{local:%H:%M}", f"{local:%a %m-%d}" if local.hour == 0 else "")
        at += _QUARTER


def _days(step: int, start: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Mark]:
    """Yield local midnights; steps of 7 and 14 days stand on Mondays."""
    for at, day in _midnights(start, until, zone):
        if (day.toordinal() - 1) % step == 0:
            yield Mark(at, f"{day:%m-%d}", "")


def _months(step: int, start: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Mark]:
    for at, day in _midnights(start, until, zone):
        if day.day == 1 and (day.year * 12 + day.month - 1) % step == 0:
            yield Mark(at, f"{day:%Y-%m}", "")


def _midnights(start: datetime, until: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, date]]:
    day = start.astimezone(zone).date()
    while (at := midnight(day, zone)) <= until:
        if at >= start:
            yield at, day
        day += timedelta(days=1)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the start of a local day."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _first_dated(marks: list[Mark], zone: ZoneInfo) -> list[Mark]:
    """Return the marks with a date at the first one: of hours the day, of days the year."""
    first = marks[0]
    local = first.at.astimezone(zone)
    form = {5: "%Y", 7: ""}[len(first.label)] if ":" not in first.label else "%a %m-%d"
    return [first._replace(below=first.below or local.strftime(form)), *marks[1:]]


def odd_days(start: datetime, until: datetime, zone: ZoneInfo) -> list[tuple[date, float]]:
    """Return the local days between two instants that do not have 24 hours, with their length in hours."""
    found = []
    for at, day in _midnights(start, until - timedelta(microseconds=1), zone):
        hours = (midnight(day + timedelta(days=1), zone) - at) / timedelta(hours=1)
        if hours != 24:
            found.append((day, hours))
    return found


_Marks = Callable[[datetime, datetime, ZoneInfo], Iterator[Mark]]
_STEPS: Final[tuple[_Marks, ...]] = (
    *(partial(_hours, step) for step in (1, 2, 3, 4, 6, 12)),
    *(partial(_days, step) for step in (1, 2, 7, 14)),
    *(partial(_months, step) for step in (1, 2, 3, 6, 12, 24, 60, 120)),
)
