"""What was published of a local day, and when: the first values, and the changes after them.

Pure. Load and generation are published within the hour after the interval, now and then some hours late.
Day-ahead prices come between 12:45 and 14:00 in Brussels the day before, forecasts on the day before too,
balancing within a day. EIA's spot prices come on Wednesdays, up to Monday's; FRED has them two hours later;
Yahoo at the close of trade. A fifth of the values of actuals and forecasts is different a day later, and some
change within weeks or months.
"""

import calendar
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from devstack.energy.catalogue import Cents, Entry, Truth
from devstack.energy.commodities import COMMODITIES, future_usd
from devstack.energy.days import DAY_S, HOUR_S, LocalDay, at_clock, is_trading_day
from devstack.energy.draws import drawn

BRUSSELS: Final = ZoneInfo("Europe/Brussels")
NEVER: Final = 1 << 62
# Shares of the values that change: within a day, within a week, within ten months.
CHANGED_IN_A_DAY: Final = 0.20
CHANGED_IN_A_WEEK: Final = 0.03
CHANGED_LATER: Final = 0.06
# Share of the hours whose load and generation come some hours late.
_LATE: Final = 0.03
_CORRECTED_SPOT: Final = 0.03
_LATE_CLOSE: Final = 0.01
# Between which minutes of the day before, in Brussels.
_DAY_BEFORE: Final = {
    "day_ahead_price": (12 * 60 + 45, 14 * 60),
    "load_forecast": (9 * 60, 11 * 60 + 45),
    "generation_forecast": (16 * 60, 17 * 60 + 45),
    "wind_solar_forecast": (16 * 60, 17 * 60 + 45),
    "weekly_load_forecast": (11 * 60, 11 * 60 + 1),
}
_NEVER_REVISED: Final = frozenset(("day_ahead_price", "weekly_load_forecast"))
Value = str | None
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring intervals of `step` seconds from `start`.

    `first` has the value that was published first and `since` when, NEVER if it is not published at all.
    `changes` are (when, number of the interval, value), the earliest first. A value is a text as the
    publisher writes it; None was published as missing.
    """

    start: int
    step: int
    first: tuple[Value, ...]
    since: tuple[int, ...]
    changes: tuple[tuple[int, int, Value], ...]

    @property
    def end(self) -> int:
        """Return where the last interval ends."""
        return self.start + self.step * len(self.first)

    def known_at(self, known: int) -> tuple[list[Value], list[bool]]:
        """Return the values as known at an instant, and which of them are published by then."""
        values = list(self.first)
        for at, number, value in self.changes:
            if at > known:
                break
            values[number] = value
        return values, [since <= known for since in self.since]

    def history(self, number: int) -> list[tuple[int, Value]]:
        """Return everything that was ever published for an interval, and when."""
        changes = [(at, value) for at, changed, value in self.changes if changed == number]
        return [(self.since[number], self.first[number]), *changes]


def block_of(seed: int, truth: Truth, entry: Entry, day: LocalDay) -> Block | None:
    """Return what is published of a local day; None if nothing is, such as on a Sunday for oil."""
    if entry.kind == "price":
        return _trading_day(seed, truth, entry, day)
    values = truth.values(entry, day)
    draw = drawn(seed, "published", entry.key, day.date)
    step = (day.end - day.start) // len(values)
    since = _since(entry, day, step, values, draw)
    if entry.kind in _NEVER_REVISED:
        return Block(day.start, step, tuple(map(_text, values)), since, ())
    first, changes = _revised(values, since, draw, _unit(values))
    return Block(day.start, step, tuple(map(_text, first)), since, tuple(sorted(changes)))


def _since(entry: Entry, day: LocalDay, step: int, values: Cents, draw: random.Random) -> tuple[int, ...]:
    """Return when each interval is first published."""
    if entry.kind in _DAY_BEFORE:
        one = _day_before(entry, day.date, draw)
        return (one,) * len(values)
    hours = [_lag_s(entry.kind, draw) for _ in range(day.start, day.end, HOUR_S)]
    return tuple(
        NEVER
        if value is None
        else day.start + (number * step // HOUR_S + 1) * HOUR_S + hours[number * step // HOUR_S]
        for number, value in enumerate(values)
    )


def _day_before(entry: Entry, day: date, draw: random.Random) -> int:
    if entry.kind == "weekly_load_forecast":
        return at_clock(BRUSSELS, date(day.year - 1, 12, 14), 11)
    first, last = _DAY_BEFORE[entry.kind]
    if entry.part == "2":  # the auction of Vienna is held in the morning
        first, last = 10 * 60 + 30, 11 * 60
    minute = draw.randrange(first, last)
    return at_clock(BRUSSELS, day - _DAY, *divmod(minute, 60))


def _lag_s(kind: str, draw: random.Random) -> int:
    """Return how long after the end of an hour its values are published."""
    if kind.startswith("imbalance"):
        return draw.randrange(2 * HOUR_S, 22 * HOUR_S)
    late = draw.randrange(1, 5) * HOUR_S if draw.random() < _LATE else 0
    return draw.randrange(20 * 60, 55 * 60) + late


def _revised(
    values: Cents, since: Sequence[int], draw: random.Random, unit: int
) -> tuple[Cents, list[tuple[int, int, Value]]]:
    """Return the first values, and the changes that lead from them to the last ones."""
    first = list(values)
    changes: list[tuple[int, int, Value]] = []
    for number, value in enumerate(values):
        if not value:  # nothing, or the sun at night
            continue
        for at in reversed(_changed_at(since[number], draw)):
            changes.append((at, number, _text(first[number])))
            first[number] = _before(first[number] or 0, draw, unit)
    return first, changes


def _changed_at(since: int, draw: random.Random) -> list[int]:
    """Return when a value changes, the earliest first: mostly never, seldom twice."""
    chance = draw.random()
    at = [since + draw.randrange(HOUR_S, DAY_S)] if chance < CHANGED_IN_A_DAY else []
    chance = draw.random()
    if chance < CHANGED_IN_A_WEEK:
        at.append(since + draw.randrange(DAY_S + HOUR_S, 7 * DAY_S))
    elif chance < CHANGED_IN_A_WEEK + CHANGED_LATER:
        at.append(since + draw.randrange(7 * DAY_S, 300 * DAY_S))
    return at


def _before(value: int, draw: random.Random, unit: int) -> int:
    """Return a value near by that is not the same, and has the same sign."""
    off = max(unit, round(abs(value) * draw.uniform(0.002, 0.03) / unit) * unit)
    return value + off if value > 0 else value - off


def _unit(values: Cents) -> int:
    return 1 if any(value is not None and value % 100 for value in values) else 100


def _trading_day(seed: int, truth: Truth, entry: Entry, day: LocalDay) -> Block | None:
    """Return the price of a day. FRED has a row without a value for a holiday, the others have no row."""
    is_traded = is_trading_day(day.date)
    if day.date.weekday() >= calendar.SATURDAY or not (is_traded or entry.part == "fred"):
        return None
    since = _released(entry, day.date)
    last, first, wait_s = None, None, DAY_S
    if is_traded and entry.part == "yahoo":
        last = repr(future_usd(seed, COMMODITIES[entry.subject], day.date))
        first = None if drawn(seed, entry.key, day.date).random() < _LATE_CLOSE else last
    elif is_traded:
        cents = truth.values(entry, day)[0] or 0
        draw = drawn(seed, entry.subject, day.date)  # FRED takes over what EIA got wrong
        off = draw.choice((-7, -3, 4, 11)) if draw.random() < _CORRECTED_SPOT else 0
        last, first, wait_s = _text(cents), _text(cents + off), 7 * DAY_S
    changes = ((since + wait_s, 0, last),) if first != last else ()
    return Block(day.start, day.end - day.start, (first,), (since,), changes)


def _released(entry: Entry, day: date) -> int:
    if entry.part == "yahoo":
        return at_clock(entry.zone, day, 17, 15)
    until_wednesday = (calendar.WEDNESDAY - day.weekday()) % 7
    wednesday = day + timedelta(days=until_wednesday if until_wednesday > 1 else until_wednesday + 7)
    return at_clock(entry.zone, wednesday, 15 if entry.part == "fred" else 13)


def _text(cents: int | None) -> Value:
    """Return hundredths as the publishers write them: 100, 74.6, -0.01."""
    if cents is None:
        return None
    whole, part = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    if not part:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{part // 10}" if part % 10 == 0 else f"{sign}{whole}.{part:02}"
