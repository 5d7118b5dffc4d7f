"""Every series that the stand-in publishes, by the key that plantpulse gives it, and its values in the end.

Pure. A value is a number of hundredths; None is an interval for which this series has nothing, such as
pumping by day. What was published first, and when, is told in blocks.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from devstack.energy.areas import AREAS, FORECAST_TYPES, PUMPED, Area
from devstack.energy.commodities import COMMODITIES, spot_cents
from devstack.energy.days import DAY_S, NEW_YORK, QUARTER_S, LocalDay
from devstack.energy.draws import drawn, season, stream_of, wave
from devstack.energy.grid import GridDay, Grids

WEEK_MINUTES: Final = 7 * 24 * 60
DAY_MINUTES: Final = 24 * 60
# From this local day on the first auction is of quarter-hours. Source: SDAC, go-live of 15-minute products.
QUARTER_HOURLY_PRICES: Final = date(2025, 10, 1)
# By how much forecasts are off at most.
_OFF: Final = {"load_forecast": (0.02,), "generation_forecast": (0.03,), "wind_solar_forecast": (0.12,)}
Cents = list[int | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One series. `minutes` is the nominal length of its intervals: one of a day with DST is another."""

    kind: str
    subject: str
    part: str | None
    zone: ZoneInfo
    minutes: int

    @property
    def key(self) -> str:
        """Return plantpulse's key of this series."""
        return "/".join(part for part in (self.subject, self.kind, self.part) if part)

    def minutes_on(self, day: date) -> int:
        """Return the length of the intervals of a local day."""
        if self.kind == "day_ahead_price" and self.part == "1" and day < QUARTER_HOURLY_PRICES:
            return 60
        return self.minutes


def _of_area(area: Area) -> list[Entry]:
    types = area.capacities_mw
    listed: list[tuple[str, str | None, int]] = [
        ("day_ahead_price", "1", 15),
        *([("day_ahead_price", "2", 15)] if area.has_two_auctions else []),
        *((kind, None, area.minutes) for kind in ("load", "load_forecast", "generation_forecast")),
        *(("generation", psr, area.minutes) for psr in types),
        *(("pumping", psr, area.minutes) for psr in types if psr == PUMPED),
        *(("wind_solar_forecast", psr, area.minutes) for psr in types if psr in FORECAST_TYPES),
        *(("weekly_load_forecast", part, WEEK_MINUTES) for part in ("min", "max")),
        *(("imbalance_price", part, 15) for part in ("A04", "A05")),
        *(("imbalance_volume", part, 15) for part in ("A01", "A02")),
    ]
    return [Entry(kind, area.code, part, area.zone, minutes) for kind, part, minutes in listed]


ENTRIES: Final[Mapping[str, Entry]] = {
    entry.key: entry
    for entry in (
        *(entry for area in AREAS.values() for entry in _of_area(area)),
        *(
            Entry("price", name, publisher, NEW_YORK, DAY_MINUTES)
            for name in COMMODITIES
            for publisher in ("eia", "fred", "yahoo")
        ),
    )
}


class Truth:
    """The values under one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._grids = Grids(seed)
        self._stream: Callable[..., int] = lru_cache(maxsize=200)(lambda *names: stream_of(seed, *names))

    def values(self, entry: Entry, day: LocalDay) -> Cents:
        """Return the values of a local day, or of the week or the trading day that it stands for."""
        if entry.kind == "price":
            return [spot_cents(self._seed, COMMODITIES[entry.subject], day.date)]
        area = AREAS[entry.subject]
        if entry.kind == "weekly_load_forecast":
            return [self._week(area, entry, day)]
        quarters = self._quarters(entry, area, self._grids.day(area, day), day)
        cents = _averaged(quarters, entry.minutes_on(day.date) // 15)
        is_power = not entry.kind.endswith("price")
        if area.has_whole_mw and is_power and entry.kind != "imbalance_volume":
            return [None if value is None else round(value / 100) * 100 for value in cents]
        return cents

    def _quarters(self, entry: Entry, area: Area, grid: GridDay, day: LocalDay) -> Sequence[float | None]:
        if entry.kind in _OFF:
            return self._off(entry, day, self._foreseen(entry, grid), *_OFF[entry.kind])
        if entry.kind.startswith("imbalance"):
            return self._imbalance(entry, area, grid, day)
        if entry.kind == "day_ahead_price":
            return grid.price if entry.part == "1" else self._off(entry, day, grid.price, 0.08, 4)
        return grid.load if entry.kind == "load" else _one_way(grid.generation[entry.part or ""], entry)

    @staticmethod
    def _foreseen(entry: Entry, grid: GridDay) -> Sequence[float]:
        if entry.kind == "generation_forecast":
            return [sum(map(abs, values)) for values in zip(*grid.generation.values(), strict=True)]
        return grid.load if entry.kind == "load_forecast" else grid.generation[entry.part or ""]

    def _off(
        self, entry: Entry, day: LocalDay, values: Sequence[float], share: float, least: float = 0
    ) -> list[float]:
        """Return values that are off by up to this share, slowly, as a forecast or another auction is."""
        wrong = self._stream(entry.key)
        starts = range(day.start, day.end, QUARTER_S)
        off = {at: wave(wrong, at, 5 * 3600) for at in starts[::4]}
        return [
            value + off[at - (at - day.start) % 3600] * (abs(value) * share + least)
            for at, value in zip(starts, values, strict=True)
        ]

    def _imbalance(self, entry: Entry, area: Area, grid: GridDay, day: LocalDay) -> list[float | None]:
        """Return prices for A04 and A05, which are the same, or the volume of one direction."""
        draw = drawn(self._seed, area.code, "imbalance", day.date)
        volumes = [draw.gauss(0, area.mean_load_mw / 400) or 0.01 for _ in range(day.quarters)]
        if entry.kind == "imbalance_price":
            scale = 60 / (area.mean_load_mw / 400)
            return [price - scale * volume for price, volume in zip(grid.price, volumes, strict=True)]
        sign = 1 if entry.part == "A01" else -1
        return [max(abs(volume), 0.01) if volume * sign > 0 else None for volume in volumes]

    def _week(self, area: Area, entry: Entry, day: LocalDay) -> int:
        share = 0.62 if entry.part == "min" else 1.25
        off = 0.03 * wave(self._stream(entry.key), day.start, 7 * DAY_S)
        return round(100 * area.mean_load_mw * share * (1 + 0.13 * season(day.start) + off))


def _one_way(values: Sequence[float], entry: Entry) -> Sequence[float | None]:
    if entry.part != PUMPED:
        return values
    if entry.kind == "pumping":
        return [-value if value < 0 else None for value in values]
    return [value if value > 0 else None for value in values]


def _averaged(quarters: Sequence[float | None], count: int) -> Cents:
    """Return hundredths of the means of `count` quarter-hours each; None where one of them is None."""
    if count == 1:
        return [None if value is None else round(100 * value) for value in quarters]
    groups = (quarters[first : first + count] for first in range(0, len(quarters), count))
    return [None if None in group else round(100 * sum(group) / count) for group in groups]  # type: ignore[arg-type] # None is looked for
