"""`python -m soak --seeds 20 --days 7` runs seeds one after the other; `--seed N` replays one of them.

With `--shrink` a seed that breaks something is made small, and printed as a test would have it.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from devstack.supabase import Supabase
from soak.seeds import Outcome, Seed, run_seed
from soak.shrinking import Shrinker


def main() -> int:
    """Run the seeds that the command line asks for; return 1 if something broke."""
    asked = _asked()
    numbers = [asked.seed] if asked.seed is not None else range(asked.first, asked.first + asked.seeds)
    with (
        tempfile.TemporaryDirectory() as logs,
        Supabase(Path(logs)) as supabase,
        supabase.access.connect() as db,
    ):
        outcomes = list[Outcome]()
        for number in numbers:
            started_s = time.monotonic()
            log = sys.stderr if asked.log else None
            outcome = run_seed(Seed(number, asked.days), db, log=log)  # type: ignore[arg-type] # a text stream
            outcomes.append(outcome)
            print(_line(outcome, time.monotonic() - started_s), flush=True)
            if outcome.broken and asked.shrink:
                print(_as_test(Shrinker(lambda seed: run_seed(seed, db)).shrink(outcome)), flush=True)
    _summary(outcomes)
    return 1 if any(one.broken for one in outcomes) else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this seed alone")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds")
    parser.add_argument("--days", type=float, default=7.0, help="simulated days a seed")
    parser.add_argument("--shrink", action="store_true", help="make a seed small that breaks something")
    parser.add_argument("--log", action="store_true", help="show what the functions log")
    return parser.parse_args()


def _line(outcome: Outcome, took_s: float) -> str:
    told = (
        f"seed {outcome.seed.number}: {outcome.ticks} ticks, {outcome.faults.total()} faults, {took_s:.1f} s"
    )
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
    print(f"{sum(one.ticks for one in outcomes)} ticks; at the end {outcomes[-1].resources}")
    for title, counts in (("faults", faults), ("checked", checked), ("answers", answers)):
        print(f"{title}: " + ", ".join(f"{name} {number}" for name, number in sorted(counts.items())))
    print("broken: " + (", ".join(str(one.seed.number) for one in outcomes if one.broken) or "none"))


if __name__ == "__main__":
    sys.exit(main())
