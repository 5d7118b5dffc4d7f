"""Judges the points of a series: everything that is found, in one call.

Pure. What a named fault explains is not told again as an outlier.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.series.kinds import Kind
from plantpulse.series.points import Point
from plantpulse.series.quality import patterns
from plantpulse.series.quality.days import Day, local_days
from plantpulse.series.quality.findings import Finding
from plantpulse.series.quality.invalid import invalid_values
from plantpulse.series.quality.outliers import WEEKS, unlike_the_day, unlike_the_week

HISTORY: Final = timedelta(weeks=WEEKS)  # how much before the judged span is worth giving
DAYS_BEFORE: Final = 28


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges series of one kind. `now`: what ends later cannot have been measured."""

    kind: Kind
    zone: ZoneInfo
    now: datetime

    def findings(
        self,
        points: Sequence[Point],
        judged_from: datetime,
        auctions: Mapping[str, Sequence[Point]] | None = None,
    ) -> list[Finding]:
        """Return the findings that begin at an instant or later, the oldest first.

        The points are in order, with as much history as there is. `auctions`: the prices of the other
        auctions of the same area, by the keys of their series.
        """
        days = list(local_days(points, self.zone))
        named = [*invalid_values(points, self.kind), *self._faults(days, auctions or {}, judged_from)]
        explained = {at for one in named for at in one.at}
        doubted = (one for one in self._doubts(points, days) if not explained.issuperset(one.at))
        found = [one for one in chain(named, doubted) if one.span.until > judged_from]
        return sorted(found, key=lambda one: (one.span.start, one.name))

    def _faults(
        self, days: Sequence[Day], auctions: Mapping[str, Sequence[Point]], judged_from: datetime
    ) -> Iterator[Finding]:
        others = {
            key: {day.date: day for day in local_days(points, self.zone)} for key, points in auctions.items()
        }
        for place, day in enumerate(days):
            if day.span.until <= judged_from:
                continue
            before = days[max(0, place - DAYS_BEFORE) : place]
            after = days[place + 1] if place + 1 < len(days) else None
            found = (
                patterns.future_zeros(day, self.kind, self.now),
                patterns.zeros_for_missing(day, before, self.kind, after),
                patterns.flat_day(day, before, self.kind),
                patterns.doubled_hour(day, self.zone),
                patterns.wrong_unit(day, before, self.kind),
                *(
                    patterns.wrong_auction(day, theirs[day.date], key)
                    for key, theirs in others.items()
                    if day.date in theirs
                ),
            )
            yield from filter(None, found)

    def _doubts(self, points: Sequence[Point], days: Sequence[Day]) -> Iterator[Finding]:
        if self.kind.judged == "day":
            yield from unlike_the_day(days)
        elif self.kind.judged == "week":
            yield from unlike_the_week(points, self.zone)
