"""What the rules of alerts look at in a run of a pipeline of series, by rule. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from plantpulse.runs import Json
from plantpulse.series.asks import Stored
from plantpulse.series.freshness import has_ended
from plantpulse.series.gaps import Gap
from plantpulse.series.kinds import KINDS


def seen_of_series(stored: Iterable[Stored], now: datetime) -> Json:
    """Return how far each series is behind what was due, in hours; not those that were given up."""
    behind = (
        (one, (KINDS[one.kind].publication.due_until(now) - one.until).total_seconds() / 3600)
        for one in stored
        if not has_ended(one.until, now)
    )
    return [
        {"series": one.key, "until": one.until.isoformat(), "behind_h": round(hours, 1)}
        for one, hours in behind
        if hours > 0
    ]


def seen_of_gaps(gaps: Iterable[Gap]) -> Json:
    """Return the gaps that are open after a run, the longest of each group."""
    longest: dict[str, Gap] = {}
    for gap in gaps:
        if gap.group not in longest or gap.length > longest[gap.group].length:
            longest[gap.group] = gap
    return [_as_json(gap) for gap in longest.values()]


def _as_json(gap: Gap) -> Mapping[str, Json]:
    return {
        "series": gap.group,
        "starts_at": gap.span.start.isoformat(),
        "ends_at": gap.span.until.isoformat(),
        "hours": round(gap.length.total_seconds() / 3600, 2),
    }
