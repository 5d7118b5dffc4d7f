"""Puts the segments of one series together: in order, and one value for one time.

Pure. A reply may say the same twice, and may have quarter-hours and hours of one day. Values that agree are
one; values that do not are doubts, and none of them stays. Where quarter-hours stand, the hour around them
goes: it is coarser, and says no more.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from plantpulse.series.points import Point
from plantpulse.series.sources.entsoe.curves import Doubts, Segment


def merged(series: str, segments: Sequence[Segment], doubts: Doubts) -> list[Segment]:
    """Return the segments in order of time, without overlaps; neighbours of one length are joined."""
    ordered = sorted(segments, key=lambda segment: (segment.start, segment.minutes))
    if any(later.start < earlier.until for earlier, later in pairwise(ordered)):
        ordered = [
            Segment(point.at, point.minutes, [point.value])
            for point in _without_overlaps(series, _agreed(series, ordered, doubts), doubts)
            if point.value is not None
        ]
    return list(_joined(ordered))


def _joined(segments: Iterable[Segment]) -> Iterator[Segment]:
    open_: Segment | None = None
    values: list[Decimal] = []
    for segment in segments:
        if (
            open_
            and segment.minutes == open_.minutes
            and segment.start == open_.start + timedelta(minutes=open_.minutes * len(values))
        ):
            values.extend(segment.values)
            continue
        if open_:
            yield open_._replace(values=values)
        open_, values = segment, list(segment.values)
    if open_:
        yield open_._replace(values=values)


def _agreed(series: str, segments: Iterable[Segment], doubts: Doubts) -> list[Point]:
    """Return one point for each start and length, in order; one with several values has None."""
    found: dict[tuple[datetime, int], Decimal | None] = {}
    for segment in segments:
        for number, value in enumerate(segment.values):
            key = segment.start + timedelta(minutes=segment.minutes * number), segment.minutes
            before = found.setdefault(key, value)
            if before is not None and before != value:
                doubts.add(series, f"the reply has several values at {key[0]:%Y-%m-%dT%H:%MZ}")
                found[key] = None
    return [
        Point(at, minutes, value) for (at, minutes), value in sorted(found.items(), key=lambda item: item[0])
    ]


def _without_overlaps(series: str, points: Sequence[Point], doubts: Doubts) -> Sequence[Point]:
    """Return the points that overlap none of the finer ones, and no earlier one of their own length."""
    taken: list[Point] = []
    for minutes in sorted({point.minutes for point in points}):
        alike = [point for point in points if point.minutes == minutes]
        free = list(_free(alike, taken))
        if len(free) < len(alike):
            doubts.add(
                series,
                f"values of {minutes} minutes left out because they overlap others: {len(alike) - len(free)}",
            )
        taken = sorted([*taken, *free], key=_at)
    return taken


def _free(points: Iterable[Point], taken: Sequence[Point]) -> Iterator[Point]:
    place, free_from = 0, None
    for point in points:
        while place < len(taken) and _until(taken[place]) <= point.at:
            place += 1
        is_covered = place < len(taken) and taken[place].at < _until(point)
        if not is_covered and (free_from is None or free_from <= point.at):
            free_from = _until(point)
            yield point


def _at(point: Point) -> datetime:
    return point.at


def _until(point: Point) -> datetime:
    return point.at + timedelta(minutes=point.minutes)
