"""The buckets in which a day's output is read: short enough to separate planned time from other time.

Pure. Bucket edges are the edges of shifts and breaks, but no bucket is shorter than five minutes, and there
are no more rows than one answer may have. A bucket that is still only partly planned counts with its planned
share (docs/decisions/0060).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import gcd
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.plant.local_time import (
    BucketGrid,
    bucket_count,
    bucket_spans,
    local_bounds,
    to_local,
    to_utc,
)
from plantpulse.plant.planned_output import BucketSpans
from plantpulse.plant.plant_model import PlantModel
from plantpulse.plant.readings import Row
from plantpulse.plant.shifts import PlannedTime, workloads
from plantpulse.schedules.slots import Window

FINEST: Final = timedelta(minutes=5)
_SECOND: Final = timedelta(seconds=1)
_BUCKET: Final = 1  # its place among the columns of output.sql
_USED_OF_LIMIT: Final = 0.9  # names that nobody knows and malformed counts have rows of their own


def most_buckets(plant: PlantModel, row_limit: int) -> int:
    """Return in how many buckets a day's output fits into one answer, if all assets work all day."""
    return max(1, int(_USED_OF_LIMIT * row_limit) // max(1, len(plant.assets)))


def fewer_buckets(grid: BucketGrid, rows: Sequence[Row]) -> int | None:
    """Return in how many buckets the output fits whose answer was cut off; None if there is only one.

    `rows`: those of the answer, the newest bucket first.
    """
    if bucket_count(*grid) == 1:
        return None
    whole = max((row[_BUCKET] for row in rows if isinstance(row[_BUCKET], int)), default=0)
    return max(1, min(int(_USED_OF_LIMIT * whole), bucket_count(*grid) - 1))


def output_grid(plant: PlantModel, window: Window, zone: ZoneInfo, most: int) -> BucketGrid:
    """Return bounds and buckets of a day's output, at most as many as `most`."""
    bounds = local_bounds(window, zone)
    loads = workloads(plant.shift_targets, window, zone)
    edges = _edges({id(load.planned): load.planned for load in loads.values()}.values())
    steps = [(bounds.until - to_local(edge, zone)) // _SECOND for edge in edges]
    exact = gcd((bounds.until - bounds.start) // _SECOND, *steps) * _SECOND
    length = max(exact, FINEST)
    return BucketGrid(bounds, length * -(-bucket_count(bounds, length) // most))


def spans_of_day(window: Window, grid: BucketGrid, zone: ZoneInfo) -> BucketSpans:
    """Return the time of every bucket of a day, in UTC.

    One that the clock jumps over is read, as its rows are, as if the clock had not been changed yet.
    """
    spans = bucket_spans(window, *grid, zone)
    for bucket in set(range(bucket_count(*grid))) - spans.keys():
        begins_at = to_utc(grid.bounds.until - grid.length * (bucket + 1), zone)
        spans[bucket] = [(begins_at, begins_at + grid.length)]
    return spans


def _edges(plans: Iterable[PlannedTime]) -> set[datetime]:
    return {edge for plan in plans for span in plan.spans for edge in span}
