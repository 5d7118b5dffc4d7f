"""`python -m soak.orders deliveries` tries every order of deliveries, `alerts` of looks, a run and sweeps."""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from devstack.supabase import Supabase
from soak.ledger import Broken
from soak.orders import alerts, deliveries
from soak.orders.exploring import Found, explore


def main() -> int:
    """Explore what the command line asks for; return 1 if something broke."""
    asked = _asked()
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        access = stack.enter_context(Supabase(logs)).access
        return _explore(asked, stack.enter_context(access.connect()))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak.orders", description=__doc__)
    parser.add_argument("of", choices=("deliveries", "alerts"))
    parser.add_argument(
        "--deliveries", type=int, default=3, help="2 to 4, the third and fourth of the next slot"
    )
    parser.add_argument("--looks", type=int, default=2, help="looks of health at what is overdue")
    parser.add_argument("--claims", type=int, default=1, help="of each of the two sweeps")
    parser.add_argument("--faults", type=int, default=1, help="most faults on a path")
    parser.add_argument("--waits", type=int, default=1, help="how often time passes in which leases end")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many real minutes")
    return parser.parse_args()


def _explore(asked: argparse.Namespace, connection: psycopg.Connection[Any]) -> int:
    started_s = time.monotonic()
    try:
        found = _found(asked, connection)
    except Broken as error:
        print(f"BROKEN {error}")
        return 1
    print(f"{_told(found)}, {time.monotonic() - started_s:.0f} s")
    print(f"moves: {_counted(found.moves)}\nends: {_counted(found.ends)}")
    return 0


def _found(asked: argparse.Namespace, connection: psycopg.Connection[Any]) -> Found:
    limits = {"faults": asked.faults, "waits": asked.waits}
    if asked.of == "alerts":
        actors = {"looks": asked.looks, "claims": asked.claims}
        return explore(connection, partial(alerts.enter, **actors, **limits), asked.minutes)
    entered = partial(deliveries.enter, deliveries=asked.deliveries, **limits)
    return explore(connection, entered, asked.minutes)


def _told(found: Found) -> str:
    told = f"{found.states} states, {found.moves.total()} moves, {found.databases} states of the database"
    told += f", {found.calls} calls"
    return told if found.is_whole else f"NOT ALL: {told}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
