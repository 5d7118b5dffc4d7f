"""Values that statistics doubt. They are only flagged: a crisis looks like a fault.

Pure. Prices are compared with their own day and with their neighbours; a value must stand out of both, since
a morning peak stands out of its day and a steep evening out of its neighbours. Loads are taken as shares of
what is usual at that time of the week, and a share must stand out of those of the hours around it: a holiday
is unlike its weekday all day long, a fault is not. The limits come from published years (docs/series.md):
below 5 false alarms in 10,000.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.series.points import Point
from plantpulse.series.quality.days import SHORTEST_DAY, Day, numbered
from plantpulse.series.quality.findings import Finding, Name, finding_of
from plantpulse.series.quality.robust import median, spread

# How many spreads a price must be away from the median of its day, and from that of its neighbours.
PRICE_SPREADS: Final = 4.0
NEIGHBOUR_SPREADS: Final = 4.5
NEIGHBOURS: Final = 3  # on each side
LEAST_PRICE_SPREAD: Final = 5.0  # EUR/MWh: on a calm day every cent would be an outlier
LEAST_PRICES_A_DAY: Final = 12  # fewer have no spread of their own
DAYS_AROUND: Final = 15  # on each side, for daily prices
LEAST_SHARE: Final = 0.02  # of the median, for daily prices

# How far a load must be from what is usual, as a share of it, and how many spreads from the hours around.
LEAST_LOAD_DIFFERENCE: Final = 0.15
LOAD_SPREADS: Final = 5.0
LEAST_LOAD_SPREAD: Final = 0.05  # of what is usual
WEEKS: Final = 8
LEAST_WEEKS: Final = 4
HOURS_AROUND: Final = timedelta(hours=12)


def unlike_the_day(days: Sequence[Day]) -> Iterator[Finding]:
    """Yield runs of prices that stand out of their day and of their neighbours.

    Daily prices are compared with those of the days around instead. A part of a day has no spread to compare
    with, so it is not judged.
    """
    listed = [one for day in days for one in day.numbered]
    numbers = [number for _, number in listed]
    marked: list[tuple[int, float]] = []
    first = 0
    for day in days:
        places = range(first, first + len(day.numbered))
        first = places.stop
        if len(places) >= LEAST_PRICES_A_DAY:
            marked += _of_day(numbers, places)
        elif any(point.minutes >= SHORTEST_DAY for point, _ in day.numbered):
            marked += _of_daily(numbers, places)
    yield from _runs("unlike_the_day", listed, marked)


def unlike_the_week(points: Sequence[Point], zone: ZoneInfo) -> Iterator[Finding]:
    """Yield runs of loads unlike the same time of the week before, and unlike the hours around them.

    The first four weeks of a series are not judged.
    """
    listed = numbered(points)
    usual = _usual(listed, zone)
    shares = [
        number / middle if middle and middle > 0 else None
        for (_, number), middle in zip(listed, usual, strict=True)
    ]
    marked = [
        (place, usual[place] or 0.0)
        for place, share in enumerate(shares)
        if share is not None and _is_unlike(share, place, listed, shares)
    ]
    yield from _runs("unlike_the_week", listed, marked)


def _of_day(numbers: Sequence[float], places: range) -> Iterator[tuple[int, float]]:
    """Yield the places that stand out of the day and of the neighbours, with the day's median."""
    day = [numbers[place] for place in places]
    middle = median(day)
    limit = PRICE_SPREADS * max(spread(day, middle), LEAST_PRICE_SPREAD)
    for place in places:
        if abs(numbers[place] - middle) <= limit:
            continue
        near = numbers[max(0, place - NEIGHBOURS) : place + NEIGHBOURS + 1]
        if _is_far(numbers[place], near, LEAST_PRICE_SPREAD):
            yield place, middle


def _of_daily(numbers: Sequence[float], places: range) -> Iterator[tuple[int, float]]:
    """Yield the places that stand out of the daily prices around, with their median."""
    for place in places:
        around = numbers[max(0, place - DAYS_AROUND) : place + DAYS_AROUND + 1]
        if len(around) <= DAYS_AROUND:
            continue
        middle = median(around)
        if _is_far(numbers[place], around, LEAST_SHARE * abs(middle)):
            yield place, middle


def _is_far(number: float, near: Sequence[float], least_spread: float) -> bool:
    middle = median(near)
    return abs(number - middle) > NEIGHBOUR_SPREADS * max(spread(near, middle), least_spread)


def _usual(listed: Sequence[tuple[Point, float]], zone: ZoneInfo) -> list[float | None]:
    """Return for each point the median of the same time of the weeks before; None in the first weeks."""
    past: dict[tuple[int, int, int], list[float]] = {}
    usual: list[float | None] = []
    for point, number in listed:
        local = point.at.astimezone(zone)
        before = past.setdefault((local.weekday(), local.hour, local.minute), [])
        usual.append(median(before) if len(before) >= LEAST_WEEKS else None)
        before.append(number)
        if len(before) > WEEKS:
            del before[0]
    return usual


def _is_unlike(
    share: float, place: int, listed: Sequence[tuple[Point, float]], shares: Sequence[float | None]
) -> bool:
    if abs(share - 1) <= LEAST_LOAD_DIFFERENCE:
        return False
    around = [shares[other] for other in _places_around(place, listed)]
    known = [other for other in around if other is not None]
    middle = median(known)
    away = abs(share - middle)
    return away > LOAD_SPREADS * LEAST_LOAD_SPREAD and away > LOAD_SPREADS * spread(known, middle)


def _places_around(place: int, listed: Sequence[tuple[Point, float]]) -> range:
    at = listed[place][0].at
    first, last = place, place
    while first > 0 and _is_near(listed[first - 1][0].at, at):
        first -= 1
    while last + 1 < len(listed) and _is_near(listed[last + 1][0].at, at):
        last += 1
    return range(first, last + 1)


def _is_near(one: datetime, other: datetime) -> bool:
    return abs(one - other) <= HOURS_AROUND


def _runs(
    name: Name, listed: Sequence[tuple[Point, float]], marked: Sequence[tuple[int, float]]
) -> Iterator[Finding]:
    """Yield one finding for marked points that are neighbours: with the one furthest from what is usual."""
    run: list[tuple[int, float]] = []
    for one in marked:
        if run and (one[0] != run[-1][0] + 1 or listed[one[0]][0].at != listed[run[-1][0]][0].until):
            yield _finding(name, listed, run)
            run = []
        run.append(one)
    if run:
        yield _finding(name, listed, run)


def _finding(name: Name, listed: Sequence[tuple[Point, float]], run: Sequence[tuple[int, float]]) -> Finding:
    place, usual = max(run, key=lambda one: abs(listed[one[0]][1] - one[1]))
    points = [listed[other][0] for other, _ in run]
    return finding_of(name, points, {"value": str(listed[place][0].value), "usual": round(usual, 2)})
