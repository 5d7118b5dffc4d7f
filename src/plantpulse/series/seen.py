"""What the rules of alerts look at in a run of a pipeline of series, by rule. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from plantpulse.runs import Json
from plantpulse.series.anomalies import Collected, anomalies_of
from plantpulse.series.asks import Stored
from plantpulse.series.freshness import has_ended
from plantpulse.series.gaps import Gap
from plantpulse.series.kinds import KINDS
from plantpulse.series.publisher import Ask
from plantpulse.series.quality.scores import DayScore


def seen_of_series(stored: Iterable[Stored], now: datetime) -> Json:
    """Return how far each series is behind what was due, in hours; not those that were given up.

    Of series that complete each other the newest one counts: where nothing is pumped, nothing is late.
    """
    newest: dict[str, Stored] = {}
    for one in stored:
        if one.group not in newest or one.until > newest[one.group].until:
            newest[one.group] = one
    behind = (
        (one, (KINDS[one.kind].publication.due_until(now) - one.until).total_seconds() / 3600)
        for one in newest.values()
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


def seen_of_quality(rated: Mapping[str, Sequence[DayScore]]) -> Json:
    """Return how much of its last rated day each series has, in percent; not where nothing was due."""
    newest = {key: scores[-1] for key, scores in rated.items() if scores}
    return [
        {
            "series": key,
            "day": score.day.isoformat(),
            "complete_percent": round(100 * score.completeness, 1),
            "accurate_percent": None if score.accuracy is None else round(100 * score.accuracy, 1),
        }
        for key, score in newest.items()
        if score.completeness is not None
    ]


def seen_of_unusual(measured: Iterable[tuple[Ask, Collected]], history: Iterable[Mapping[str, Json]]) -> Json:
    """Return which collections brought far more or less, or took far longer, than in the weeks before."""
    before = {(one["source"], one["kind"], one["subject"]): one for one in history}
    return [
        {
            "series": f"{ask.subject}/{ask.kind} ({ask.source})",
            "what": anomaly.what,
            "figure": round(anomaly.value),
            "usual": round(anomaly.usual),
            "weeks": anomaly.weeks,
        }
        for ask, collected in measured
        if (ask.source, ask.kind, ask.subject) in before
        for anomaly in anomalies_of(
            collected, _collected_before(before[(ask.source, ask.kind, ask.subject)]), ZoneInfo("UTC")
        )
    ]


def _collected_before(row: Mapping[str, Json]) -> list[Collected]:
    past = zip(row["started_at"], row["points_read"], row["api_ms"], strict=True)
    return [Collected(datetime.fromisoformat(at), points, float(api_ms)) for at, points, api_ms in past]


def _as_json(gap: Gap) -> Mapping[str, Json]:
    return {
        "series": gap.group,
        "starts_at": gap.span.start.isoformat(),
        "ends_at": gap.span.until.isoformat(),
        "hours": round(gap.length.total_seconds() / 3600, 2),
    }
