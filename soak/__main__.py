"""`python -m soak --seeds 20 --days 7` runs seeds one after the other; `--seed N` replays one of them.

`--seeds 1000-1999 --small` runs these, each with little in it. Ctrl-C ends with the totals, and SIGTERM does
behind the seed at hand.

With `--shrink` a seed that breaks something is made small, and printed as a test would have it. With
`--wire` calls of Supabase go over HTTP and PostgREST.
"""

import argparse
import gc
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from devstack.supabase import Supabase
from soak.checks.resources import NOTHING, Resources
from soak.seeds import Outcome, Seed, run_seed
from soak.sessions import OverTheWire
from soak.shrinking import Shrinker
from soak.sizes import MACHINES, SMALL, USUAL

_ALLOCATIONS: Final = 100_000  # of containers, before a search for cycles


def main() -> int:
    """Run what the command line asks for; return 1 if something broke."""
    asked = _asked()
    # What is imported lives to the end. A search for cycles takes longer than a call, and hardly finds any.
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        access = stack.enter_context(Supabase(logs)).access
        connection = stack.enter_context(access.connect())
        wire = OverTheWire.to(access.url, access.secret_key) if asked.wire else None
        tempfile.tempdir = stack.enter_context(tempfile.TemporaryDirectory())  # whose files are counted
        return _run_seeds(asked, connection, wire, stop)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this seed alone")
    parser.add_argument(
        "--seeds", type=_seeds, default="10", help="how many seeds (20), or which (1000-1999)"
    )
    parser.add_argument("--days", type=float, default=7.0, help="simulated days a seed")
    parser.add_argument(
        "--small", action="store_true", help="one plant with one asset, and neither series nor tags"
    )
    parser.add_argument("--minutes", type=float, help="begin no further seed after so many real minutes")
    parser.add_argument("--wire", action="store_true", help="call Supabase over HTTP and PostgREST")
    parser.add_argument("--machines", action="store_true", help="poll machines, and do nothing else")
    parser.add_argument("--shrink", action="store_true", help="make a seed small that breaks something")
    parser.add_argument("--log", action="store_true", help="show what the functions log")
    return parser.parse_args()


def _seeds(text: str) -> range:
    first, dash, last = text.partition("-")
    return range(int(first), int(last) + 1) if dash else range(1, int(first) + 1)


def _run_seeds(
    asked: argparse.Namespace,
    connection: psycopg.Connection[Any],
    wire: OverTheWire | None,
    stop: threading.Event,
) -> int:
    numbers = [asked.seed] if asked.seed is not None else asked.seeds
    log: Any = sys.stderr if asked.log else None

    def run(seed: Seed) -> Outcome:
        return run_seed(seed, connection, functions=wire, log=log)

    totals = Totals()
    until_s = time.monotonic() + 60 * (asked.minutes or float("inf"))
    try:
        for number in numbers:
            started_s = time.monotonic()
            if stop.is_set() or started_s >= until_s:
                break
            size = SMALL if asked.small else MACHINES if asked.machines else USUAL
            outcome = run(Seed(number, asked.days, size=size))
            totals.add(outcome)
            print(f"{_line(outcome, time.monotonic() - started_s)}; {totals.ticks:,} so far", flush=True)
            if outcome.broken:
                print(f"  BROKEN {outcome.broken}", flush=True)
            if outcome.broken and asked.shrink:
                print(_as_test(Shrinker(run).shrink(outcome)), flush=True)
    except KeyboardInterrupt:
        print("stopped; the last seed is not counted")
    return totals.tell()


def _line(outcome: Outcome, took_s: float) -> str:
    told = f"seed {outcome.seed.number}: {outcome.ticks} ticks, {outcome.faults.total()} faults"
    return f"{told}, {took_s:.1f} s"


def _as_test(outcome: Outcome) -> str:
    faults = "".join(f"\n    {name!r},  # {kind}" for name, kind in sorted(outcome.happened.items()))
    seed, names = outcome.seed, {SMALL: ", size=SMALL", MACHINES: ", size=MACHINES"}
    told = f"Seed({seed.number}, days={seed.days}{names.get(seed.size, '')}, allowed=frozenset([{faults}\n]))"
    return f"  smallest: {outcome.broken}\n{told}"


@dataclass(slots=True)
class Totals:
    """What came of all seeds until now: counts, so that memory does not grow with the seeds."""

    ticks: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    broken: list[int] = field(default_factory=list)
    first: Resources | None = None
    last: Resources = NOTHING

    def add(self, outcome: Outcome) -> None:
        """Add a seed."""
        self.ticks += outcome.ticks
        self.faults.update(outcome.faults)
        self.checked.update(outcome.checked)
        self.answers.update(outcome.answers)
        self.broken += [outcome.seed.number] if outcome.broken else []
        self.first, self.last = self.first or outcome.resources, outcome.resources

    def tell(self) -> int:
        """Print the totals; return 1 if something broke or has grown."""
        first = self.first or NOTHING
        is_grown = first.is_less_than(self.last)
        print(f"{self.ticks:,} ticks, {self.faults.total():,} faults")
        print(f"{'GROWN: ' * is_grown}after the first seed {first}, at the end {self.last}")
        counted = ("faults", self.faults), ("checked", self.checked), ("answers", self.answers)
        for title, counts in counted:
            print(f"{title}: {_counted(counts)}")
        print("broken: " + (", ".join(map(str, self.broken)) or "none"), flush=True)
        return 1 if is_grown or self.broken else 0


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
