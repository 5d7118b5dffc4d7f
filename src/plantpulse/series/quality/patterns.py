"""Faults of publishers, told apart by name: what a day looks like when its values are not what was measured.

Pure. Each function judges one local day and returns a finding, or None. `before` are the days before it, the
oldest first. Source: what users of these platforms reported (entsoe-py 288, 348, 388, 445;
electricitymaps-contrib 3075, 6286).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.series.kinds import Kind
from plantpulse.series.points import Point
from plantpulse.series.publication import AfterEnd
from plantpulse.series.publisher import Span
from plantpulse.series.quality.days import Day, clock_change
from plantpulse.series.quality.findings import Finding, finding_of
from plantpulse.series.quality.robust import median

# Prices of exactly 0.00 have lasted 8 hours (Belgium, spring 2024).
LONGEST_ZERO_PRICE: Final = timedelta(hours=12)
LEAST_DAYS_BEFORE: Final = 7
LEAST_ALIKE: Final = 3  # days of the same weekday: a Sunday is no Friday
FLAT_POINTS: Final = 12
WHOLE: Final = 0.9  # of the day: then it can be compared with whole days
# Of a usual day's peak: what falls from above this to zero in one step did not fade out.
ABRUPT: Final = 0.1
COMPARED_POINTS: Final = 12

_HOUR: Final = timedelta(hours=1)
_ONE_DAY: Final = timedelta(days=1)


def zeros_for_missing(
    day: Day, before: Sequence[Day], kind: Kind, after: Day | None = None
) -> Finding | None:
    """Find zeros in place of values that are missing.

    A load is never zero. A price may be, for some hours; zeros of the days around count with those of the
    day. Another series (one type of production) may stop, but it does not fall to zero in one step if it has
    not been zero for a week.
    """
    if kind.judged == "week":
        zeros = [point for point, number in day.numbered if number == 0]
    elif kind.judged == "day":
        zeros = _long_zeros(day, before[-1:], after)
    elif _is_never_zero(before):
        zeros = [point for run in _zero_runs(day.numbered) if _is_abrupt(run, day, before) for point in run]
    else:
        return None
    return finding_of("zeros_for_missing", zeros, {"points": len(zeros)}) if zeros else None


def flat_day(day: Day, before: Sequence[Day], kind: Kind) -> Finding | None:
    """Find one value all day long, where the days before were not so. Zeros have a name of their own.

    A day that is not over yet may still change: a plant runs evenly for a night.
    """
    if len(day.numbered) < FLAT_POINTS or not day.is_flat or day.peak == 0 or not _is_whole(day):
        return None
    is_new = len(before) >= LEAST_DAYS_BEFORE and not any(one.is_flat for one in before[-LEAST_DAYS_BEFORE:])
    if kind.judged is None and not is_new:
        return None
    return finding_of("flat_day", _points(day), {"value": str(day.numbered[0][0].value)})


def doubled_hour(day: Day, zone: ZoneInfo) -> Finding | None:
    """Find the hour after a change of the clock if it is a copy of the hour before the change."""
    change = clock_change(day.span, zone)
    if change is None:
        return None
    earlier = _values_in(day, change - 2 * _HOUR)
    before, after = _values_in(day, change - _HOUR), _values_in(day, change)
    is_copy = bool(after) and before == after and before != earlier and set(after) != {0.0}
    if not is_copy:
        return None
    copied = [point for point, _ in day.numbered if change <= point.at < change + _HOUR]
    return finding_of("doubled_hour", copied, {"hours": 1})


def future_zeros(day: Day, kind: Kind, now: datetime) -> Finding | None:
    """Find zeros for a time that nobody can know yet; of loads with the zeros that lead up to it.

    Nothing is measured before its end; what is published ahead is not there a day before it is due. The zeros
    before it may be true for anything but a load: the sun does not shine at night.
    """
    runs = [run for run in _zero_runs(day.numbered) if not _can_be_known(run[-1], kind, now)]
    is_all = kind.judged == "week"
    zeros = [point for run in runs for point in run if is_all or not _can_be_known(point, kind, now)]
    return finding_of("future_zeros", zeros, {"points": len(zeros)}) if zeros else None


def wrong_unit(day: Day, before: Sequence[Day], kind: Kind) -> Finding | None:
    """Find a day in another unit: a thousand times as much or as little.

    Loads are so alike from day to day that twice as much counts too, and four times as much or as little:
    MW for the MWh of a quarter of an hour. A morning of sun is a thousandth of a day, so a day that is not
    over yet is not too small.
    """
    known = [one for one in before if one.peak > 0]
    if len(known) < LEAST_DAYS_BEFORE or not day.peak:
        return None
    alike = [one for one in known if one.date.weekday() == day.date.weekday()]
    if kind.judged == "week" and len(alike) >= LEAST_ALIKE:
        known = alike
    level = _ratio(day.level, median([one.level for one in known]))
    peak = _ratio(day.peak, median([one.peak for one in known]))
    for factor, is_so in (
        ("1000", level > 300 and peak > 300),
        ("1/1000", 0 < peak < 1 / 300 and (kind.judged == "week" or _is_whole(day))),
        ("4", kind.judged == "week" and level > 2.8 and peak > 2.8),
        ("2", kind.judged == "week" and level > 1.7 and peak > 1.7),
        ("1/4", kind.judged == "week" and level < 0.36 and peak < 0.36),
    ):
        if is_so:
            return finding_of("wrong_unit", _points(day), {"factor": factor})
    return None


def partial_day(span: Span, covered_minutes: int, due_minutes: int) -> Finding | None:
    """Find a day of which a part is there and at least an hour that was due is missing."""
    missing = due_minutes - covered_minutes
    if missing < 60 or covered_minutes <= 0:
        return None
    return Finding(
        "partial_day",
        span,
        (),
        {"missing": missing, "due": due_minutes, "percent": round(100 * covered_minutes / due_minutes, 1)},
    )


def wrong_auction(day: Day, other: Day, other_key: str) -> Finding | None:
    """Find a day whose prices are all those of another auction.

    Coarser prices count for all the finer ones inside them. Two auctions never agree on a dozen times with
    different prices.
    """
    theirs = {start: number for point, number in other.numbered for start in _quarters(point)}
    pairs = [
        (number, theirs[start])
        for point, number in day.numbered
        for start in _quarters(point)
        if start in theirs
    ]
    if len({one for one, _ in pairs}) < COMPARED_POINTS or any(one != two for one, two in pairs):
        return None
    return finding_of("wrong_auction", _points(day), {"series": other_key})


def _is_whole(day: Day) -> bool:
    covered = timedelta(minutes=sum(point.minutes for point, _ in day.numbered))
    return covered >= WHOLE * (day.span.until - day.span.start)


def _points(day: Day) -> list[Point]:
    return [point for point, _ in day.numbered]


def _zero_runs(numbered: Sequence[tuple[Point, float]]) -> list[list[Point]]:
    grouped = groupby(numbered, key=lambda one: one[1] == 0)
    return [[point for point, _ in run] for is_zero, run in grouped if is_zero]


def _length(run: Sequence[Point]) -> timedelta:
    return run[-1].until - run[0].at


def _long_zeros(day: Day, before: Sequence[Day], after: Day | None) -> list[Point]:
    """Return the zeros of a day that belong to a run longer than prices have ever been zero."""
    around = [one for near in (*before, day, *([after] if after else ())) for one in near.numbered]
    runs = [run for run in _zero_runs(around) if _length(run) >= LONGEST_ZERO_PRICE]
    return [point for run in runs for point in run if day.span.start <= point.at < day.span.until]


def _is_never_zero(before: Sequence[Day]) -> bool:
    known = before[-LEAST_DAYS_BEFORE:]
    return len(known) == LEAST_DAYS_BEFORE and all(
        one.numbered and all(number != 0 for _, number in one.numbered) for one in known
    )


def _is_abrupt(run: Sequence[Point], day: Day, before: Sequence[Day]) -> bool:
    """Tell whether the value before a run of zeros is far from zero."""
    limit = ABRUPT * median([one.peak for one in before[-LEAST_DAYS_BEFORE:]])
    around = [before[-1].numbered[-1], *day.numbered]
    places = [place for place, (point, _) in enumerate(around) if point.at == run[0].at]
    return all(abs(around[place - 1][1]) > limit for place in places)


def _values_in(day: Day, start: datetime) -> list[float]:
    return [number for point, number in day.numbered if start <= point.at < start + _HOUR]


def _can_be_known(point: Point, kind: Kind, now: datetime) -> bool:
    if isinstance(kind.publication, AfterEnd):
        return point.until <= now
    return kind.publication.due_at(point.until) - _ONE_DAY <= now


def _ratio(value: float, usual: float) -> float:
    return value / usual if usual else 1.0


def _quarters(point: Point) -> list[datetime]:
    quarter = timedelta(minutes=15)
    return [point.at + number * quarter for number in range(max(1, point.minutes // 15))]
