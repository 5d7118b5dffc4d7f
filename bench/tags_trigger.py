"""Machine tags that somebody asks for: how long the call takes, warm and cold, over each protocol.

The function runs under the functions-framework, as on Google Cloud, beside real Postgres and PostgREST. The
machines are those of the local stack. Cold: from the start of the interpreter to the answer of the first
call; what a cloud needs before that to find a computer and unpack the bundle comes on top.
"""

import csv
import io
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

from bench.figures import Samples, Table
from bench.stack import clean_environment
from devstack.function import Function
from devstack.machines import Machines, table_of
from devstack.migrations import REPOSITORY
from devstack.patience import ENDS_S
from devstack.processes import Children
from devstack.supabase import Supabase

_MAIN: Final = REPOSITORY / "functions" / "tags" / "main.py"
_CONFIG: Final = "plants: {bench: {time_zone: America/Chicago, tags: {networks: [127.0.0.0/8]}}}\n"
_ONE_READ_S: Final = 1.1  # two calls within a second are one read
_GROUPS: Final[Mapping[str, str]] = {
    "Press 1": "Modbus TCP",
    "Oven": "OPC UA",
    "Filler": "S7",
    "Moulder": "SLMP",
    "Packer": "EtherNet/IP",
}


@dataclass(frozen=True)
class Plan:
    """How often each group is asked for, in a warm function and in a new one."""

    warm: int
    cold: int


WHOLE: Final = Plan(warm=40, cold=5)
QUICK: Final = Plan(warm=1, cold=1)


@dataclass
class Figures:
    """How long the calls for a group took, and the starts of the function before the first call."""

    warm: Samples = field(default_factory=Samples)
    first: Samples = field(default_factory=Samples)
    cold: Samples = field(default_factory=Samples)
    tags: int = 0


def measure(supabase: Supabase, plan: Plan) -> Table:
    """Asks for each group, and returns a line for each protocol."""
    figures = {name: Figures() for name in _GROUPS}
    with supabase.fresh_database() as access, Children() as children:
        machines = Machines.start(children)
        with psycopg.connect(access.database_url, autocommit=True) as rows:
            _enter(rows, machines)
        config = children.make_folder() / "plantpulse.yaml"
        config.write_text(_CONFIG, encoding="utf-8")
        environment = {
            **clean_environment(config.parent),
            "SUPABASE_URL": access.url,
            "SUPABASE_SECRET_KEY": access.secret_key,
            "PLANTPULSE_CONFIG": str(config),
        }
        with _function(environment):
            pass  # the bytecode is written
        for _ in range(plan.cold):
            _ask_cold(environment, figures)
        with _function(environment) as function:
            _ask_warm(function, plan.warm, figures)
    return _table(figures)


def _enter(rows: psycopg.Connection[Any], machines: Machines) -> None:
    for row in csv.DictReader(io.StringIO(table_of(machines))):
        if row["group"] in _GROUPS:
            rows.execute(
                "insert into public.tag_groups (plant, name, mode, address)"
                " values ('bench', %(group)s, 'handshake', %(device)s) on conflict do nothing",
                row,
            )
            rows.execute(
                "insert into public.tags (group_id, name, address, data_type)"
                " select id, %(tag)s, %(address)s, %(data_type)s from public.tag_groups"
                " where name = %(group)s",
                row,
            )


@contextmanager
def _function(environment: Mapping[str, str]) -> Iterator[Function]:
    with Children() as children:
        yield Function(children, Path(_MAIN), environment)


def _ask_cold(environment: Mapping[str, str], figures: Mapping[str, Figures]) -> None:
    for name, taken in figures.items():
        print(f"a new function for {name} ...", file=sys.stderr, flush=True)
        started_s = time.perf_counter()
        with _function(environment) as function:
            taken.first.seconds.append(_ask(function, name, taken))
            taken.cold.seconds.append(time.perf_counter() - started_s)


def _ask_warm(function: Function, repetitions: int, figures: Mapping[str, Figures]) -> None:
    for name, taken in figures.items():
        _ask(function, name, taken)  # its driver is imported
    for _ in range(repetitions):
        next_s = time.monotonic() + _ONE_READ_S
        for name, taken in figures.items():
            taken.warm.seconds.append(_ask(function, name, taken))
        time.sleep(max(0.0, next_s - time.monotonic()))


def _ask(function: Function, name: str, taken: Figures) -> float:
    """Returns how many seconds a call took. Raises: ValueError if it was no read of good values."""
    started_s = time.perf_counter()
    answer = httpx.post(function.url, json={"plant": "bench", "group": name}, timeout=ENDS_S)
    seconds = time.perf_counter() - started_s
    values = answer.json().get("values", [])
    if answer.status_code != httpx.codes.OK or not values or any(one["quality"] != "good" for one in values):
        raise ValueError(f"{name}: {answer.status_code} {answer.text}")
    taken.tags = len(values)
    return seconds


def _table(figures: Mapping[str, Figures]) -> Table:
    table = Table(
        "Tags: a read on request, ms: median (minimum)",
        [
            "protocol",
            "tags",
            "warm",
            "warm, the slowest",
            "the first call of a new function",
            "with its start",
        ],
    )
    for name, taken in figures.items():
        table.add(
            _GROUPS[name],
            f"{taken.tags}",
            taken.warm.show(),
            f"{max(taken.warm.seconds) * 1000:,.0f}",
            taken.first.show(),
            taken.cold.show(),
        )
    return table
