"""Unusual collections: far fewer points, or far longer, than at the same weekday and hour.

Pure. What is usual follows the trend of those weeks, so that steady growth is no anomaly. Nothing is said
before there are enough weeks.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.series.quality.robust import median, slope, spread

WEEKS: Final = 8
LEAST_WEEKS: Final = 4
SPREADS: Final = 5.0
LEAST_SHARE: Final = 0.3  # of the usual volume
LEAST_POINTS: Final = 3
LATENCY_FACTOR: Final = 2.0
LEAST_LATENCY_MS: Final = 500.0

_WEEK: Final = timedelta(weeks=1)

What = Literal["volume", "latency"]


class Collected(NamedTuple):
    """One collection of one area and kind that succeeded: what it brought, and how long the API took."""

    started_at: datetime
    points: int
    api_ms: float


class Anomaly(NamedTuple):
    """A figure that is far from usual. `weeks`: how many collections it was compared with."""

    what: What
    value: float
    usual: float
    weeks: int


def anomalies_of(collected: Collected, history: Sequence[Collected], zone: ZoneInfo) -> list[Anomaly]:
    """Return what is unusual about a collection, against the same weekday and hour of the weeks before.

    Several collections in one hour count as their median.
    """
    weeks = _same_hour(collected, history, zone)
    if len(weeks) < LEAST_WEEKS:
        return []
    found = (_of_volume(collected, weeks), _of_latency(collected, weeks))
    return [one for one in found if one]


def _of_volume(collected: Collected, weeks: Mapping[int, Sequence[Collected]]) -> Anomaly | None:
    volumes = [(week, median([float(one.points) for one in found])) for week, found in weeks.items()]
    usual, spread_around = _expected(volumes)
    limit = max(SPREADS * spread_around, LEAST_SHARE * usual, LEAST_POINTS)
    is_far = abs(collected.points - usual) > limit
    return Anomaly("volume", collected.points, round(usual, 1), len(weeks)) if is_far else None


def _of_latency(collected: Collected, weeks: Mapping[int, Sequence[Collected]]) -> Anomaly | None:
    latencies = [(week, median([one.api_ms for one in found])) for week, found in weeks.items()]
    usual, spread_around = _expected(latencies)
    limit = max(SPREADS * spread_around, (LATENCY_FACTOR - 1) * usual, LEAST_LATENCY_MS)
    is_slow = collected.api_ms - usual > limit
    return Anomaly("latency", collected.api_ms, round(usual, 1), len(weeks)) if is_slow else None


def _same_hour(
    collected: Collected, history: Sequence[Collected], zone: ZoneInfo
) -> dict[int, list[Collected]]:
    """Return the collections at the same local weekday and hour, by their week: -1 is the last one."""
    at = collected.started_at.astimezone(zone)
    weeks: dict[int, list[Collected]] = {}
    for one in history:
        local = one.started_at.astimezone(zone)
        if (local.weekday(), local.hour) != (at.weekday(), at.hour):
            continue
        ago = (at.date() - local.date()) // _WEEK
        if 1 <= ago <= WEEKS:
            weeks.setdefault(-ago, []).append(one)
    return weeks


def _expected(weeks: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Return the value that the trend of the weeks leads to, not below zero, and the spread around it."""
    growth = slope(weeks)
    levels = [value - growth * week for week, value in weeks]
    expected = median(levels)
    return max(0.0, expected), spread(levels, expected)
