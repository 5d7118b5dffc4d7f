"""Machine tags: how evenly ten groups of 100 tags are read, across bursts that relieve each other.

Nine controllers are pymodbus' own server, in a process of its own; in the second table the tenth accepts a
connection and says nothing. A read's period is from its begin to that of the same group's next read, in
whichever burst.
"""

import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from json import loads
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.figures import Table
from bench.processes import piped
from bench.stack import clean_environment
from devstack.access import SupabaseAccess
from devstack.processes import free_port
from devstack.supabase import Supabase

_FOLDER: Final = Path(__file__).with_name("contestants")
_MARK: Final = "BENCH "
_READY_S: Final = 60.0


@dataclass(frozen=True)
class Plan:
    """How much is measured: groups of tags, mean seconds of each burst until the next one comes, bursts.

    `spread` is by which share of these seconds a burst comes early or late.
    """

    groups: int
    tags: int
    burst_s: float
    bursts: int
    spread: float = 0.0

    @property
    def silent(self) -> str:
        """Return the group whose controller may be silent."""
        return f"group {self.groups - 1}"


WHOLE: Final = Plan(groups=10, tags=100, burst_s=30, bursts=4)
QUICK: Final = Plan(groups=2, tags=5, burst_s=3, bursts=2)


@dataclass
class Figures:
    """What was measured with the controllers of one kind."""

    label: str
    plan: Plan
    reads: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    read_s: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    cpu_percent: list[float] = field(default_factory=list)
    peak_mib: float = 0.0
    stored: int = 0
    not_stored: int = 0
    bytes_stored: int = 0

    def add(self, answer: dict[str, Any], silent: str | None) -> None:
        """Add what a burst printed, without the reads of the silent controller."""
        for group, began_at, seconds in answer["reads"]:
            if group != silent:
                self.reads[group].append(began_at)
                self.read_s.append(seconds)
        self.counts.update(answer["counts"])
        self.cpu_percent.append(answer["cpu_percent"])
        self.peak_mib = max(self.peak_mib, answer["peak_mib"])

    @property
    def off_ms(self) -> list[float]:
        """Return by how much each period differs from a second."""
        return sorted(
            abs(later - earlier - 1) * 1000
            for began in map(sorted, self.reads.values())
            for earlier, later in pairwise(began)
        )

    @property
    def doubled(self) -> int:
        """Return how many slots were read twice."""
        return sum(len(began) - len({round(at) for at in began}) for began in self.reads.values())


def measure(supabase: Supabase, plan: Plan) -> Iterator[Figures]:
    """Yields the figures without and with a silent controller, each in a project of its own."""
    for silent in (None, plan.silent):
        yield measure_with(supabase, plan, silent)


def measure_with(supabase: Supabase, plan: Plan, silent: str | None) -> Figures:
    """Returns the figures, where the controller of a group may be silent, in a project of its own."""
    label = "one of them silent" if silent else "all of them healthy"
    print(f"polling for {plan.bursts * plan.burst_s:g} s, {label} ...", file=sys.stderr, flush=True)
    with (
        supabase.fresh_database() as access,
        psycopg.connect(access.database_url, autocommit=True) as rows,
    ):
        with _controllers(plan, silent) as ports:
            _enter(rows, plan, ports)
            figures = Figures(label, plan)
            with closing(_bursts(access, plan)) as answers:
                for answer in answers:
                    figures.add(answer, silent)
        _look(rows, figures)
    return figures


@contextmanager
def _controllers(plan: Plan, silent: str | None) -> Iterator[Sequence[int]]:
    ports = [free_port() for _ in range(plan.groups)]
    served = ports[:-1] if silent else ports
    command = [sys.executable, str(_FOLDER / "tags_devices.py"), str(plan.tags), *map(str, served)]
    with ExitStack() as stack:
        if silent:
            mute = stack.enter_context(socket.socket())
            mute.bind(("127.0.0.1", ports[-1]))
            mute.listen()
        process = stack.enter_context(subprocess.Popen(command))
        stack.callback(process.terminate)
        for port in served:
            _wait_for(port)
        yield ports


def _wait_for(port: int) -> None:
    ends_s = time.monotonic() + _READY_S
    while time.monotonic() < ends_s:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError("a controller does not start")


def _enter(rows: psycopg.Connection[Any], plan: Plan, ports: Sequence[int]) -> None:
    for number, port in enumerate(ports):
        rows.execute(
            "with made as ("
            " insert into public.tag_groups (plant, name, address) values ('bench', %s, %s) returning id"
            ") insert into public.tags (group_id, name, address, data_type)"
            " select made.id, 'tag ' || n, 'hr:' || n, 'int16' from made, generate_series(0, %s - 1) as n",
            (f"group {number}", f"modbus://127.0.0.1:{port}/1", plan.tags),
        )


def _bursts(access: SupabaseAccess, plan: Plan) -> Generator[dict[str, Any], None, None]:
    """Yields what each burst printed; each but the first relieves the one before."""
    environment = clean_environment(Path("/")) | {
        "SUPABASE_URL": access.url,
        "SUPABASE_SECRET_KEY": access.secret_key,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, str(_FOLDER / "tags_burst.py")]
    draws = random.Random(1)  # noqa: S311 - arrivals anywhere around their minute, the same in every run
    with ExitStack() as stack:
        running = []
        for _ in range(plan.bursts):
            running.append(stack.enter_context(piped(command, environment)))
            time.sleep(plan.burst_s * draws.uniform(1 - plan.spread, 1 + plan.spread))
        running[-1].send_signal(signal.SIGTERM)
        for process in running:
            output, _ = process.communicate()
            line = next(line for line in output.splitlines() if line.startswith(_MARK))
            yield loads(line.removeprefix(_MARK))


def _look(rows: psycopg.Connection[Any], figures: Figures) -> None:
    found = rows.execute(
        "select count(*), count(*) - sum(expected), (select pg_total_relation_size('public.tag_samples'))"
        " from public.tag_samples as sample join (select group_id as g,"
        " 1.0 * (extract(epoch from max(slot) - min(slot)) + 1) / count(*) as expected"
        " from public.tag_samples group by 1) as whole on whole.g = sample.group_id"
    ).fetchone()
    figures.stored, surplus, figures.bytes_stored = found or (0, 0, 0)
    figures.not_stored = round(-surplus)


def tables(measured: Sequence[Figures], plan: Plan) -> Table:
    """Returns what was measured."""
    table = Table(
        f"Tags: {plan.groups} groups x {plan.tags} tags x 1 s, {plan.bursts} bursts of {plan.burst_s:g} s",
        [
            "controllers",
            "period off by, ms: median",
            "p99",
            "most",
            "read, ms: median",
            "slots stored",
            "not stored",
            "counted as missed",
            "read twice",
            "values/s",
            "processor of a burst, %",
            "peak, MiB",
            "bytes a value",
        ],
    )
    for one in measured:
        off, values = one.off_ms, one.counts["good"] * plan.tags
        table.add(
            one.label,
            f"{statistics.median(off):.1f}",
            f"{off[int(len(off) * 0.99)]:.1f}",
            f"{off[-1]:.0f}",
            f"{statistics.median(one.read_s) * 1000:.1f}",
            f"{one.stored:,}",
            f"{one.not_stored}",
            f"{one.counts['missed']}",
            f"{one.doubled}",
            f"{values / (plan.bursts * plan.burst_s):,.0f}",
            f"{max(one.cpu_percent):.0f}",
            f"{one.peak_mib:.0f}",
            f"{one.bytes_stored / max(1, values):.1f}",
        )
    return table
