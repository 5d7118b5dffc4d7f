"""What a series is, and the blocks in which its points travel and are stored.

Pure. Every instant is aware UTC and names the start of an interval. A value of None was published as missing;
what was not published is not there at all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from plantpulse.runs import Json


@dataclass(frozen=True, slots=True)
class Series:
    """One series. `key` is its name for people and in the database, such as `DE/day_ahead_price/1`.

    `subject` is the area or the commodity, `part` what tells series of one kind and subject apart: an
    auction, a type of production, a source. `source` is who publishes it: entsoe, eia, fred or yahoo. `group`
    names the series that complete each other, so that only what is missing in all of them is a gap
    (generation and pumping of one type); it is the own key where nothing does.
    """

    kind: str
    subject: str
    part: str | None
    source: str
    unit: str
    time_zone: str
    group: str

    @property
    def key(self) -> str:
        """Return subject, kind and part, with slashes between them."""
        return "/".join(part for part in (self.subject, self.kind, self.part) if part)


class Point(NamedTuple):
    """One value: the start of its interval and the interval's length in whole minutes."""

    at: datetime
    minutes: int
    value: Decimal | None

    @property
    def until(self) -> datetime:
        """Return the end of the interval."""
        return self.at + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring points of one length: value n is for `minutes` from `start` + n * `minutes`."""

    series: Series
    start: datetime
    minutes: int
    values: tuple[Decimal | None, ...]

    @property
    def until(self) -> datetime:
        """Return the end of the last interval."""
        return self.start + timedelta(minutes=self.minutes * len(self.values))

    def points(self) -> Iterator[Point]:
        """Yield the points, the earliest first."""
        step = timedelta(minutes=self.minutes)
        for number, value in enumerate(self.values):
            yield Point(self.start + number * step, self.minutes, value)

    def as_json(self) -> dict[str, Json]:
        """Return the block for Supabase; values are texts, so that no digit is lost on the way."""
        return {
            "series": self.series.key,
            "start": self.start.isoformat(),
            "minutes": self.minutes,
            "values": [None if value is None else str(value) for value in self.values],
        }


def blocks_of(series: Series, points: Iterable[Point]) -> Iterator[Block]:
    """Yield the blocks of points that are in order; a gap or another length begins a new block."""
    run: list[Point] = []
    for point in points:
        if run and (
            point.minutes != run[-1].minutes or point.at != run[-1].at + timedelta(minutes=point.minutes)
        ):
            yield _block(series, run)
            run = []
        run.append(point)
    if run:
        yield _block(series, run)


def _block(series: Series, run: list[Point]) -> Block:
    return Block(series, run[0].at, run[0].minutes, tuple(point.value for point in run))
