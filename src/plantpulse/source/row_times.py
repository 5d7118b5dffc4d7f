"""The times of rows against the window that was asked for.

A query file asks for a window in the plant's local time. Beside a `datetimeoffset` column SQL Server takes
the bounds for UTC: it answers with the rows of another window, and nothing else shows it. Pure.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from plantpulse.plant.cells import Malformed, read_optional_time
from plantpulse.plant.local_time import LocalBounds
from plantpulse.plant.readings import COLUMNS
from plantpulse.plant.rounding import shown_span

# Columns whose times lie in the window by the contract, and by which the plant's rows are chosen.
_IN_THE_WINDOW: Final[Mapping[str, int]] = {
    query: COLUMNS[query].index(column) for query, column in (("output", "last_at"), ("oee", "at"))
}
_ADVICE: Final = (
    "compare a datetimeoffset or UTC column with the bounds AT TIME ZONE (docs/how-to-custom-queries.md)"
)


def doubt_of_times(
    query: str, rows: Sequence[Sequence[Any]], bounds: LocalBounds, zone: ZoneInfo
) -> str | None:
    """Return what is wrong with the times of a query's rows; None if they lie in the bounds, or have none."""
    position = _IN_THE_WINDOW.get(query)
    if position is None or not (distances := _distances(rows, position, bounds, zone)):
        return None
    timed = sum(row[position] is not None for row in rows if len(row) > position)
    told = f"{len(distances)} of {timed} times lie outside the window that was asked for"
    return f"{query}.sql: {told}, by up to {shown_span(max(distances))}; {_ADVICE}"


def _distances(
    rows: Sequence[Sequence[Any]], position: int, bounds: LocalBounds, zone: ZoneInfo
) -> list[timedelta]:
    """Return how far the rows outside of the bounds are from them; the others are passed over at once."""
    start, until = bounds
    found = []
    for row in rows:
        time = row[position] if len(row) > position else None
        if time is None or (type(time) is datetime and time.tzinfo is None and start <= time < until):
            continue
        if distance := _distance(time, bounds, zone):
            found.append(distance)
    return found


def _distance(time: Any, bounds: LocalBounds, zone: ZoneInfo) -> timedelta:
    """Return how far a time is from the bounds; zero inside, and for what is no time."""
    try:
        local = read_optional_time(time, zone)
    except Malformed:
        return timedelta()
    if local is None or bounds.start <= local < bounds.until:
        return timedelta()
    # The end is not in the window: a row exactly there is the least bit outside.
    return bounds.start - local if local < bounds.start else local - bounds.until + timedelta.resolution
