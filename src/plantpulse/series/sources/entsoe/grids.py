"""Grids: the intervals of a period, from its bounds and its resolution.

Pure. Bounds are read strictly, and a grid has a largest size, since both come from outside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.errors import UnreadableReply
from plantpulse.series.sources.entsoe.resolutions import Resolution

_YEARS: Final = range(1970, 2200)


@dataclass(frozen=True, slots=True)
class Grid:
    """`count` intervals from `start` on: of `minutes` each, or between `edges` where the calendar counts."""

    start: datetime
    minutes: int
    count: int
    edges: Sequence[datetime] = ()

    def at(self, place: int) -> datetime:
        """Return the start of an interval, counted from 0."""
        return self.edges[place] if self.edges else self.start + timedelta(minutes=self.minutes * place)

    @property
    def until(self) -> datetime:
        """Return the end of the last interval."""
        return self.at(self.count)


def grid_of(start: datetime, end: datetime, step: Resolution, zone: ZoneInfo, most: int) -> Grid | None:
    """Return the whole intervals between two instants; None if they are more than `most`."""
    if step.minutes:
        count = max((end - start) // timedelta(minutes=step.minutes), 0)
        return Grid(start, step.minutes, count) if count <= most else None
    edges: list[datetime] = []
    for edge in step.edges(start, end, zone):
        if len(edges) > most:
            return None
        edges.append(edge)
    return Grid(start, 0, len(edges) - 1, edges) if edges else Grid(start, 0, 0, [start])


def instant(text: str, name: str) -> datetime:
    """Return an instant in UTC; `name` is for the message.

    Raises: UnreadableReply.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnreadableReply(f"{name} has no readable bounds") from error
    if read.tzinfo is None or read.year not in _YEARS:
        raise UnreadableReply(f"{name} has bounds without a time zone, or far from today")
    return read.astimezone(UTC)
