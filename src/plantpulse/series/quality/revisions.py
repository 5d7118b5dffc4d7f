"""What a publisher has changed after it was stored.

Pure. A revision is a note; it says nothing against a value.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from plantpulse.series.points import Point
from plantpulse.series.quality.findings import Finding, finding_of


def revision(stored: Mapping[datetime, Decimal | None], points: Iterable[Point]) -> Finding | None:
    """Find the points that have another value than the stored one; digits alone are no change (1.0 is 1.00).

    A value that was published as missing and now is there is a change too, and the other way round.
    """
    changed = [point for point in points if point.at in stored and _differs(stored[point.at], point.value)]
    if not changed:
        return None
    steps = [abs(new - old) for new, old in _numbers(stored, changed)]
    largest = str(max(steps)) if steps else "-"
    return finding_of("revision", changed, {"points": len(changed), "largest": largest})


def _differs(old: Decimal | None, new: Decimal | None) -> bool:
    if old is None or new is None or old.is_nan() or new.is_nan():
        return str(old) != str(new)
    return old != new


def _numbers(
    stored: Mapping[datetime, Decimal | None], changed: Iterable[Point]
) -> list[tuple[Decimal, Decimal]]:
    pairs = [(point.value, stored[point.at]) for point in changed]
    return [
        (new, old)
        for new, old in pairs
        if new is not None and old is not None and new.is_finite() and old.is_finite()
    ]
