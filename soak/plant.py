"""What a plant did, and since when its tables show it: independent of everything that reads them.

Each asset makes units in bursts of minutes. Most rows come within seconds; some come late, are corrected, or
are removed again. Some stops are safety incidents, and some of them get their reason code only hours later.
Nothing here imports `plantpulse`.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from soak.draws import Draws

ASSETS: Final = ("PRESS-01", "PAINT-01", "WELD-01")
PLANNED: Final = "PRESS-01"  # has a shift from 06:00 to 14:00 every day; the others have none
GARBAGE: Final = b"\xff"  # in every cell of a row that is none
SAFETY_CODE: Final = "Safety Issue"
_CODES: Final = ("Jam", "Material", "Setup", "Quality Hold")
_KEPT: Final = timedelta(days=9)
_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_STOPS_LAST: Final = timedelta(hours=3)  # an hour that is repeated, and the longest stop in it
_UNITS_EVERY_MIN: Final = 6
_STOPS_A_DAY: Final = 5


@dataclass(frozen=True, slots=True)
class Version:
    """What a table shows of a row from one instant to another."""

    seen_from: datetime
    seen_until: datetime
    units: int = 0
    minutes: int | None = None
    code: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the plant's own tables; `local` is its naive plant time, which is all that it says."""

    number: int
    asset: str
    at: datetime
    local: datetime
    versions: tuple[Version, ...]

    def seen(self, as_of: datetime) -> Version | None:
        """Return what the table shows of this row at an instant; None if it is not there."""
        for one in self.versions:
            if one.seen_from <= as_of < one.seen_until:
                return one
        return None


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a day in the order of their instants."""

    rows: Sequence[Row]
    instants: Sequence[datetime]

    @classmethod
    def of(cls, rows: list[Row]) -> "_Rows":
        rows.sort(key=_instant)
        return cls(rows, [row.at for row in rows])

    def between(self, start: datetime, until: datetime) -> list[Row]:
        """Return the rows of a span in the order of their numbers."""
        found = self.rows[bisect_left(self.instants, start) : bisect_left(self.instants, until)]
        return sorted(found, key=_number)


class _Day(NamedTuple):
    units: _Rows
    stops: _Rows


_instant: Final = attrgetter("at")
_number: Final = attrgetter("number")


@dataclass(slots=True)
class Plant:
    """One plant. Its days are made when somebody looks at them, each from its own draws."""

    name: str
    zone: ZoneInfo
    draws: Draws
    first: date
    assets: Sequence[str] = ASSETS
    _days: dict[date, _Day] = field(default_factory=dict)

    def units(self, asset: str, start: datetime, until: datetime, as_of: datetime) -> int:
        """Return how many units the table showed at an instant for a span, which is half open."""
        found = (row.seen(as_of) for row in self.unit_rows(start, until) if row.asset == asset)
        return sum(one.units for one in found if one)

    def unit_rows(self, start: datetime, until: datetime) -> Iterator[Row]:
        """Yield the output rows of a span, whether a table shows them or not."""
        return (row for day in self._around(start, until) for row in day.units.between(start, until))

    def stop_rows(self, start: datetime, until: datetime) -> Iterator[Row]:
        """Yield the stops that began in a span, whether a table shows them or not."""
        return (row for day in self._around(start, until) for row in day.stops.between(start, until))

    def enclosing(self, start: datetime, until: datetime) -> tuple[datetime, datetime]:
        """Return instants that enclose a span of naive local times."""
        begins, ends = start.replace(tzinfo=UTC), until.replace(tzinfo=UTC)
        offsets = [at.astimezone(self.zone).utcoffset() or timedelta() for at in (begins - _DAY, ends + _DAY)]
        return begins - max(offsets), ends - min(offsets)

    def is_doubtful(self, start: datetime, until: datetime) -> bool:
        """Say whether rows or stops of a span may be of an hour that the clock shows twice."""
        before, behind = (start - _STOPS_LAST).astimezone(self.zone), (until + _HOUR).astimezone(self.zone)
        return (before.utcoffset() or timedelta()) > (behind.utcoffset() or timedelta())

    def forget(self, before: datetime) -> None:
        """Forget days that nobody asks for any more."""
        for day in [day for day in self._days if day < (before - _KEPT).date()]:
            del self._days[day]

    def _around(self, start: datetime, until: datetime) -> Iterator[_Day]:
        day, last = start.astimezone(UTC).date(), until.astimezone(UTC).date()
        while day <= last:
            if day not in self._days:
                self._days[day] = self._made(day)
            yield self._days[day]
            day += timedelta(days=1)

    def _made(self, day: date) -> _Day:
        units, stops = list[Row](), list[Row]()
        number = (day - self.first).days * 10_000 + 100_000_000
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        for index, asset in enumerate(self.assets):
            for minute in range(0, 1440, _UNITS_EVERY_MIN):
                name = f"{self.name} {day} {asset} {minute}"
                at = midnight + timedelta(seconds=60 * minute + self.draws.whole(0, 359, f"{name} at"))
                number += 1
                units.append(self._row(number, asset, at, tuple(self._units(name, at))))
            for count in range(self.draws.whole(0, 2 * _STOPS_A_DAY, f"{self.name} {day} {asset} stops")):
                name = f"{self.name} {day} {asset} stop {count}"
                at = midnight + timedelta(seconds=self.draws.whole(0, 86_399, f"{name} at"))
                number += 1
                is_odd = index == 0
                stops.append(self._row(number, asset, at, tuple(self._stop(name, at, is_odd=is_odd))))
        return _Day(_Rows.of(units), _Rows.of(stops))

    def _row(self, number: int, asset: str, at: datetime, versions: tuple[Version, ...]) -> Row:
        return Row(number, asset, at, at.astimezone(self.zone).replace(tzinfo=None), versions)

    def _units(self, name: str, at: datetime) -> Iterator[Version]:
        units, seen_from = self.draws.whole(0, 20, f"{name} units"), at + self._late(name)
        match self.draws.kind({"changes": 0.02, "vanishes": 0.005}, f"{name} fate"):
            case "changes":
                changed = seen_from + timedelta(minutes=self.draws.between(0, 90, f"{name} changed"))
                yield Version(seen_from, changed, units)
                yield Version(changed, _NEVER, self.draws.whole(0, 20, f"{name} corrected"))
            case "vanishes":
                gone = seen_from + timedelta(minutes=self.draws.between(0, 90, f"{name} gone"))
                yield Version(seen_from, gone, units)
            case _:
                yield Version(seen_from, _NEVER, units)

    def _stop(self, name: str, at: datetime, *, is_odd: bool) -> Iterator[Version]:
        minutes = self.draws.whole(1, 60, f"{name} minutes")
        seen_from, code = at + self._late(name), self.draws.pick(_CODES, f"{name} code")
        ended = max(seen_from, at + timedelta(minutes=minutes))
        is_safety = is_odd and self.draws.share(f"{name} safety") < 0.25
        typed = ended + timedelta(hours=self.draws.between(0, 6, f"{name} typed"))
        is_typed_late = self.draws.share(f"{name} typed late") < 0.5
        early = code if is_typed_late or not is_safety else SAFETY_CODE
        yield Version(seen_from, ended, minutes=None, code=early)
        yield Version(ended, typed, minutes=minutes, code=early)
        late = SAFETY_CODE if is_safety else code
        gone = typed + timedelta(hours=self.draws.between(1, 40, f"{name} gone"))
        is_gone = self.draws.share(f"{name} vanishes") < 0.1
        notes = f"note {self.draws.whole(1, 999, name)}"
        yield Version(typed, gone if is_gone else _NEVER, minutes=minutes, code=late, notes=notes)

    def _late(self, name: str) -> timedelta:
        match self.draws.kind({"late": 0.04, "very late": 0.01}, f"{name} lateness"):
            case "late":
                return timedelta(minutes=self.draws.between(1, 45, f"{name} late"))
            case "very late":
                return timedelta(hours=self.draws.between(1, 30, f"{name} late"))
            case _:
                return timedelta(seconds=self.draws.between(0, 20, f"{name} late"))


def change_of_clock(zone: ZoneInfo, since: datetime, *, number: int) -> datetime | None:
    """Return the midnight (UTC) before one of the year's changes of a zone's clock; None if it has none."""
    days = [since + timedelta(days=day) for day in range(366)]
    found = [one for one in days if _offset(one, zone) != _offset(one + timedelta(days=1), zone)]
    return found[number % len(found)] if found else None


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def safety_spans(row: Row) -> Sequence[tuple[datetime, datetime]]:
    """Return when the table showed a stop as a safety incident, each span half open."""
    return [(one.seen_from, one.seen_until) for one in row.versions if one.code == SAFETY_CODE]
