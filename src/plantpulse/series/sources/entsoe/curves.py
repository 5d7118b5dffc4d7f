"""From the points of one period to values in time: positions become instants, repeated values are put back.

Pure. Curve type A03 leaves out a position whose value is that of the one before: it is put back up to the end
of the period, never beyond. Curve type A01 has one point for each value: what is left out is not there. A
point that says nothing sure is a doubt. Nothing is guessed in its place, also not by repeating.
Source: ENTSO-E, "CurveType A01 vs CurveType A03" and "Transparency XML schema use".
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.errors import UnreadableReply, one_line
from plantpulse.series.sources.entsoe.grids import Grid, grid_of, instant
from plantpulse.series.sources.entsoe.resolutions import resolution_of

MOST_VALUES: Final = 1_000_000  # of one reply, those put back too: 28 types in quarter-hours of a year
CUT_AT: Final = 1_000  # in November 2025 the service left out all points of a period after these
_MOST_DOUBTS: Final = 50
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})")
_POSITION: Final = re.compile(r"[0-9]{1,9}")
_MINUTE: Final = timedelta(minutes=1)

_Unknown = Literal["unknown"]
_UNKNOWN: Final[_Unknown] = "unknown"
Placed = list[Decimal | _Unknown | None]  # None: the document has nothing there


class Segment(NamedTuple):
    """Values without a gap: each for `minutes`, the first from `start` on."""

    start: datetime
    minutes: int
    values: Sequence[Decimal]

    @property
    def until(self) -> datetime:
        """Return the end of the last interval."""
        return self.start + timedelta(minutes=self.minutes * len(self.values))


@dataclass(slots=True)
class Doubts:
    """What of a reply says nothing sure, by series; after `_MOST_DOUBTS` they are only counted."""

    told: list[tuple[str, str]] = field(default_factory=list)
    count: int = 0

    def add(self, series: str, reason: str) -> None:
        """Remember one."""
        self.count += 1
        if self.count <= _MOST_DOUBTS:
            self.told.append((series, reason))


class Curve(NamedTuple):
    """The points of one period that belong to one series; bounds and resolution are texts as published.

    `period_points` is how many points the period has, those of other series too.
    """

    start: str
    end: str
    resolution: str
    curve_type: str
    positions: Sequence[str]
    values: Sequence[str]
    period_points: int


@dataclass(slots=True)
class Drawer:
    """Draws curves of one reply. `room` is how many values it may still have; equal texts are read once."""

    zone: ZoneInfo
    doubts: Doubts
    room: int = MOST_VALUES
    numbers: dict[str, Decimal] = field(default_factory=dict)

    def segments(self, series: str, curve: Curve) -> Iterator[Segment]:
        """Yield what a curve says, in order of time.

        Raises: UnreadableReply when it says more than any real one, or has no readable bounds.
        """
        grid = self._grid(series, curve)
        if grid is None:
            return
        placed = self._placed(series, curve, grid)
        if curve.curve_type == "A03":
            self._repeat(series, placed, is_perhaps_cut=curve.period_points == CUT_AT)
        yield from _segments(grid, placed)

    def _grid(self, series: str, curve: Curve) -> Grid | None:
        name = f"the period {one_line(curve.start, 40)} to {one_line(curve.end, 40)}"
        start, end = instant(curve.start, name), instant(curve.end, name)
        resolution = resolution_of(curve.resolution)
        if resolution is None:
            self.doubts.add(
                series, f"{name} has the unknown resolution {one_line(curve.resolution, 20) or 'none'}"
            )
            return None
        grid = grid_of(start, end, resolution, self.zone, self.room)
        if grid is None:
            raise UnreadableReply(f"{name} in steps of {curve.resolution} has more values than any real one")
        self.room -= grid.count
        if grid.until != end or not grid.count:
            self.doubts.add(series, f"{name} is no whole number of steps of {curve.resolution}")
        return grid

    def _placed(self, series: str, curve: Curve, grid: Grid) -> Placed:
        placed: Placed = [None] * grid.count
        for position, text in zip(curve.positions, curve.values, strict=True):
            place = int(position) - 1 if _POSITION.fullmatch(position) else -1
            if 0 <= place < grid.count:
                placed[place] = self._value(series, text, placed[place], grid, place)
            else:
                self.doubts.add(series, _outside(curve, grid, position))
        return placed

    def _value(
        self, series: str, text: str, before: Decimal | _Unknown | None, grid: Grid, place: int
    ) -> Decimal | _Unknown:
        number = self._number(text)
        if number is not None and (before is None or before == number):
            return number
        at = f"{grid.at(place):%Y-%m-%dT%H:%MZ}"
        if number is None:
            self.doubts.add(series, f"the value at {at} is {one_line(text, 40) or 'empty'}")
        else:
            self.doubts.add(series, f"the period has several values at {at}")
        return _UNKNOWN

    def _number(self, text: str) -> Decimal | None:
        number = self.numbers.get(text)
        if number is None and _NUMBER.fullmatch(text):
            number = self.numbers[text] = Decimal(text)
        return number

    def _repeat(self, series: str, placed: Placed, *, is_perhaps_cut: bool) -> None:
        last: Decimal | _Unknown | None = None
        end = len(placed)
        if is_perhaps_cut and placed and placed[-1] is None:
            end = max((place + 1 for place, value in enumerate(placed) if value is not None), default=0)
            self.doubts.add(series, f"the period has just {CUT_AT:,} points: what follows may be missing")
        for place in range(end):
            if placed[place] is None:
                placed[place] = last
            else:
                last = placed[place]


def _segments(grid: Grid, placed: Placed) -> Iterator[Segment]:
    run: list[Decimal] = []
    for place, value in enumerate([*placed, None]):
        if isinstance(value, Decimal):
            run.append(value)
        elif run:
            yield from _run(grid, place - len(run), run)
            run = []


def _run(grid: Grid, place: int, run: list[Decimal]) -> Iterator[Segment]:
    if grid.minutes:
        yield Segment(grid.at(place), grid.minutes, run)
        return
    for number, value in enumerate(run, start=place):
        yield Segment(grid.at(number), (grid.at(number + 1) - grid.at(number)) // _MINUTE, [value])


def _outside(curve: Curve, grid: Grid, position: str) -> str:
    return (
        f"position {one_line(position, 20) or 'none'} is outside of the period {curve.start} to {curve.end} "
        f"with {grid.count} steps of {curve.resolution}"
    )
