"""How collections went: success rates, volumes and times by source, kind and subject, over any period.

Pure: rows of `collections` in, figures out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.series.quality.robust import median
from plantpulse.series.quality.scores import share_of
from plantpulse.series.quality.trends import Trend, trend_of

By = Literal["source", "kind", "subject"]
# An answer without data is an answer; what was not asked because the publisher had failed is none.
SUCCEEDED: Final = frozenset({"succeeded", "empty"})
LEAST_SLOWER: Final = 0.25

_MS: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Collection:
    """One row of `collections`. `subject` is the area or the commodity."""

    source: str
    kind: str
    subject: str
    started_at: datetime
    ended_at: datetime
    status: str
    points_read: int
    points_new: int
    points_revised: int
    requests: int
    bytes: int
    api_ms: float
    processing_ms: float
    error_code: str | None = None

    @property
    def has_succeeded(self) -> bool:
        """Tell whether the publisher answered and the answer was stored."""
        return self.status in SUCCEEDED

    @property
    def total_ms(self) -> float:
        """Return the time from start to end."""
        return (self.ended_at - self.started_at) / _MS


class Rates(NamedTuple):
    """The figures of several collections; times are medians, and the 95th percentile of the API's.

    `errors`: how often each code came.
    """

    collections: int
    succeeded: int
    points_read: int
    points_new: int
    points_revised: int
    requests: int
    bytes: int
    api_ms: float
    api_ms_95: float
    processing_ms: float
    errors: Mapping[str, int]

    @property
    def success_rate(self) -> float:
        """Return the share of collections that succeeded; there is at least one."""
        return share_of(self.succeeded, self.collections) or 0.0


def parse_rates(row: Mapping[str, Any]) -> Rates | None:
    """Return the figures in a row of Supabase's `collection_rates`; None if nothing of it was asked.

    What was not asked says nothing of a publisher. Empty answers are answers.
    """
    asked = row["collections"] - row["skipped"]
    if not asked:
        return None
    return Rates(
        collections=asked,
        succeeded=row["succeeded"] + row["empty"],
        points_read=row["points_read"] or 0,
        points_new=row["points_new"] or 0,
        points_revised=row["points_revised"] or 0,
        requests=row["requests"] or 0,
        bytes=row["bytes"] or 0,
        api_ms=float(row["api_ms_median"] or 0),
        api_ms_95=float(row["api_ms_p95"] or 0),
        processing_ms=float(row["processing_ms_median"] or 0),
        errors={},
    )


def parse_collection(row: Mapping[str, Any]) -> Collection:
    """Return a row of `collections` that has ended."""
    return Collection(
        source=row["source"],
        kind=row["kind"],
        subject=row["subject"],
        started_at=datetime.fromisoformat(row["started_at"]),
        ended_at=datetime.fromisoformat(row["ended_at"]),
        status=row["status"],
        points_read=row["points_read"] or 0,
        points_new=row["points_new"] or 0,
        points_revised=row["points_revised"] or 0,
        requests=row["requests"] or 0,
        bytes=row["bytes"] or 0,
        api_ms=float(row["api_ms"] or 0),
        processing_ms=float(row["processing_ms"] or 0),
        error_code=row.get("error_code"),
    )


def rates_by(
    collections: Iterable[Collection], start: datetime, until: datetime, by: Sequence[By]
) -> dict[tuple[str, ...], Rates]:
    """Return the figures of the collections that started in a period, by source, kind, subject or several."""
    groups: dict[tuple[str, ...], list[Collection]] = {}
    for one in collections:
        if start <= one.started_at < until:
            groups.setdefault(tuple(getattr(one, name) for name in by), []).append(one)
    return {key: rates_of(group) for key, group in sorted(groups.items())}


def rates_of(collections: Sequence[Collection]) -> Rates:
    """Return the figures of collections; there is at least one."""
    api_ms = sorted(one.api_ms for one in collections)
    errors = [one.error_code for one in collections if one.error_code]
    return Rates(
        collections=len(collections),
        succeeded=sum(one.has_succeeded for one in collections),
        points_read=sum(one.points_read for one in collections),
        points_new=sum(one.points_new for one in collections),
        points_revised=sum(one.points_revised for one in collections),
        requests=sum(one.requests for one in collections),
        bytes=sum(one.bytes for one in collections),
        api_ms=median(api_ms),
        api_ms_95=api_ms[-(-95 * len(api_ms) // 100) - 1],
        processing_ms=median([one.processing_ms for one in collections]),
        errors={code: errors.count(code) for code in sorted(set(errors))},
    )


def success_trend(collections: Iterable[Collection], last: date, zone: ZoneInfo) -> Trend | None:
    """Return how the success rate of local days develops; None if too few days have collections."""
    return trend_of(_by_day(collections, zone, lambda day: rates_of(day).success_rate), last)


def latency_trend(collections: Iterable[Collection], last: date, zone: ZoneInfo) -> Trend | None:
    """Return how the API's median time in milliseconds develops; a quarter more is worse."""
    days = list(_by_day(collections, zone, lambda day: rates_of(day).api_ms))
    least = LEAST_SLOWER * median([figure for _, figure in days]) if days else 0.0
    return trend_of(days, last, least_change=least, is_more_better=False)


def _by_day(
    collections: Iterable[Collection], zone: ZoneInfo, figure: Callable[[Sequence[Collection]], float]
) -> Iterator[tuple[date, float]]:
    days: dict[date, list[Collection]] = {}
    for one in collections:
        days.setdefault(one.started_at.astimezone(zone).date(), []).append(one)
    for day, found in days.items():
        yield day, figure(found)
