"""`python -m soak.cuts --polls 10000` breaks polls, one byte each; `--case ...` replays one of them."""

import argparse
import itertools
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from soak.cuts.cases import SETTINGS, Case, drawn
from soak.cuts.report import show, tell
from soak.cuts.servers import local_servers
from soak.cuts.trials import Pace, Trial, find_truths, plant_names, run_trials


def main() -> int:
    """Run what the command line asks for; return 1 if something broke."""
    asked = _asked()
    until_s = time.monotonic() + 60 * asked.minutes
    with tempfile.TemporaryDirectory() as folder, local_servers(Path(folder)) as servers:
        plants = plant_names()
        truths = find_truths(servers, SETTINGS, plants)
        if asked.case:
            cases = iter([Case.read(text) for text in asked.case])
        else:
            talks = [truth.talk for truth in truths.values()]
            draws = random.Random(asked.seed)  # noqa: S311 - the same cases for a seed, no secret
            cases = itertools.islice(drawn(draws, talks), asked.polls)
        next_slot_after = 1 if asked.case else asked.next_slot_after
        pace = Pace(asked.lanes, asked.wait, next_slot_after=next_slot_after, until_s=until_s)
        trials = run_trials(servers, truths, cases, plants=plants, pace=pace, tell=_tell)
    show(trials)
    return 1 if trials.broken() else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak.cuts", description=__doc__)
    parser.add_argument("--polls", type=int, default=1000, help="how many polls are broken")
    parser.add_argument("--seed", type=int, default=1, help="draws where and how")
    parser.add_argument("--lanes", type=int, default=8, help="how many polls at once")
    parser.add_argument("--wait", type=int, default=2, help="seconds for a login or a query")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no poll after so many")
    parser.add_argument("--next-slot-after", type=int, default=4, help="poll on after so many that failed")
    parser.add_argument("--case", action="append", help="replay this poll alone")
    return parser.parse_args()


_seen: Final = itertools.count(1)


def _tell(trial: Trial) -> None:
    if (number := next(_seen)) % 500 == 0:
        print(f"{number} polls", file=sys.stderr, flush=True)
    if line := tell(trial):
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
