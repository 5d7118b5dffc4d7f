"""The publishers as a process of their own: `python -m devstack.energy --port 9100`.

Prints one line when it is ready and stops on SIGTERM or Ctrl-C. Its clock is real, unless DEVSTACK_CLOCK_*
name the compressed one. Started by `Children`, it ends with its parent (leash.py), as every stand-in does.
"""

import argparse
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from os import environ
from pathlib import Path

from devstack.clock import CompressedClock
from devstack.energy.faults import Plan, faulty_year
from devstack.energy.publisher import Publisher
from devstack.energy.recorded import Recorded
from devstack.energy.server import TOKEN, StandIn

AREAS = ("DE", "FR", "NL", "AT")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until it is told to stop."""
    options = _parse(arguments)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    now = _clock()
    started = (now() - timedelta(days=options.faulty_for)).date()
    plan = faulty_year(started, AREAS) if options.faulty_for else Plan()
    recorded = Recorded.read(options.recorded) if options.recorded else None
    publisher = Publisher(options.seed, plan)
    with StandIn(publisher, now, options.port, frozenset((options.token,)), recorded) as stand_in:
        print(f"publishers ready on {stand_in.url}", flush=True)
        stopped.wait()


def _clock() -> Callable[[], datetime]:
    try:
        return CompressedClock.from_environment(environ).now
    except KeyError:
        return lambda: datetime.now(UTC)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="devstack.energy", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other years")
    parser.add_argument("--token", default=TOKEN, help="the key that ENTSO-E, EIA and FRED know")
    parser.add_argument("--recorded", type=Path, help="a folder of recorded replies, served first")
    parser.add_argument(
        "--faulty-for", type=int, default=0, metavar="DAYS", help="faults since so many days ago"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
