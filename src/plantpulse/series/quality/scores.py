"""Scores of a series for a local day: complete, timely, accurate; each is a share between 0 and 1.

Pure. Only what is due counts, and only whole intervals are due. Intervals may overlap (a coarser one and
finer ones): covered time is their union. A value that was published as missing covers nothing. Daily trades
differ: a day without a price is due only if it is known that somebody traded (docs/decisions/0094).
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.runs import Json
from plantpulse.series.kinds import Kind
from plantpulse.series.publication import Publication
from plantpulse.series.publisher import Span
from plantpulse.series.quality.days import SHORTEST_DAY, day_span
from plantpulse.series.quality.findings import Finding, Verdicts
from plantpulse.series.quality.known_points import KnownPoint
from plantpulse.series.quality.patterns import partial_day

_TEN_THOUSANDTHS: Final = 10_000

_MINUTE: Final = timedelta(minutes=1)
_ONE_DAY: Final = timedelta(days=1)


class DayScore(NamedTuple):
    """A day of a series. `timely_minutes` is None if the day was due before the series was collected.

    `points` are those with a value.
    """

    day: date
    due_minutes: int
    covered_minutes: int
    timely_minutes: int | None
    points: int
    invalid: int
    suspect: int

    @classmethod
    def of(cls, row: Mapping[str, Json]) -> "DayScore":
        """Return a day from a row of `series_quality`."""
        return cls(
            day=date.fromisoformat(row["day"]),
            due_minutes=row["due_minutes"],
            covered_minutes=row["covered_minutes"],
            timely_minutes=None if row["timeliness"] is None else row["timely_minutes"],
            points=row["points"],
            invalid=row["invalid"],
            suspect=row["suspect"],
        )

    @property
    def completeness(self) -> float | None:
        """Return covered / due minutes; None if nothing is due."""
        return share_of(self.covered_minutes, self.due_minutes)

    @property
    def timeliness(self) -> float | None:
        """Return the share of due minutes that were known when they were due; None if nobody can tell."""
        return None if self.timely_minutes is None else share_of(self.timely_minutes, self.due_minutes)

    @property
    def accuracy(self) -> float | None:
        """Return 1 - invalid - suspect, as shares of the points; None without points."""
        return share_of(self.points - self.invalid - self.suspect, self.points)

    def as_json(self, series_key: str, computed_at: datetime) -> dict[str, Json]:
        """Return the day as a row of `series_quality`."""
        return {
            "series": series_key,
            "day": self.day.isoformat(),
            "due_minutes": self.due_minutes,
            "covered_minutes": self.covered_minutes,
            "timely_minutes": self.timely_minutes or 0,
            "points": self.points,
            "invalid": self.invalid,
            "suspect": self.suspect,
            "completeness": self.completeness,
            "timeliness": self.timeliness,
            "accuracy": self.accuracy,
            "computed_at": computed_at.isoformat(),
        }


class _Interval(NamedTuple):
    """What a score needs of a point. `is_own`: it is of the series itself, not of one that completes it."""

    at: datetime
    until: datetime
    has_value: bool
    known_at: datetime
    is_own: bool


@dataclass(frozen=True, slots=True)
class Scoring:
    """How the days of one series are scored.

    `minutes` is the usual length of its intervals. `collected_since`: before this instant nobody asked, so
    nothing can be late; None if it is not known. `grace`: how long a collection may take to notice a value
    (the interval of the schedule). `traded_on`, for daily trades: the days on which another source has a
    price; None if there is no other source, and then no day is due.
    """

    kind: Kind
    zone: ZoneInfo
    minutes: int
    collected_since: datetime | None = None
    grace: timedelta = timedelta(0)
    traded_on: Container[date] | None = None

    def score_days(
        self,
        points: Sequence[KnownPoint],
        days: tuple[date, date],
        verdicts: Verdicts,
        now: datetime,
        completed_by: Sequence[KnownPoint] = (),
    ) -> list[DayScore]:
        """Return the scores of the local days from the first to the last, also of those without points.

        The points are in order, and those that reach into a day from before are among them. `completed_by`
        are those of the series that complete this one: what pumps does not generate, and nothing is missing.
        """
        first, last = days
        intervals = _intervals(points, completed_by)
        scores, place = [], 0
        for day in _days(first, last):
            span = day_span(day, self.zone)
            while place < len(intervals) and intervals[place].until <= span.start:
                place += 1
            scores.append(self._score(day, span, _inside(intervals, place, span), verdicts, now))
        return scores

    def _score(
        self, day: date, span: Span, points: Sequence[_Interval], verdicts: Verdicts, now: datetime
    ) -> DayScore:
        due = Span(span.start, self._due_until(day, span, points, now))
        valued = [point for point in points if point.has_value]
        own = [point.at for point in valued if point.is_own and point.at >= span.start]
        return DayScore(
            day=day,
            due_minutes=_minutes(due.until - due.start),
            covered_minutes=_covered(valued, due),
            timely_minutes=self._timely(span, valued, due),
            points=len(own),
            invalid=sum(at in verdicts.invalid for at in own),
            suspect=sum(at in verdicts.suspect for at in own),
        )

    def _due_until(self, day: date, span: Span, points: Sequence[_Interval], now: datetime) -> datetime:
        """Return the end of what is due of a day, whole intervals only; its start if nothing is."""
        due_until = self.kind.publication.due_until(now)
        if self._is_closed(day, points):
            return span.start
        if self.minutes >= SHORTEST_DAY:
            ends_by = span.until + timedelta(minutes=max(0, self.minutes - 1440))
            return span.until if ends_by <= due_until else span.start
        step = timedelta(minutes=self.minutes)
        whole = span.start + (due_until - span.start) // step * step
        return min(max(whole, span.start), span.until)

    def _is_closed(self, day: date, points: Sequence[_Interval]) -> bool:
        if not self.kind.is_daily_trade or any(point.has_value for point in points):
            return False
        return bool(points) or self.traded_on is None or day not in self.traded_on

    def _timely(self, span: Span, valued: Sequence[_Interval], due: Span) -> int | None:
        rule = self.kind.publication
        if self.collected_since and rule.due_at(span.until) < self.collected_since:
            return None
        in_time = [point for point in valued if point.known_at <= self._due_at(point, rule)]
        return _covered(in_time, due)

    def _due_at(self, point: _Interval, rule: Publication) -> datetime:
        return rule.due_at(point.until) + self.grace


def share_of(part: int, whole: int) -> float | None:
    """Return a share with four decimals, rounded down: only all of it is 1. None of nothing."""
    return part * _TEN_THOUSANDTHS // whole / _TEN_THOUSANDTHS if whole else None


def partial_days(scores: Iterable[DayScore], zone: ZoneInfo) -> Iterator[Finding]:
    """Yield the days of which a part is there, and at least an hour that was due is missing."""
    for score in scores:
        found = partial_day(day_span(score.day, zone), score.covered_minutes, score.due_minutes)
        if found:
            yield found


def _intervals(points: Sequence[KnownPoint], others: Sequence[KnownPoint]) -> list[_Interval]:
    """Return all intervals in order."""
    found = [
        _Interval(one.at, one.until, one.value is not None, one.known_at, is_own)
        for some, is_own in ((points, True), (others, False))
        for one in some
    ]
    return sorted(found, key=lambda one: one.at) if others else found


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + number * _ONE_DAY


def _inside(points: Sequence[_Interval], place: int, span: Span) -> list[_Interval]:
    """Return the points from a place on that lie in a span, at least in part."""
    found = []
    while place < len(points) and points[place].at < span.until:
        if points[place].until > span.start:
            found.append(points[place])
        place += 1
    return found


def _covered(points: Sequence[_Interval], due: Span) -> int:
    """Return the minutes of the span that intervals cover; overlapping ones count once."""
    covered, reached = timedelta(0), due.start
    for point in points:
        start, until = max(point.at, reached), min(point.until, due.until)
        if start < until:
            covered += until - start
            reached = until
    return _minutes(covered)


def _minutes(span: timedelta) -> int:
    return int(span / _MINUTE)
