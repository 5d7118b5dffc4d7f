"""`python -m soak.orders deliveries` tries every order of deliveries.

`alerts` are looks, a run and two sweeps; `bursts` relieve each other.
"""

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
from soak.orders import alerts, bursts, deliveries
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
    parser.add_argument("of", choices=("deliveries", "alerts", "bursts"))
    parser.add_argument(
        "--deliveries", type=int, default=3, help="2 to 4, the third and fourth of the next slot"
    )
    parser.add_argument("--looks", type=int, default=2, help="looks of health at what is overdue")
    parser.add_argument("--claims", type=int, default=1, help="of each of the two sweeps")
    parser.add_argument("--bursts", type=int, default=2, help="of one group of tags")
    parser.add_argument("--slots", type=int, default=3, help="how many slots pass for the bursts")
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
    faults, waits = asked.faults, asked.waits
    if asked.of == "alerts":
        of_alerts = partial(alerts.enter, looks=asked.looks, claims=asked.claims, faults=faults, waits=waits)
        return explore(connection, of_alerts, asked.minutes)
    if asked.of == "bursts":
        of_bursts = partial(bursts.enter, bursts=asked.bursts, slots=asked.slots, faults=faults)
        return explore(connection, of_bursts, asked.minutes)
    of_deliveries = partial(deliveries.enter, deliveries=asked.deliveries, faults=faults, waits=waits)
    return explore(connection, of_deliveries, asked.minutes)


def _told(found: Found) -> str:
    told = f"{found.states} states, {found.moves.total()} moves, {found.databases} states of the database"
    told += f", {found.calls} calls"
    return told if found.is_whole else f"NOT ALL: {told}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
