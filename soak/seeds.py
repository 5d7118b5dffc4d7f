"""Runs one seed: an empty project, bad luck, quiet hours at the end. The truth is checked every day."""

import contextlib
import io
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from zoneinfo import ZoneInfo

import psycopg

from plantpulse.entry import last_resort
from soak.boundaries import Boundaries
from soak.cell import Cell
from soak.checks.board import Readers
from soak.checks.days import check_days
from soak.checks.messages import check_messages
from soak.checks.parts import check_parts
from soak.checks.resources import NOTHING, Resources
from soak.checks.runs import check_runs
from soak.checks.safety import check_safety
from soak.checks.samples import check_samples
from soak.checks.series import check_series
from soak.checks.signatures import check_signatures
from soak.checks.slots import check_slots
from soak.checks.standing import Standing
from soak.checks.view import View
from soak.coverage import Days, Slots
from soak.draws import Draws
from soak.faults import Faults
from soak.functions import SqlFunctions
from soak.ledger import Broken, Ledger
from soak.market import Market
from soak.people import People
from soak.plant import Plant, change_of_clock
from soak.project import date_signature, empty, enter, enter_tags, group_of, is_part_stored
from soak.scheduler import Scheduler
from soak.sessions import Functions, OpenStore
from soak.sizes import USUAL, Size
from soak.timeline import Timeline
from soak.world import LONG, PULSE, SHORT, World, settings_of

QUIET: Final = timedelta(hours=8)  # without new faults at the end, in which everything must come right
LOOK_BACK: Final = timedelta(hours=24)
CATCH_UP: Final = timedelta(hours=24)
_DAY: Final = timedelta(days=1)
_SETTLED: Final = 2 * _DAY  # later no poll changes a slot
_FIRST: Final = datetime(2026, 1, 5, tzinfo=UTC)
_ZONES: Final = ("America/Chicago", "Europe/Berlin", "Asia/Kolkata", "UTC")


@dataclass(frozen=True, slots=True)
class Seed:
    """What replays exactly: a number, a length, a size, and the faults that are allowed.

    `allowed` None allows all that it draws.
    """

    number: int
    days: float
    allowed: frozenset[str] | None = None
    size: Size = USUAL

    def start(self, zone: ZoneInfo) -> datetime:
        """Return when it begins: every other seed does a day before the clock of a plant changes."""
        is_at_change = self.number % 2 and not self.size.has_only_machines
        change = change_of_clock(zone, _FIRST, number=self.number // 2) if is_at_change else None
        return change - _DAY if change else _FIRST + timedelta(days=self.number % 40)


@dataclass(slots=True)
class Outcome:
    """What came of a seed. `broken` is None if everything held."""

    seed: Seed
    broken: str | None = None
    ticks: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    happened: Mapping[str, str] = field(default_factory=dict)
    checked: Mapping[str, int] = field(default_factory=dict)
    answers: Mapping[str, int] = field(default_factory=dict)
    statuses: Mapping[int, int] = field(default_factory=dict)
    resources: Resources = NOTHING


@dataclass(slots=True)
class _Life:
    """One seed at work."""

    timeline: Timeline
    scheduler: Scheduler
    world: World
    view: View
    people: People
    readers: Readers
    until: datetime

    def live(self) -> None:
        """Let the days pass; what is settled is checked once a day, and everything at the end."""
        lines = self.world.lines()
        standing = Standing(self.view, tuple(line for line in lines if line.pipeline != "health"))
        self.scheduler.after["health"] = standing.check
        for line in (*lines, *self.world.besides):
            self.scheduler.run(line, self.timeline.start, self.until)
        self.people.come(self.timeline.start, self.until)
        self.readers.come(self.timeline.start, self.until)
        settled = known = self.timeline.start
        while self.timeline.now < self.until:
            self.timeline.run_until(min(self.timeline.now + _DAY, self.until))
            now, is_end = self.timeline.now, self.timeline.now >= self.until
            to = self.until if is_end else max(settled, now - _SETTLED)
            check_slots(self.view, settled, to)
            check_runs(self.view, known, now)
            settled, known = to, max(known, now - _SETTLED)
            self._forget(settled - _DAY)
        check_safety(self.view, self.world.size.channels, self.timeline.now)
        check_days(self.view, self.scheduler.faulty)
        check_signatures(self.view, self.people.signed)
        self._check_machines()
        check_series(self.view, self.world.market)
        check_messages(self.view, self.scheduler.faulty)
        standing.check_end(self.until - QUIET)

    def live_with_machines(self) -> None:
        """Let the days pass with nothing but machines."""
        self.scheduler.run(self.world.tags(), self.timeline.start, self.until)
        self.timeline.run_until(self.until)
        check_runs(self.view, self.timeline.start, self.until)
        self._check_machines()

    def _check_machines(self) -> None:
        check_samples(self.view, self.timeline.start, self.world.computers)
        check_parts(self.view, self.world.cells, self.world.computers, self.until - QUIET)

    def _forget(self, before: datetime) -> None:
        for name, plant in self.view.plants.items():
            self.view.ledger.slots[name].forget(before)
            plant.forget(self.timeline.now)


def run_seed(
    seed: Seed,
    connection: psycopg.Connection[Any],
    *,
    functions: Functions | None = None,
    log: io.TextIOBase | None = None,
    sections: Mapping[str, Any] | None = None,
) -> Outcome:
    """Run a seed on an empty project and return what came of it.

    `functions` performs the calls, by default on the connection. `log` gets what the functions log;
    `sections` of the settings go over those of the soak.
    """
    empty(connection)
    draws = Draws(seed.number)
    zones = {name: ZoneInfo(draws.pick(_ZONES, f"zone of {name}")) for name in seed.size.plants}
    timeline = Timeline(seed.start(zones[seed.size.plants[0]]))
    until = timeline.now + timedelta(days=seed.days)
    first, assets = timeline.now.date(), seed.size.assets
    plants = {name: Plant(name, zone, draws, first, assets) for name, zone in zones.items()}
    faults = Faults(draws, until - QUIET, seed.allowed)
    slots = {name: Slots(PULSE, CATCH_UP, zone) for name, zone in zones.items()}
    ledger = Ledger(slots, {name: Days() for name in plants}, LOOK_BACK, timeline.now)
    boundaries = Boundaries(timeline, draws, faults, ledger)
    enter(plants, connection)
    functions = functions or SqlFunctions(connection)
    store = OpenStore(functions, boundaries)
    market = Market(draws)
    settings, cells = settings_of(plants, seed.size, sections or {}), dict[str, Cell]()
    shifts = LONG if seed.size.has_only_machines else SHORT
    world = World(boundaries, store, plants, market, cells, shifts, settings, seed.size)
    for name in plants if seed.size.is_whole else ():
        enter_tags(name, timeline.now - _DAY, connection)
        cells[name] = Cell(name, draws, faults, timeline.now, partial(_is_kept, connection, world, name))
    scheduler, view = Scheduler(boundaries), View(connection, plants, ledger)
    people = People(boundaries, functions.call, view.incidents, partial(date_signature, connection))
    readers = Readers(boundaries, view, functions.call, people.signed)
    broken = None
    connection.execute("set role service_role")
    try:
        silent = contextlib.redirect_stdout(log or _Nowhere())
        with silent, _without_last_resort(), tempfile.TemporaryDirectory() as folder:
            if seed.size.is_whole:
                world.place_computer(Path(folder), until)
            life = _Life(timeline, scheduler, world, view, people, readers, until)
            if seed.size.has_only_machines:
                life.live_with_machines()
            else:
                life.live()
    except Broken as error:
        broken = f"{timeline.now}: {error}"
    except Exception:
        broken = f"{timeline.now}: {traceback.format_exc()}"
    connection.execute("reset role")
    return Outcome(
        seed,
        broken,
        scheduler.ticks,
        faults.counts,
        faults.happened,
        view.checked,
        ledger.answers,
        scheduler.statuses,
        Resources.now(),
    )


def _is_kept(connection: psycopg.Connection[Any], world: World, plant: str, part: int) -> bool:
    """Say whether a part is stored, or is on the disk of the computer that has read it."""
    if is_part_stored(connection, plant, part):
        return True
    group, computer = group_of(connection, plant, "Cell"), world.computers.get(plant)
    kept = computer.kept() if computer else ()
    return any(row["g"] == group and row.get("v", (None,))[0] == part for row in kept)


@contextlib.contextmanager
def _without_last_resort() -> Iterator[None]:
    """Keep off what ends a run from outside: it counts real seconds, of which a run here takes any number.

    Its timer in C would end this process. A run that does not end shows at the timeline.
    """
    with patch.multiple(last_resort, bounded=_nothing, _ended_in_c=_nothing):
        yield


def _nothing(*_: object) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


class _Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)
