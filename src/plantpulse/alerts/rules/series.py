"""Rules about series of energy and commodities. Pure; they see what a run notes in `Progress.seen`."""

from collections.abc import Mapping
from typing import Any, Final

from plantpulse.alerts.sights import Fires, Firing, RunSight
from plantpulse.settings import Rule

MOST_SERIES: Final = 50  # so many alerts tell the story of a publisher that is down


def series_stale(sight: RunSight, rule: Rule) -> Fires:
    """Fire for each series whose newest value is `threshold` hours older than what was due.

    Seen: [{"series": "DE/load", "until": "...", "behind_h": 50.5}].
    """
    return _for_each(sight.seen.get("series_stale"), "behind_h", rule)


def series_gap(sight: RunSight, rule: Rule) -> Fires:
    """Fire for each series with a gap of at least `threshold` hours that its publisher did not fill.

    Seen: [{"series": "DE/load", "starts_at": "...", "ends_at": "...", "hours": 48}].
    """
    return _for_each(sight.seen.get("series_gap"), "hours", rule)


def series_quality(sight: RunSight, rule: Rule) -> Fires:
    """Fire for each series of whose last day less than `threshold` percent is there, or can be true.

    Seen: [{"series": "DE/load", "day": "2026-11-29", "complete_percent": 98.9, "accurate_percent": 100}].
    """
    seen = sight.seen.get("series_quality")
    if seen is None:
        return None
    bad = [one for one in seen if _worse(one) < (rule.threshold or 0)]
    return [Firing(one, subject=one["series"]) for one in sorted(bad, key=_worse)[:MOST_SERIES]]


def collection_unusual(sight: RunSight, _rule: Rule) -> Fires:
    """Fire for each collection that brought far more or less, or took far longer, than in other weeks.

    Seen: [{"series": "DE/load (entsoe)", "what": "volume", "figure": 12, "usual": 96, "weeks": 8}].
    """
    seen = sight.seen.get("collection_unusual")
    if seen is None:
        return None
    return [Firing(one, subject=f"{one['series']} {one['what']}") for one in seen[:MOST_SERIES]]


def series_report(sight: RunSight, _rule: Rule) -> Fires:
    """Fire for each report of a night, once: it is how a report comes into the mailbox.

    Seen: [{"period": "day", "day": "2026-11-29", "title": {language: text}, "report": {language: text}}].
    """
    seen = sight.seen.get("series_report")
    if seen is None:
        return None
    return [Firing(one, subject=f"{one['period']} {one['day']}", is_event=True) for one in seen]


def _worse(day: Mapping[str, Any]) -> float:
    accurate = day["accurate_percent"]
    return float(min(day["complete_percent"], 100 if accurate is None else accurate))


def _for_each(seen: list[Mapping[str, Any]] | None, measure: str, rule: Rule) -> Fires:
    if seen is None:
        return None
    bad = [one for one in seen if one[measure] >= (rule.threshold or 0)]
    worst = sorted(bad, key=lambda one: -one[measure])[:MOST_SERIES]
    return [Firing(one, subject=one["series"]) for one in worst]
