"""`python -m soak --seeds 20 --days 7` runs seeds one after the other; `--seed N` replays one of them.

With `--shrink` a seed that breaks something is made small, and printed as a test would have it. With
`--wire` calls of Supabase go over HTTP and PostgREST.
"""

import argparse
import gc
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import psycopg

from devstack.supabase import Supabase
from soak.seeds import Outcome, Seed, run_seed
from soak.sessions import OverTheWire
from soak.shrinking import Shrinker

_ALLOCATIONS: Final = 100_000  # of containers, before a search for cycles


def main() -> int:
    """Run what the command line asks for; return 1 if something broke."""
    asked = _asked()
    # What is imported lives to the end. A search for cycles takes longer than a call, and hardly finds any.
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS)
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        access = stack.enter_context(Supabase(logs)).access
        connection = stack.enter_context(access.connect())
        wire = OverTheWire.to(access.url, access.secret_key) if asked.wire else None
        tempfile.tempdir = stack.enter_context(tempfile.TemporaryDirectory())  # whose files are counted
        return _run_seeds(asked, connection, wire)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this seed alone")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds")
    parser.add_argument("--days", type=float, default=7.0, help="simulated days a seed")
    parser.add_argument("--minutes", type=float, help="begin no further seed after so many real minutes")
    parser.add_argument("--wire", action="store_true", help="call Supabase over HTTP and PostgREST")
    parser.add_argument("--shrink", action="store_true", help="make a seed small that breaks something")
    parser.add_argument("--log", action="store_true", help="show what the functions log")
    return parser.parse_args()


def _run_seeds(
    asked: argparse.Namespace, connection: psycopg.Connection[Any], wire: OverTheWire | None
) -> int:
    numbers = [asked.seed] if asked.seed is not None else range(asked.first, asked.first + asked.seeds)
    log: Any = sys.stderr if asked.log else None

    def run(seed: Seed) -> Outcome:
        return run_seed(seed, connection, functions=wire, log=log)

    outcomes = list[Outcome]()
    until_s = time.monotonic() + 60 * (asked.minutes or float("inf"))
    for number in numbers:
        started_s = time.monotonic()
        if started_s >= until_s:
            break
        outcome = run(Seed(number, asked.days))
        outcomes.append(outcome)
        print(_line(outcome, time.monotonic() - started_s), flush=True)
        if outcome.broken and asked.shrink:
            print(_as_test(Shrinker(run).shrink(outcome)), flush=True)
        outcome.happened = {}  # or memory would grow with the seeds
    _summary(outcomes)
    is_grown = outcomes[0].resources.is_less_than(outcomes[-1].resources)
    return 1 if is_grown or any(one.broken for one in outcomes) else 0


def _line(outcome: Outcome, took_s: float) -> str:
    told = f"seed {outcome.seed.number}: {outcome.ticks} ticks, {outcome.faults.total()} faults"
    told += f", {took_s:.1f} s"
    return f"{told}\n  BROKEN {outcome.broken}" if outcome.broken else told


def _as_test(outcome: Outcome) -> str:
    faults = "".join(f"\n    {name!r},  # {kind}" for name, kind in sorted(outcome.happened.items()))
    told = f"Seed({outcome.seed.number}, days={outcome.seed.days}, allowed=frozenset([{faults}\n]))"
    return f"  smallest: {outcome.broken}\n{told}"


def _summary(outcomes: list[Outcome]) -> None:
    faults, checked, answers = Counter[str](), Counter[str](), Counter[str]()
    for outcome in outcomes:
        faults.update(outcome.faults)
        checked.update(outcome.checked)
        answers.update(outcome.answers)
    print(f"{sum(one.ticks for one in outcomes)} ticks, {faults.total()} faults")
    first, last = outcomes[0].resources, outcomes[-1].resources
    grown = "GROWN: " if first.is_less_than(last) else ""
    print(f"{grown}after the first seed {first}, at the end {last}")
    for title, counts in (("faults", faults), ("checked", checked), ("answers", answers)):
        print(f"{title}: {_counted(counts)}")
    print("broken: " + (", ".join(str(one.seed.number) for one in outcomes if one.broken) or "none"))


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
