"""How an asset behaves, minute by minute: when it stops and why, what it makes, what of it is scrap.

Time is counted in whole minutes since the epoch, so that local clocks never shift a decision. Nothing is
remembered from one minute to the next: every chance is drawn from the plant's seed and the name of what is
decided. So a span gives the same events whether it is asked for at once or in pieces.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TypeVar

from devstack.plant.model import Asset, Plant

T = TypeVar("T")

MICRO_STOP_EVERY_MIN = 10
MICRO_STOP_CHANCE = 0.2
BREAKDOWN_EVERY_MIN = 120
BREAKDOWN_CHANCE = 0.18
INCIDENT_EVERY_MIN = 240
INCIDENT_CHANCE = 0.5
LOT_MIN = 5

LONGEST_STOP_MIN = 75
LATEST_ENTRY_MIN = 45  # from the end of a stop until somebody has typed its reason

# Operators type the code by hand, so it never looks the same twice.
SAFETY_REASON_CODES = ("Safety Issue", "safety issue", "SAFETY ISSUE ", " Safety  Issue")
SAFETY_NOTES = (
    "Light curtain did not stop the cycle. Locked out, electrician called.",
    "Guard door found open while running. Interlock replaced.",
    "Operator reached over the barrier; emergency stop pressed. Nobody hurt.",
    "Oil on the walkway, one person slipped. First aid given.",
    "Forklift touched the guard rail. Area closed and inspected.",
    "Hot part dropped beside the conveyor. Glove burnt, hand cooled.",
    "Emergency stop did not latch. Machine locked out.",
    "Solvent smell at the booth. Line stopped and aired.",
)


@dataclass(frozen=True)
class Work:
    """What an asset did in a minute in which it should have run."""

    is_running: bool
    units: int


@dataclass(frozen=True)
class Stop:
    """A time without running, from `start` for `length` minutes; its record appears at `entered`."""

    asset: Asset
    start: int
    length: int
    entered: int
    reason_code: str
    notes: str | None = None

    def covers(self, minute: int) -> bool:
        return self.start <= minute < self.start + self.length


def draw(seed: int, *name: object) -> float:
    """Return the chance value in [0, 1) that belongs to this name."""
    text = "/".join(map(str, (seed, *name)))
    return (int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) >> 11) / 2**53


def minute_at(instant: datetime) -> int:
    """Return the minute since the epoch that an aware instant falls into."""
    return int(instant.timestamp() // 60)


def instant_of(minute: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)


def works(plant: Plant, asset: Asset, minute: int) -> bool:
    """Whether the asset should run: a shift is on, not in a break."""
    return asset.works(plant.local(instant_of(minute)))


def stops(plant: Plant, asset: Asset, first: int, until: int) -> tuple[Stop, ...]:
    """Return the stops of an asset that begin in the minutes [first, until), by their start."""
    if asset.stands_still:
        return ()
    before = range(first - LONGEST_STOP_MIN, until)
    long_ones = [
        *_spread(plant, asset, _breakdown, BREAKDOWN_EVERY_MIN, before),
        *_spread(plant, asset, _incident, INCIDENT_EVERY_MIN, before),
    ]
    short_ones = [
        stop
        for stop in _spread(plant, asset, _micro_stop, MICRO_STOP_EVERY_MIN, range(first, until))
        if not any(other.covers(stop.start) for other in long_ones)
    ]
    begun = [stop for stop in (*long_ones, *short_ones) if stop.start >= first]
    return tuple(sorted(begun, key=lambda stop: (stop.start, stop.reason_code)))


def work(plant: Plant, asset: Asset, first: int, until: int) -> dict[int, Work]:
    """Return what the asset did in each minute of [first, until) in which it should have run."""
    if asset.stands_still:
        return {}
    standing = [
        minute
        for stop in stops(plant, asset, first - LONGEST_STOP_MIN, until)
        for minute in range(stop.start, stop.start + stop.length)
    ]
    idle = frozenset(standing)
    return {
        minute: Work(minute not in idle, 0 if minute in idle else _units(plant, asset, minute))
        for minute in range(first, until)
        if works(plant, asset, minute)
    }


def rejects(plant: Plant, asset: Asset, lot: int, units: int) -> int:
    """Return how many of a lot's units are scrap; the lot is named by its first minute."""
    expected = units * asset.scrap_share
    return min(units, int(expected + draw(plant.seed, asset.source_name, "scrap", lot)))


def headcount(plant: Plant, asset: Asset, quarter: int) -> int:
    """Return the people at the asset in a quarter of an hour: now and then one of a crew is missing."""
    is_one_missing = asset.crew > 1 and draw(plant.seed, asset.source_name, "crew", quarter) < 0.1
    return asset.crew - is_one_missing


def _units(plant: Plant, asset: Asset, minute: int) -> int:
    wobble = 0.96 + 0.08 * draw(plant.seed, asset.source_name, "pace", minute // 15)
    expected = asset.ideal_units_per_hour / 60 * asset.pace * wobble
    return int(expected + draw(plant.seed, asset.source_name, "unit", minute))


def _spread(
    plant: Plant,
    asset: Asset,
    stop_in: Callable[[Plant, Asset, int], Stop | None],
    every: int,
    span: range,
) -> Iterator[Stop]:
    """Yield the stops of one kind that begin in the span, at most one in each `every` minutes."""
    for cell in range(span.start // every * every, span.stop, every):
        stop = stop_in(plant, asset, cell)
        if stop and stop.start in span and works(plant, asset, stop.start):
            yield stop


def _micro_stop(plant: Plant, asset: Asset, cell: int) -> Stop | None:
    """A machine records its own short stops, as soon as it runs again."""

    def chance(what: str) -> float:
        return draw(plant.seed, asset.source_name, "micro-stop", cell, what)

    if chance("happens") >= MICRO_STOP_CHANCE:
        return None
    start = cell + int(MICRO_STOP_EVERY_MIN * chance("start"))
    length = 1 + int(3 * chance("length"))
    return Stop(asset, start, length, start + length, _pick(asset.area.micro_stop_reasons, chance("reason")))


def _breakdown(plant: Plant, asset: Asset, cell: int) -> Stop | None:
    """Somebody repairs first and types the reason some minutes later."""

    def chance(what: str) -> float:
        return draw(plant.seed, asset.source_name, "breakdown", cell, what)

    if chance("happens") >= BREAKDOWN_CHANCE:
        return None
    start = cell + int(BREAKDOWN_EVERY_MIN * chance("start"))
    length = 15 + int((LONGEST_STOP_MIN - 15) * chance("length"))
    entered = start + length + int(10 * chance("entry"))
    return Stop(asset, start, length, entered, _pick(asset.area.breakdown_reasons, chance("reason")))


def _incident(plant: Plant, asset: Asset, cell: int) -> Stop | None:
    """One asset of the plant at a time; the report is often typed long after."""

    def chance(what: str) -> float:
        return draw(plant.seed, "incident", cell, what)

    stricken = _pick(plant.assets, chance("asset"))
    if chance("happens") >= INCIDENT_CHANCE or stricken.source_name != asset.source_name:
        return None
    start = cell + int(INCIDENT_EVERY_MIN * chance("start"))
    length = 5 + int(15 * chance("length"))
    entered = start + length + int(LATEST_ENTRY_MIN * chance("entry"))
    code, notes = _pick(SAFETY_REASON_CODES, chance("code")), _pick(SAFETY_NOTES, chance("notes"))
    return Stop(asset, start, length, entered, code, notes)


def _pick(choices: tuple[T, ...], chance: float) -> T:
    return choices[int(len(choices) * chance)]
