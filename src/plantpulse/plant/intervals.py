"""Arithmetic of half-open spans of time: clip, unite, cut out, measure.

Pure. A span is a pair of aware UTC instants, start first. No result contains an empty span.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

Span = tuple[datetime, datetime]

_MINUTE: Final = timedelta(minutes=1)


def clip(spans: Iterable[Span], start: datetime, until: datetime) -> list[Span]:
    """Return the parts of the spans between start and until."""
    clipped: list[Span] = []
    for one, other in spans:  # comparisons, not min and max: this runs for every stop of every asset
        first = one if one > start else start
        last = other if other < until else until
        if first < last:
            clipped.append((first, last))
    return clipped


def unite(spans: Iterable[Span]) -> list[Span]:
    """Return the spans sorted and merged, so that none overlap or touch."""
    united: list[Span] = []
    for start, until in sorted([span for span in spans if span[0] < span[1]]):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], until))
        else:
            united.append((start, until))
    return united


def cut_out(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """Return the merged parts of the spans outside the holes."""
    left = unite(spans)
    for hole_start, hole_until in unite(holes):
        pieces = [
            piece
            for start, until in left
            for piece in ((start, min(until, hole_start)), (max(start, hole_until), until))
        ]
        left = [piece for piece in pieces if piece[0] < piece[1]]
    return left


def intersect(spans: Iterable[Span], others: Sequence[Span]) -> list[Span]:
    """Return the time that is in both; both must be merged already, and so is the result."""
    return [piece for start, until in spans for piece in clip(others, start, until)]


def minutes(spans: Iterable[Span]) -> float:
    """Return the length of all spans together, in minutes."""
    return sum((until - start for start, until in spans), timedelta()) / _MINUTE
