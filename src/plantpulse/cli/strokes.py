"""What each column of a chart shows: the values in its time from the lowest to the highest, or a hole.

Pure. Many values in one column become one stroke, so a year fits a terminal, and no extreme is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from plantpulse.series.points import Point


@dataclass(frozen=True, slots=True)
class Stroke:
    """The values of one column; `first` and `last` are the ones that its neighbours join."""

    lowest: float
    highest: float
    first: float
    last: float

    def with_value(self, value: float) -> "Stroke":
        """Return the stroke with a later value."""
        return Stroke(min(self.lowest, value), max(self.highest, value), self.first, value)

    def joined(self, before: "Stroke | None") -> tuple[float, float]:
        """Return the lowest and the highest value to draw, so that there is no step to the column before."""
        if before is None:
            return self.lowest, self.highest
        return min(self.lowest, before.last), max(self.highest, before.last)


@dataclass(frozen=True, slots=True)
class Trace:
    """The columns from left to right, None where no value is known; in those of `lacking` one is missing."""

    strokes: Sequence[Stroke | None]
    lacking: frozenset[int]


def trace(points: Sequence[Point], start: datetime, until: datetime, columns: int) -> Trace:
    """Return what the columns of a chart show between two instants; points are in order."""
    strokes: list[Stroke | None] = [None] * columns
    for point in points:
        if point.value is None:
            continue
        value = float(point.value)
        for place in _places(point.at, ends_at(point), start, until, columns):
            before = strokes[place]
            strokes[place] = before.with_value(value) if before else Stroke(value, value, value, value)
    holes = holes_of(points, start, until)
    lacking = {place for hole in holes for place in _places(*hole, start, until, columns)}
    return Trace(strokes, frozenset(lacking))


def _places(at: datetime, end: datetime, start: datetime, until: datetime, columns: int) -> range:
    """Return the columns that an interval touches."""
    length = until - start
    first = (at - start) * columns // length
    last = -((start - end) * columns // length)
    return range(max(first, 0), min(last, columns))


def ends_at(point: Point) -> datetime:
    """Return the end of a point's interval."""
    return point.at + timedelta(minutes=point.minutes)


def holes_of(points: Sequence[Point], start: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """Return the spans between two instants for which no value is known."""
    known = [(point.at, ends_at(point)) for point in points if point.value is not None]
    edges = [(start, start), *known, (until, until)]
    return [(before[1], after[0]) for before, after in pairwise(edges) if before[1] < after[0]]


def bridged(points: Sequence[Point], most: timedelta) -> list[Point]:
    """Return the points, each lengthened to the next one if that begins soon: markets rest on some days."""
    pairs = pairwise([*points, None])
    return [_lengthened(point, following, most) for point, following in pairs if point]


def _lengthened(point: Point, following: Point | None, most: timedelta) -> Point:
    if following is None or not timedelta(0) < following.at - ends_at(point) <= most:
        return point
    return point._replace(minutes=(following.at - point.at) // timedelta(minutes=1))
