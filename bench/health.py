"""Health beside the least that a question can take: a call of an SQL function that does nothing.

With a million runs stored. The three take turns: the bare call, the call that health makes, and the whole GET
of the deployed function under functions-framework. Three shapes of the same million: many plants and very
many polled every quarter of an hour, and few polled every minute, whose days have the most runs.

`plantpulse status` asks the same of its own process, by turns with an interpreter that does nothing. Its
processor time is told too: unlike time it hardly depends on what else a machine does.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import LiteralString

import httpx
import psycopg

from bench.figures import Samples, Table
from bench.stack import clean_environment
from devstack.access import SupabaseAccess
from devstack.function import Function
from devstack.migrations import REPOSITORY
from devstack.processes import Children
from devstack.supabase import Supabase
from plantpulse.schedules.pipelines import pipelines_of
from plantpulse.schedules.slots import grid_interval, slot_at_or_before
from plantpulse.settings import config

_HISTORY = Path(__file__).with_name("history.sql")
_MAIN = REPOSITORY / "functions" / "health" / "main.py"
_NOTHING: Sequence[LiteralString] = (
    "create function public.nothing() returns json language sql as $$ select '{}'::json $$",
    "grant execute on function public.nothing() to service_role",
)
_RUNS_WITHOUT_VACUUM = 6_000  # of a million: decision 0084
_TIMEOUT_S = 30.0
_STATUS = [str(Path(sys.executable).with_name("plantpulse")), "status"]
_INTERPRETER = [sys.executable, "-c", "pass"]
_QUICKER = 2  # so many looks at health for one at the command line, which takes ten times as long


@dataclass(frozen=True)
class Shape:
    """How the runs are spread: over so many plants, each polled at an interval."""

    plants: int
    every_minutes: int


@dataclass
class HealthFigures:
    """What was measured with runs of a shape."""

    shape: Shape
    bare: Samples = field(default_factory=Samples)
    call: Samples = field(default_factory=Samples)
    get: Samples = field(default_factory=Samples)
    interpreter: Samples = field(default_factory=Samples)
    status: Samples = field(default_factory=Samples)
    status_processor: Samples = field(default_factory=Samples)


SHAPES = (
    Shape(plants=100, every_minutes=15),
    Shape(plants=1_000, every_minutes=15),
    Shape(plants=10, every_minutes=1),
)


def store_history(database_url: str, *, runs: int, plants: int, every_minutes: int, until: datetime) -> None:
    """Stores so many runs that end at a slot; every twentieth of a plant failed."""
    spread = {"runs": runs, "plants": plants, "every_minutes": every_minutes, "until": until}
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("set statement_timeout = 0")
        connection.execute(_HISTORY.read_bytes(), spread)


def _store(database_url: str, shape: Shape, runs: int) -> None:
    """Stores runs, and leaves them as the table's own settings do at worst: the newest without a vacuum."""
    every = grid_interval(shape.every_minutes)
    newest = slot_at_or_before(datetime.now(UTC), every)
    slots = min(_RUNS_WITHOUT_VACUUM, runs // 2) // shape.plants
    spread = {"plants": shape.plants, "every_minutes": shape.every_minutes}
    store_history(database_url, runs=runs - slots * shape.plants, until=newest - slots * every, **spread)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("vacuum analyze public.pipeline_runs")
    store_history(database_url, runs=slots * shape.plants, until=newest, **spread)


def measure(supabase: Supabase, children: Children, shape: Shape, *, runs: int, rounds: int) -> HealthFigures:
    """Returns the figures of a shape, in a project of its own."""
    figures = HealthFigures(shape)
    with supabase.fresh_database(_NOTHING) as access:
        _store(access.database_url, shape, runs)
        with _contestants(access, children, shape) as contestants:
            for _ in range(3):  # connections, caches and the table's statistics
                _take_turns(contestants, HealthFigures(shape))
            for _ in range(rounds):
                _take_turns(contestants, figures)
        environment = _settings(access, children.log_folder, shape)
        for turn in range(max(2, rounds // _QUICKER) + 1):
            _look_by_command(environment, figures if turn else HealthFigures(shape))  # the first one compiles
    return figures


def _look_by_command(environment: Mapping[str, str], figures: HealthFigures) -> None:
    for command, samples in ((_INTERPRETER, figures.interpreter), (_STATUS, figures.status)):
        started_s, used_s = time.perf_counter(), _used_by_children_s()
        subprocess.run(command, env=dict(environment), check=True, stdout=subprocess.DEVNULL)
        samples.seconds.append(time.perf_counter() - started_s)
        if command is _STATUS:
            figures.status_processor.seconds.append(_used_by_children_s() - used_s)


def _used_by_children_s() -> float:
    """Returns how long processes that have ended used a processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _contestants(
    access: SupabaseAccess, children: Children, shape: Shape
) -> Iterator[dict[str, Callable[[], httpx.Response]]]:
    environment = _settings(access, children.log_folder, shape)
    asked = [
        {"pipeline": one.name, "plant": one.plant, "is_stopped": False}
        for one in pipelines_of(config.load(environment))
    ]
    function = Function(children, _MAIN, environment)
    headers = {"apikey": access.secret_key}
    with (
        httpx.Client(base_url=access.rest_url, headers=headers, timeout=_TIMEOUT_S) as data_api,
        httpx.Client(base_url=function.url, timeout=_TIMEOUT_S) as health,
    ):
        yield {
            "bare": lambda: data_api.post("/rpc/nothing", json={}),
            "call": lambda: data_api.post("/rpc/pipeline_health", json={"p_pipelines": asked}),
            "get": lambda: health.get("/"),
        }


def _settings(access: SupabaseAccess, folder: Path, shape: Shape) -> dict[str, str]:
    file = folder / f"health-{shape.plants}.yaml"
    plants = [f"plant_{number}" for number in range(1, shape.plants + 1)]
    server = "{host: sql.example, user: reader, database: mes}"
    lines = [f"  {plant}: {{time_zone: America/Chicago, sql_server: {server}}}" for plant in plants]
    schedule = f"live_pulse: {{every_minutes: {shape.every_minutes}}}"
    # Nobody polls while it is measured.
    patience = "health: {late_after_s: 3600}"
    file.write_text("\n".join(["plants:", *lines, schedule, patience, ""]))
    return {
        **clean_environment(folder),
        "SUPABASE_URL": access.url,
        "SUPABASE_SECRET_KEY": access.secret_key,
        "PLANTPULSE_CONFIG": str(file),
    }


def _take_turns(contestants: dict[str, Callable[[], httpx.Response]], figures: HealthFigures) -> None:
    for name, ask in contestants.items():
        started_s = time.perf_counter()
        response = ask()
        seconds = time.perf_counter() - started_s
        if not response.is_success:
            raise RuntimeError(f"{name} was answered {response.status_code}: {response.text[:500]}")
        samples: Samples = getattr(figures, name)
        samples.seconds.append(seconds)


def table(measured: Sequence[HealthFigures], runs: int) -> Table:
    """Returns what was measured: p50 and p95, and how often the bare call fits into each."""
    shown = Table(
        f"Health with {runs:,} runs stored, ms: p50 (p95), and as ratios to the bare call",
        [
            "plants", "runs of a plant a day", "bare call", "SQL function", "ratio", "whole GET", "ratio ",
            "`plantpulse status`", "interpreter alone",
        ],
    )  # fmt: skip
    for one in measured:
        bare, call, get = (_p50_p95(samples) for samples in (one.bare, one.call, one.get))
        status, interpreter = _p50_p95(one.status), _p50_p95(one.interpreter)
        shown.add(
            _name(one.shape),
            f"{1440 // one.shape.every_minutes:,}",
            _shown(bare),
            _shown(call),
            _ratio(call, bare),
            _shown(get),
            _ratio(get, bare),
            _shown(status),
            _shown(interpreter),
        )
    return shown


def table_of_processor_time(measured: Sequence[HealthFigures]) -> Table:
    """Returns how long `plantpulse status` used a processor: p50 and p95."""
    shown = Table("Processor time of `plantpulse status`, ms: p50 (p95)", ["plants", "looks", "ms"])
    for one in measured:
        used = one.status_processor
        shown.add(_name(one.shape), str(len(used.seconds)), _shown(_p50_p95(used)))
    return shown


def _name(shape: Shape) -> str:
    return f"{shape.plants:,}, every {shape.every_minutes} min"


def _p50_p95(samples: Samples) -> tuple[float, float]:
    cuts = quantiles(samples.seconds, n=20, method="inclusive")
    return cuts[9] * 1000, cuts[18] * 1000


def _shown(times_ms: tuple[float, float]) -> str:
    return f"{times_ms[0]:.1f} ({times_ms[1]:.1f})"


def _ratio(times_ms: tuple[float, float], bare_ms: tuple[float, float]) -> str:
    return f"{times_ms[0] / bare_ms[0]:.2f} ({times_ms[1] / bare_ms[1]:.2f})"
