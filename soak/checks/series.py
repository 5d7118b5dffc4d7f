"""Each value of a series is what the publisher showed last; what it had and is not stored is a known gap."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from soak.checks.view import View
from soak.ledger import Broken
from soak.market import HOUR, Market

_POINTS: Final = """
select s.key, p.at, p.value
from public.series_points as p
join public.series as s on s.id = p.series_id
"""
_GAPS: Final = "select g.group as key, g.starts_at, g.ends_at, g.state from public.gaps as g"
ASKED_AGAIN_WITHIN: Final = timedelta(days=3)  # a gap waits for two days at most, and outages last longer

Points = dict[datetime, Any]


def check_series(view: View, market: Market) -> None:
    """Check all series. Raises: Broken."""
    stored: dict[str, Points] = {}
    for row in view.rows(_POINTS):
        points = stored.setdefault(row["key"], {})
        if row["at"] in points:
            raise Broken(f"{row['key']} has two values of {row['at']}")
        points[row["at"]] = row["value"]
    for key, known in view.ledger.known.series.items():
        found = stored.pop(key, {})
        expected = {at: value for at, (_, value) in known.items()}
        if found != expected:
            at = min(at for at in {**found, **expected} if found.get(at) != expected.get(at))
            told = f"{found.get(at)}, and the publisher showed {expected.get(at)}"
            raise Broken(f"{key} at {at} is {told}")
        view.checked["values of series"] += len(found)
    if stored:
        raise Broken(f"{sorted(stored)} were never read")
    _check_gaps(view, market)


def _check_gaps(view: View, market: Market) -> None:
    """What was due at a look for gaps is stored, or stands in a gap. Raises: Broken."""
    gaps = view.rows(_GAPS)
    view.checked["gaps filled"] += sum(gap["state"] == "filled" for gap in gaps)
    for subject, kind in market.series():
        key = f"{subject}/{kind}"
        known, since = view.ledger.known.series.get(key), view.ledger.known.since.get(key)
        dues = [look.due_at for look in view.ledger.gap_looks if since and look.claimed_at > since]
        if not known or not dues:
            continue
        own = [gap for gap in gaps if gap["key"] == key and gap["state"] != "filled"]
        at, due = min(known), market.due_until(kind, max(dues))
        while at + HOUR <= due:
            if at not in known:
                _check_missing(view, key, at, own)
                shown = market.shown_since(subject, kind, at)
                if shown and shown < max(dues) - ASKED_AGAIN_WITHIN:
                    raise Broken(f"{key} at {at} is there since {shown}, and nobody has asked for it")
            at += HOUR


def _check_missing(view: View, key: str, at: datetime, gaps: Sequence[Mapping[str, Any]]) -> None:
    if not any(gap["starts_at"] <= at < gap["ends_at"] for gap in gaps):
        raise Broken(f"{key} at {at} is missing, and stands in no gap")
    view.checked["hours of series that are missing, in a gap"] += 1
