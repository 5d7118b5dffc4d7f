"""Rates the last days of every series: what is wrong with their values, and how good each day is.

It reads each series with as much history as the statistics want, and puts flags and scores into the run's
next commit. It stops when the time is up; the next night rates the same days again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from plantpulse.runs import Json, Run
from plantpulse.series.asks import Stored
from plantpulse.series.batches import Commit
from plantpulse.series.freshness import has_ended
from plantpulse.series.gate import Flag
from plantpulse.series.kinds import KINDS
from plantpulse.series.points import Point
from plantpulse.series.quality.days import day_span
from plantpulse.series.quality.findings import Finding, verdicts_of
from plantpulse.series.quality.judge import HISTORY, Judge
from plantpulse.series.quality.known_points import KnownPoint
from plantpulse.series.quality.scores import DayScore, Scoring

RATED_DAYS: Final = 7
RESERVED_S: Final = 30.0  # for the last commit, and for reports
_DAY: Final = timedelta(days=1)
# How long a value may wait for the next run that asks for it.
_GRACE: Final[Mapping[str, timedelta]] = {
    "commodity_prices": timedelta(days=1),
    "energy_actuals": timedelta(hours=1),
    "energy_forecasts": timedelta(hours=6),
}


class Store(Protocol):
    """What rating needs from Supabase."""

    def series_as_known(self, key: str, start: datetime, until: datetime) -> dict[str, Json]: ...
    def series_first_known(self, key: str, start: datetime, until: datetime) -> dict[str, Json]: ...


@dataclass(slots=True)
class Rating:
    """The rating of one run. `rated` are the scores by the keys of their series."""

    run: Run
    store: Store
    stored: Sequence[Stored]
    now: datetime
    rated: dict[str, list[DayScore]] = field(default_factory=dict)
    _read: dict[str, list[Point]] = field(default_factory=dict)

    def rate(self, commit: Commit) -> bool:
        """Put flags and scores of the last days into the commit; say whether there was time for every series.

        Raises: the store's errors.
        """
        for series in self.stored:
            if has_ended(series.until, self.now):
                continue
            if self.run.budget.seconds_left() < RESERVED_S:
                return False
            self._rate(series, commit)
        return True

    def _rate(self, series: Stored, commit: Commit) -> None:
        zone, kind = ZoneInfo(series.time_zone), KINDS[series.kind]
        last = self.now.astimezone(zone).date() - _DAY
        first = last - _DAY * (RATED_DAYS - 1)
        start = day_span(first, zone).start
        points = self._points(series)
        findings = Judge(kind, zone, self.now).findings(points, start, self._auctions(series))
        known = self.store.series_first_known(series.key, start - _DAY, self.now + _DAY)
        scoring = Scoring(
            kind,
            zone,
            series.minutes,
            collected_since=datetime.fromisoformat(known["created_at"]),
            grace=_GRACE[kind.job],
            traded_on=self._traded_on(series),
        )
        scores = scoring.score_days(
            _known_points(points, known),
            (first, last),
            verdicts_of(findings),
            self.now,
            completed_by=self._completing(series, start),
        )
        self.rated[series.key] = scores
        commit.flags += [flag.as_json() for flag in _flags(series.key, findings, points)]
        commit.quality += [score.as_json(series.key, self.now) for score in scores]
        self.run.progress.count("days_rated", len(scores))

    def _points(self, series: Stored) -> list[Point]:
        """Return the points of a series with their history; they are read once a run."""
        if series.key not in self._read:
            start = self.now - HISTORY - _DAY * (RATED_DAYS + 2)
            answer = self.store.series_as_known(series.key, start, self.now + 3 * _DAY)
            self._read[series.key] = list(_points_of(answer["blocks"]))
        return self._read[series.key]

    def _completing(self, series: Stored, start: datetime) -> list[KnownPoint]:
        """Return the points of the series that complete this one, such as pumping and generation."""
        others = [one for one in self.stored if one.group == series.group and one.key != series.key]
        found = [
            point
            for one in others
            for point in _known_points(
                self._points(one), self.store.series_first_known(one.key, start - _DAY, self.now + _DAY)
            )
        ]
        return sorted(found, key=lambda one: one.at)

    def _auctions(self, series: Stored) -> dict[str, Sequence[Point]]:
        """Return the prices of the other auctions of the same area."""
        if series.kind != "day_ahead_price":
            return {}
        others = (one for one in self.stored if one.kind == series.kind and one.subject == series.subject)
        return {one.key: self._points(one) for one in others if one.key != series.key}

    def _traded_on(self, series: Stored) -> set[date] | None:
        """Return the days on which another publisher has a price; None if there is no other."""
        if not KINDS[series.kind].is_daily_trade:
            return None
        zone = ZoneInfo(series.time_zone)
        others = [one for one in self.stored if one.subject == series.subject and one.source != series.source]
        days = {
            point.at.astimezone(zone).date()
            for one in others
            for point in self._points(one)
            if point.value is not None
        }
        return days if others else None


def _points_of(blocks: Sequence[Mapping[str, Json]]) -> Iterator[Point]:
    for block in blocks:
        start, minutes = datetime.fromisoformat(block["start"]).astimezone(UTC), block["minutes"]
        for number, text in enumerate(block["values"]):
            at = start + timedelta(minutes=minutes * number)
            yield Point(at, minutes, None if text is None else Decimal(text))


def _known_points(points: Sequence[Point], known: Mapping[str, Json]) -> list[KnownPoint]:
    """Return the points whose first instant is known; those are the points of the rated days with a value."""
    first = {
        datetime.fromtimestamp(at, UTC): datetime.fromtimestamp(known_at, UTC)
        for at, known_at in zip(known["at"], known["known_at"], strict=True)
    }
    return [KnownPoint(*point, first[point.at]) for point in points if point.at in first]


def _flags(key: str, findings: Sequence[Finding], points: Sequence[Point]) -> Iterator[Flag]:
    by_start = {point.at: point for point in points}
    for finding in findings:
        flagged = tuple(by_start[at] for at in finding.at if at in by_start)
        if flagged and finding.verdict != "note":
            yield Flag(key, finding.name, flagged)
