"""Points by local day: a day has 23, 24 or 25 hours, from one midnight of the series' zone to the next.

Pure. A number is a value that is there and finite, as a float: good enough for statistics, never stored.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.series.points import Point
from plantpulse.series.publisher import Span
from plantpulse.series.quality.robust import median

SHORTEST_DAY: Final = 1380  # minutes: series with intervals from here on have at most one a day

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Day:
    """A local day and the points that start on it, in order. `numbered`: those with a number, and it.

    `level` is the median and `peak` the largest of the numbers without their signs; 0 without numbers.
    """

    date: date
    span: Span
    points: Sequence[Point]
    numbered: Sequence[tuple[Point, float]]
    level: float
    peak: float

    @property
    def is_flat(self) -> bool:
        """Tell whether there are numbers and all of them are the same."""
        return bool(self.numbered) and len({number for _, number in self.numbered}) == 1


def day_span(day: date, zone: ZoneInfo) -> Span:
    """Return from when until when a local day lasts, in UTC."""
    return Span(_midnight(day, zone), _midnight(day + _DAY, zone))


def local_days(points: Iterable[Point], zone: ZoneInfo) -> Iterator[Day]:
    """Yield the days on which points start; the points are in order."""
    run: list[Point] = []
    span: Span | None = None
    for point in points:
        if span is None or point.at >= span.until:
            if span:
                yield _day(span, run, zone)
            span, run = day_span(point.at.astimezone(zone).date(), zone), []
        run.append(point)
    if span:
        yield _day(span, run, zone)


def numbered(points: Iterable[Point]) -> list[tuple[Point, float]]:
    """Return the points that have a number, each with it."""
    return [
        (point, float(point.value)) for point in points if point.value is not None and point.value.is_finite()
    ]


def clock_change(span: Span, zone: ZoneInfo) -> datetime | None:
    """Return when the clock is changed on a local day, at a whole hour of UTC; None if it is not."""
    at = span.start if span.until - span.start != _DAY else span.until
    while at < span.until:
        if (at - _HOUR).astimezone(zone).utcoffset() != at.astimezone(zone).utcoffset() and at > span.start:
            return at
        at += _HOUR
    return None


def _day(span: Span, points: Sequence[Point], zone: ZoneInfo) -> Day:
    found = numbered(points)
    sizes = [abs(number) for _, number in found]
    return Day(
        date=span.start.astimezone(zone).date(),
        span=span,
        points=points,
        numbered=found,
        level=median(sizes) if sizes else 0.0,
        peak=max(sizes, default=0.0),
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
