"""Gaps: what is looked for, what is asked again, and when that ends.

Pure. Postgres finds the gaps (`watch_series_gaps`); this module says what is due, and what to do about a gap.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from plantpulse.runs import Json
from plantpulse.series.asks import Stored, asked_kind
from plantpulse.series.freshness import SILENT_FOR
from plantpulse.series.kinds import KINDS
from plantpulse.series.publisher import Ask, Span
from plantpulse.settings import SeriesSettings

_FIRST_WAIT: Final = timedelta(hours=4)
_LONGEST_WAIT: Final = timedelta(days=2)
_LEAST_ATTEMPTS: Final = 3
# Gaps that are close together are one question: a request costs more than the days between.
_NEIGHBOURS: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Gap:
    """An open gap whose next attempt is due."""

    id: int
    group: str
    span: Span
    attempts: int

    @classmethod
    def of(cls, row: Mapping[str, Json]) -> "Gap":
        """Return a gap from Supabase's answer."""
        start, until = (
            datetime.fromisoformat(row[name]).astimezone(UTC) for name in ("starts_at", "ends_at")
        )
        return cls(row["id"], row["group"], Span(start, until), row["attempts"])

    @property
    def length(self) -> timedelta:
        """Return how long it is."""
        return self.span.until - self.span.start


def looks_at(stored: Iterable[Stored], now: datetime, *, days: int | None = None) -> list[dict[str, Json]]:
    """Return what is looked at for gaps: each group, from when on, and up to what is due now.

    None for `days`: as far as the series reach back.
    """
    groups: dict[str, list[Stored]] = defaultdict(list)
    for one in stored:
        groups[one.group].append(one)
    looks = (_look(group, members, now, days) for group, members in sorted(groups.items()))
    peers = _peers(stored)
    return [look | {"peers": peers.get(look["group"])} for look in looks if look["from"] < look["due"]]


def _look(group: str, members: Sequence[Stored], now: datetime, days: int | None) -> dict[str, Json]:
    first = min(one.first_at for one in members)
    since = first if days is None else max(first, now - timedelta(days=days))
    # Behind a series that was given up there is one gap of a fixed length, and not one that grows for ever.
    given_up = max(one.until for one in members) + SILENT_FOR
    due = min(KINDS[members[0].kind].publication.due_until(now), given_up)
    return {"group": group, "from": since.isoformat(), "due": due.isoformat()}


def _peers(stored: Iterable[Stored]) -> dict[str, list[str]]:
    """Return for series of trading days the series that say on which days there was a trade."""
    traded = [one for one in stored if KINDS[one.kind].is_daily_trade]
    return {
        one.group: [other.key for other in traded if other.subject == one.subject and other.key != one.key]
        or [other.key for other in traded if other.source == one.source and other.key != one.key]
        for one in traded
    }


def asks_for(gaps: Iterable[Gap], stored: Sequence[Stored]) -> list[tuple[Ask, tuple[Gap, ...]]]:
    """Return what is asked to fill gaps, each with its gaps; neighbours are asked for at once."""
    by_series: dict[tuple[str, str, str], list[Gap]] = defaultdict(list)
    known = {one.group: one for one in stored}
    for gap in gaps:
        if found := known.get(gap.group):
            kind = asked_kind(found.kind)
            by_series[(found.source, kind, found.subject)].append(gap)
    return [
        (Ask(*series, Span(some[0].span.start, max(one.span.until for one in some))), tuple(some))
        for series, own in by_series.items()
        for some in _neighbours(sorted(own, key=lambda one: one.span))
    ]


def _neighbours(gaps: Sequence[Gap]) -> Iterable[list[Gap]]:
    some: list[Gap] = []
    for gap in gaps:
        if some and gap.span.start - max(one.span.until for one in some) > _NEIGHBOURS:
            yield some
            some = []
        some.append(gap)
    if some:
        yield some


def attempted(
    gap: Gap, kind: str, settings: SeriesSettings, now: datetime, *, is_answered: bool
) -> dict[str, Json]:
    """Return what becomes of a gap that is still open after an attempt.

    It is absent when the publisher has answered often enough, and has had its time. While it does not answer,
    nobody knows whether it has the values: such an attempt does not count.
    """
    if not is_answered:
        return _still_open(gap, now + _FIRST_WAIT, is_answered=False)
    attempts = gap.attempts + 1
    due = KINDS[kind].publication.due_at(gap.span.until)
    has_had_time = now >= due + timedelta(days=settings.give_up_after_days)
    if has_had_time and attempts >= _LEAST_ATTEMPTS:
        reason = f"the publisher had no values in {attempts} attempts"
        return {"id": gap.id, "state": "absent", "next_attempt_at": None, "reason": reason}
    wait = min(_FIRST_WAIT * 2 ** min(gap.attempts, 8), _LONGEST_WAIT)
    return _still_open(gap, now + wait, is_answered=True)


def _still_open(gap: Gap, next_attempt_at: datetime, *, is_answered: bool) -> dict[str, Json]:
    return {
        "id": gap.id,
        "state": "open",
        "next_attempt_at": next_attempt_at.isoformat(),
        "reason": None if is_answered else "the publisher did not answer",
        "is_answered": is_answered,
    }
