"""An asset's stops of one day: how long it stood still in the time planned for it, and why.

Pure. Only planned time counts, because outside it nothing was to be made and nothing is lost
(docs/decisions/0052). Time in which stops overlap counts once, for the one that began first, so that the
reasons' minutes add up to the downtime.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from plantpulse.plant.intervals import Span, clip, intersect, minutes
from plantpulse.plant.readings import DowntimeReading
from plantpulse.plant.text import collapse_blanks, cut_text, normalise_key
from plantpulse.schedules.slots import Window

LONGEST_REASON: Final = 200


class ReasonMinutes(NamedTuple):
    """Downtime for one reason; None: no reason was given."""

    reason: str | None
    minutes: float


class Downtime(NamedTuple):
    """Downtime of one asset, and what it adds up from, most minutes first."""

    minutes: float
    reasons: Sequence[ReasonMinutes]


class Stop(NamedTuple):
    """A stop, open ones ended with the day; `reason` is empty when none was given."""

    started_at: datetime
    until: datetime
    reason: str


def stops_by_asset(readings: Iterable[DowntimeReading], window: Window) -> dict[str, list[Stop]]:
    """Return each asset's stops that reach into the window, by asset key; an open one lasts to its end."""
    stops: dict[str, list[Stop]] = {}
    for _asset, key, reason_code, started_at, ended_at, _is_second in readings:
        until = ended_at or window.until
        if clip([(started_at, until)], *window):
            reason = cut_text(collapse_blanks(reason_code or ""), LONGEST_REASON)
            stops.setdefault(key, []).append(Stop(started_at, until, reason))
    return stops


def count_downtime(stops: Iterable[Stop], window: Window, planned: Sequence[Span] | None) -> Downtime:
    """Return the downtime inside the planned time; None: no plan is known, and the whole window counts."""
    counted = [(window.start, window.until)] if planned is None else planned
    totals: dict[str, float] = {}
    spellings: dict[str, str] = {}
    covered_until = window.start
    # Of stops that began at once the longest counts, so that no order of rows changes the result.
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
