"""A day of hand-overs in an hour: whether memory, threads and descriptors of a warm function stay flat.

Bursts follow each other in one process, 24 times as fast as in the cloud. The controllers are the machines of
the local stack (Modbus and OPC UA), one that starts anew now and then, one that accepts a connection and says
nothing, and one that is not there.
"""

import csv
import io
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.figures import Table
from bench.processes import piped
from bench.stack import clean_environment
from devstack.machines import Machines, table_of
from devstack.processes import Children, free_port
from devstack.supabase import Supabase

_FOLDER: Final = Path(__file__).with_name("contestants")
_MARK: Final = "BENCH "
_HEALTHY: Final = ("Press 1", "Oven")


@dataclass(frozen=True)
class Plan:
    """Hand-overs, the mean time between two of them, and how many are between two looks at the process."""

    hand_overs: int
    every_s: float
    looks_every: int
    restarts_every_s: float


WHOLE: Final = Plan(hand_overs=1440, every_s=2.5, looks_every=60, restarts_every_s=60)
QUICK: Final = Plan(hand_overs=4, every_s=3.0, looks_every=2, restarts_every_s=5)


def measure(supabase: Supabase, plan: Plan) -> Table:
    """Polls through all hand-overs; returns a line for each look."""
    with supabase.fresh_database() as access, Children() as children, socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        restarted = free_port()
        machines = Machines.start(children)
        with psycopg.connect(access.database_url, autocommit=True) as rows:
            _enter(
                rows, machines, {"Restarted": restarted, "Silent": mute.getsockname()[1], "Away": free_port()}
            )
            environment = clean_environment(Path("/")) | {
                "SUPABASE_URL": access.url,
                "SUPABASE_SECRET_KEY": access.secret_key,
                "PYTHONPATH": os.pathsep.join(sys.path),
            }
            table = _table(plan)
            restarting = _restarting(restarted, plan.restarts_every_s)
            with restarting, closing(_looks(plan, environment)) as looks:
                for look in looks:
                    stored = [_stored(rows, group) for group in _HEALTHY]
                    _add(table, look, stored)
                    print(json.dumps(look), stored, file=sys.stderr, flush=True)
    return table


def _enter(rows: psycopg.Connection[Any], machines: Machines, ports: dict[str, int]) -> None:
    table = list(csv.DictReader(io.StringIO(table_of(machines))))
    own = [
        {
            "group": name,
            "device": f"modbus://127.0.0.1:{port}/1",
            "tag": "Word",
            "address": "hr:0",
            "data_type": "int16",
        }
        for name, port in ports.items()
    ]
    for row in [row for row in table if row["group"] in _HEALTHY] + own:
        rows.execute(
            "insert into public.tag_groups (plant, name, address) values ('bench', %(group)s, %(device)s)"
            " on conflict do nothing",
            row,
        )
        rows.execute(
            "insert into public.tags (group_id, name, address, data_type)"
            " select id, %(tag)s, %(address)s, %(data_type)s from public.tag_groups where name = %(group)s",
            row,
        )


@contextmanager
def _restarting(port: int, every_s: float) -> Iterator[None]:
    """A controller that is killed and started again, until the context ends."""
    is_over = threading.Event()
    command = [sys.executable, str(_FOLDER / "tags_devices.py"), "10", str(port)]

    def keep_restarting() -> None:
        while not is_over.is_set():
            with subprocess.Popen(command) as process:
                is_over.wait(every_s)
                process.kill()

    thread = threading.Thread(target=keep_restarting)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _looks(plan: Plan, environment: dict[str, str]) -> Generator[dict[str, Any], None, None]:
    arguments = [str(plan.hand_overs), str(plan.every_s), str(plan.looks_every)]
    command = [sys.executable, str(_FOLDER / "tags_soak.py"), *arguments]
    with piped(command, environment) as process:
        for line in process.stdout or ():
            if line.startswith(_MARK):
                yield json.loads(line.removeprefix(_MARK))
        if code := process.wait():
            raise RuntimeError(f"the bursts ended with code {code}")


def _stored(rows: psycopg.Connection[Any], group: str) -> tuple[int, int, int]:
    """Returns how many samples of a group are stored, how many slots between them have none, and how many of
    those the bursts did not count as missed either, as they do where a machine is too busy to read in time.
    """
    found = rows.execute(
        "with stored as (select count(*) as samples,"
        "    coalesce(extract(epoch from max(slot) - min(slot))::integer + 1 - count(*), 0) as missing"
        "  from public.tag_samples where group_id = (select id from public.tag_groups where name = %(name)s))"
        " select samples, missing, greatest(missing - coalesce((select error_count from public.tag_states"
        "  where group_id = (select id from public.tag_groups where name = %(name)s)), 0), 0) from stored",
        {"name": group},
    ).fetchone()
    return found or (0, 0, 0)


def _table(plan: Plan) -> Table:
    return Table(
        f"Tags: {plan.hand_overs:,} hand-overs, one each {plan.every_s:g} s, in one process",
        [
            "hand-overs",
            "resident, MiB",
            "threads",
            "descriptors",
            "objects",
            "bursts failed",
            "samples stored, of healthy groups",
            "slots without one",
            "of them not counted",
        ],
    )


def _add(table: Table, look: dict[str, Any], stored: list[tuple[int, int, int]]) -> None:
    table.add(
        f"{look['hand_overs']:,}",
        f"{look['resident_kib'] / 1024:.1f}",
        f"{look['threads']}",
        f"{look['descriptors']}",
        f"{look['objects']:,}",
        f"{len(look['failures'])}",
        f"{sum(count for count, _, _ in stored):,}",
        f"{sum(missing for _, missing, _ in stored)}",
        f"{sum(lost for _, _, lost in stored)}",
    )
