"""Made series of energy: plausible years of prices and loads, and faults that publishers are known for.

Always the same for a seed. A price follows the load and the sun, with days that are cheap, dear or below
zero; a load follows the hour, the weekday, the season and holidays.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import cos, exp, pi, sin
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.series.points import Point
from plantpulse.series.quality.days import clock_change, day_span

BERLIN: Final = ZoneInfo("Europe/Berlin")
MINUTES: Final = 15
HOLIDAYS: Final = {(1, 1), (5, 1), (10, 3), (12, 24), (12, 25), (12, 26), (12, 31)}

Fault = Callable[[Sequence[Point], int, Random], tuple[list[Point], set[datetime]]]

_STEP: Final = timedelta(minutes=MINUTES)
_HOUR: Final = timedelta(hours=1)


def made_load(start: datetime, days: int, seed: int = 1) -> list[Point]:
    """Return loads in MW, in quarters of an hour."""
    random, drift, points = Random(seed), 0.0, []  # noqa: S311 - the same years each time
    for at in _times(start, days):
        local = at.astimezone(BERLIN)
        hour = local.hour + local.minute / 60
        season = 1 + 0.12 * cos(2 * pi * (local.timetuple().tm_yday - 20) / 365)
        is_off = local.weekday() >= 5 or (local.month, local.day) in HOLIDAYS
        shape = 1 - 0.18 * cos(2 * pi * (hour - 3) / 24) + 0.04 * sin(4 * pi * (hour - 6) / 24)
        drift = 0.995 * drift + random.gauss(0, 0.0012)
        load = 55_000 * season * shape * (0.82 if is_off else 1) * (1 + drift + random.gauss(0, 0.003))
        points.append(_point(at, load))
    return points


def made_prices(start: datetime, days: int, seed: int = 1) -> list[Point]:
    """Return day-ahead prices in EUR/MWh, in quarters of an hour."""
    random, level, sun, points, day = Random(seed), 90.0, 0.5, [], None  # noqa: S311 - the same years each time
    for at in _times(start, days):
        local = at.astimezone(BERLIN)
        if local.date() != day:
            day, level = local.date(), max(20.0, 0.85 * level + 0.15 * 90 + random.gauss(0, 18))
            sun = random.random() * (0.4 - 0.6 * cos(2 * pi * (local.timetuple().tm_yday - 10) / 365))
        hour = local.hour + local.minute / 60
        peaks = 0.35 * _bell(hour, 8, 1.6) + 0.6 * _bell(hour, 19, 2.2)
        ramp = 0.12 * ((local.minute / 15) - 1.5) * sin(2 * pi * hour / 24)
        price = level * (0.8 + peaks + ramp) - 120 * max(sun, 0) * _bell(hour, 13.5, 2.8)
        points.append(_point(at, price * (0.8 if local.weekday() >= 5 else 1) + random.gauss(0, 3)))
    return points


def days_of(points: Sequence[Point], place: int) -> range:
    """Return the places of the local day of a point."""
    span = day_span(points[place].at.astimezone(BERLIN).date(), BERLIN)
    first, last = place, place
    while first > 0 and points[first - 1].at >= span.start:
        first -= 1
    while last + 1 < len(points) and points[last + 1].at < span.until:
        last += 1
    return range(first, last + 1)


def _spike(size: Callable[[float], float], hours: float = 0.25) -> Fault:
    def inject(points: Sequence[Point], place: int, _random: Random) -> tuple[list[Point], set[datetime]]:
        return _changed(points, range(place, place + max(1, int(hours * 60 / points[0].minutes))), size)

    return inject


def _day(size: Callable[[float], float]) -> Fault:
    def inject(points: Sequence[Point], place: int, _random: Random) -> tuple[list[Point], set[datetime]]:
        return _changed(points, days_of(points, place), size)

    return inject


def _flat(points: Sequence[Point], place: int, _random: Random) -> tuple[list[Point], set[datetime]]:
    value = float(points[place].value or 0)
    return _changed(points, days_of(points, place), lambda _: value)


def _doubled(points: Sequence[Point], _place: int, random: Random) -> tuple[list[Point], set[datetime]]:
    """Copy the hour before a change of the clock over the hour after it."""
    by_start = {point.at: point.value for point in points}
    days = {point.at.astimezone(BERLIN).date() for point in points}
    found = (clock_change(day_span(day, BERLIN), BERLIN) for day in sorted(days))
    changes = [one for one in found if one in by_start and one - _HOUR in by_start]
    if not changes:
        return list(points), set()
    change = random.choice(changes)
    hours = {point.at for point in points if change <= point.at < change + _HOUR}
    copied = [one._replace(value=by_start[one.at - _HOUR]) if one.at in hours else one for one in points]
    return copied, hours


PRICE_FAULTS: Final[Mapping[str, tuple[str, Fault]]] = {
    "a price 400 higher": ("unlike_the_day", _spike(lambda value: value + 400)),
    "a price with the wrong sign, 200 lower": ("unlike_the_day", _spike(lambda value: -abs(value) - 200)),
    "a price ten times as high": ("unlike_the_day", _spike(lambda value: value * 10)),
    "a price 100 higher": ("unlike_the_day", _spike(lambda value: value + 100)),
    "a price beyond the limits": ("out_of_bounds", _spike(lambda value: value + 5000)),
    "zeros for 14 hours": ("zeros_for_missing", _spike(lambda _: 0.0, 14)),
    "one price all day": ("flat_day", _flat),
    "a day in EUR/kWh": ("wrong_unit", _day(lambda value: value / 1000)),
    "the hour of the clock change doubled": ("doubled_hour", _doubled),
}
LOAD_FAULTS: Final[Mapping[str, tuple[str, Fault]]] = {
    "a load half as high": ("unlike_the_week", _spike(lambda value: value * 0.5)),
    "a load twice as high": ("unlike_the_week", _spike(lambda value: value * 2)),
    "a load 40 percent higher": ("unlike_the_week", _spike(lambda value: value * 1.4)),
    "four hours 40 percent lower": ("unlike_the_week", _spike(lambda value: value * 0.6, 4)),
    "a load beyond the limits": ("out_of_bounds", _spike(lambda value: value + 900_000)),
    "zeros for an hour": ("zeros_for_missing", _spike(lambda _: 0.0, 1)),
    "one load all day": ("flat_day", _flat),
    "a day in kW": ("wrong_unit", _day(lambda value: value * 1000)),
    "a day in GW": ("wrong_unit", _day(lambda value: value / 1000)),
    "a day doubled": ("wrong_unit", _day(lambda value: value * 2)),
    "a day in MWh of a quarter of an hour": ("wrong_unit", _day(lambda value: value / 4)),
    "the hour of the clock change doubled": ("doubled_hour", _doubled),
}


def _times(start: datetime, days: int) -> list[datetime]:
    return [start.astimezone(UTC) + number * _STEP for number in range(days * 96)]


def _point(at: datetime, value: float) -> Point:
    return Point(at, MINUTES, Decimal(f"{value:.2f}"))


def _bell(hour: float, middle: float, width: float) -> float:
    return exp(-(((hour - middle) / width) ** 2))


def _changed(
    points: Sequence[Point], places: range, size: Callable[[float], float]
) -> tuple[list[Point], set[datetime]]:
    changed = list(points)
    for place in places:
        value = size(float(points[place].value or 0))
        changed[place] = points[place]._replace(value=Decimal(f"{value:.2f}"))
    return changed, {points[place].at for place in places}
