"""An asset's stops of one day: how long it stood still in its planned time, and why.

Pure. Only planned time counts, because outside of it nothing is lost (docs/decisions/0052). Overlapping time
counts once, for the stop that began first, so that the reasons' minutes add up to the downtime.
"""

from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from plantpulse.plant.intervals import Span, clip, intersect, minutes
from plantpulse.plant.readings import DowntimeReading
from plantpulse.plant.text import collapse_blanks, cut_text, normalise_key
from plantpulse.schedules.slots import Window

LONGEST_REASON: Final = 200


class ReasonMinutes(NamedTuple):
    """Downtime for one reason; None means without a reason."""

    reason: str | None
    minutes: float

    def is_one_of(self, reason_keys: Container[str]) -> bool:
        """Tell whether the reason is one of those with these keys."""
        return self.reason is not None and normalise_key(self.reason) in reason_keys


class Downtime(NamedTuple):
    """Downtime of one asset, and its reasons, most minutes first."""

    minutes: float
    reasons: Sequence[ReasonMinutes]

    def minutes_of(self, reason_keys: Container[str]) -> float:
        """Return the downtime for the reasons with these keys."""
        return sum(one.minutes for one in self.reasons if one.is_one_of(reason_keys))


class Stop(NamedTuple):
    """A stop; an open one ends with the day, and `reason` is empty without a reason."""

    started_at: datetime
    until: datetime
    reason: str


def stops_by_asset(readings: Iterable[DowntimeReading], window: Window) -> dict[str, list[Stop]]:
    """Return each asset's stops in the window, by asset key; an open one lasts to the window's end."""
    stops: dict[str, list[Stop]] = {}
    for _asset, key, reason_code, started_at, ended_at, _is_second in readings:
        until = ended_at or window.until
        if clip([(started_at, until)], *window):
            reason = cut_text(collapse_blanks(reason_code or ""), LONGEST_REASON)
            stops.setdefault(key, []).append(Stop(started_at, until, reason))
    return stops


def count_downtime(stops: Iterable[Stop], window: Window, planned: Sequence[Span] | None) -> Downtime:
    """Return the downtime inside the planned time; without a plan (None) the whole window counts."""
    counted = [(window.start, window.until)] if planned is None else planned
    totals: dict[str, float] = {}
    spellings: dict[str, str] = {}
    covered_until = window.start
    # Of stops with the same start the longest counts, so that the order of rows does not matter.
    for stop in sorted(stops, key=lambda one: (one.started_at, -one.until.timestamp(), one.reason)):
        alone = clip([(stop.started_at, stop.until)], covered_until, window.until)
        covered_until = max(covered_until, stop.until)
        stood = minutes(intersect(alone, counted))
        if stood:
            key = normalise_key(stop.reason)
            spellings.setdefault(key, stop.reason)
            totals[key] = totals.get(key, 0.0) + stood
    ranked = sorted(totals.items(), key=lambda one: (-one[1], one[0]))
    reasons = tuple(ReasonMinutes(spellings[key] or None, stood) for key, stood in ranked)
    return Downtime(sum(totals.values()), reasons)
