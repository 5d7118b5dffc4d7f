"""Runs one seed: an empty project, bad luck, quiet hours at the end. The truth is checked every day."""

import contextlib
import io
import threading
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from soak.boundaries import Boundaries
from soak.draws import Draws
from soak.faults import Faults
from soak.ledger import Broken, Coverage, Ledger
from soak.plant import ASSETS, Plant
from soak.sessions import Database, OpenStore
from soak.source import Server
from soak.timeline import Timeline
from soak.truth import Truth
from soak.world import PULSE, World, settings_of

QUIET: Final = timedelta(hours=6)  # without new faults at the end, in which everything must come right
CATCH_UP: Final = timedelta(hours=24)
_DAY: Final = timedelta(days=1)
_FIRST: Final = datetime(2026, 1, 5, tzinfo=UTC)
_ZONES: Final = ("America/Chicago", "Europe/Berlin", "Asia/Kolkata", "UTC")


@dataclass(frozen=True, slots=True)
class Seed:
    """What replays exactly: a number, a length, and the faults that are allowed (None: all that it draws)."""

    number: int
    days: float
    allowed: frozenset[str] | None = None

    @property
    def start(self) -> datetime:
        """Return when it begins: on a day without a change of the clock."""
        return _FIRST + timedelta(days=self.number % 40)


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
    threads: int = 0


def run_seed(seed: Seed, connection: psycopg.Connection[Any], log: io.TextIOBase | None = None) -> Outcome:
    """Run a seed on an empty project and return what came of it; `log` gets what the functions log."""
    empty(connection)
    draws, outcome = Draws(seed.number), Outcome(seed)
    timeline, until = Timeline(seed.start), seed.start + timedelta(days=seed.days)
    plants = {"north": Plant("north", ZoneInfo(draws.pick(_ZONES, "zone")), draws, seed.start.date())}
    faults = Faults(draws, until - QUIET, seed.allowed)
    ledger = Ledger({name: Coverage(PULSE, CATCH_UP) for name in plants}, CATCH_UP)
    boundaries = Boundaries(timeline, draws, faults, ledger)
    with connection.transaction():
        enter(plants, connection)
    connection.execute("set role service_role")
    world = World(
        boundaries,
        OpenStore(Database(connection), boundaries),
        Server(plants, boundaries),
        settings_of({name: str(plant.zone) for name, plant in plants.items()}),
    )
    truth = Truth(connection, plants, ledger, PULSE)
    try:
        with contextlib.redirect_stdout(log or _Nowhere()):
            _live(world, truth, until)
    except Broken as error:
        outcome.broken = f"{timeline.now}: {error}"
    except Exception:
        outcome.broken = f"{timeline.now}: {traceback.format_exc()}"
    connection.execute("reset role")
    outcome.ticks, outcome.faults, outcome.happened = world.delivered, faults.counts, faults.happened
    outcome.checked, outcome.answers = truth.checked, ledger.answers
    outcome.threads = threading.active_count()
    return outcome


def _live(world: World, truth: Truth, until: datetime) -> None:
    """Let the days pass; what is settled is checked once a day, and everything at the end."""
    timeline, ledger = world.boundaries.timeline, world.boundaries.ledger
    for name in truth.plants:
        world.schedule_pulses(name, timeline.start, until)
    settled, runs_checked = timeline.start, timeline.start
    while timeline.now < until:
        timeline.run_until(min(timeline.now + _DAY, until))
        to = max(settled, timeline.now - 2 * _DAY) if timeline.now < until else until
        truth.check_slots(settled, to)
        truth.check_runs(runs_checked, timeline.now, timeline.now)
        settled, runs_checked = to, max(runs_checked, timeline.now - 2 * _DAY)
        for plant in truth.plants.values():
            ledger.coverage[plant.name].forget(settled - _DAY)
            plant.forget(timeline.now)
    truth.check_safety()


def empty(connection: psycopg.Connection[Any]) -> None:
    """Delete every row of the project's tables."""
    rows = connection.execute(
        "select schemaname, tablename from pg_tables where schemaname in ('public', 'realtime')"
    ).fetchall()
    tables = sql.SQL(", ").join(sql.Identifier(*row.values()) for row in rows)
    connection.execute(sql.SQL("truncate {} restart identity cascade").format(tables))


def enter(plants: Mapping[str, Plant], connection: psycopg.Connection[Any]) -> None:
    """Enter the plants and their shifts, as their people would."""
    for name in plants:
        for asset in (*ASSETS, "OLD-01"):
            connection.execute(
                "insert into public.assets (plant, name, source_name, ideal_units_per_hour, is_active)"
                " values (%s, %s, %s, 150, %s)",
                (name, f"The {asset}", asset, asset in ASSETS),
            )
    connection.execute(
        """
        insert into public.shift_targets
            (asset_id, shift_name, starts_at, ends_at, days_of_week, valid_from, target_output, breaks)
        select id, 'early', '06:00', '14:00', '{1,2,3,4,5,6,7}', '2025-01-01', 960, '[]'
        from public.assets
        where source_name = 'PRESS-01'
        """
    )


class _Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)
