"""The local stack from the command line: `python -m devstack run` and `python -m devstack up`."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from rich.console import Console
from rich.markup import escape

from devstack.migrations import CliFailed
from devstack.processes import StartFailed

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked this program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code, for a signal 128 and its number as shells do."""
    options = _parse(arguments)
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a C locale has no check marks
    console = Console(highlight=False)
    # Python tries the folder with a file of its own, once: a signal in between would leave that file.
    tempfile.gettempdir()
    for number in _STOP_SIGNALS:
        signal.signal(number, _stop)
    try:
        return _obey(console, options)
    except Stopped as stopped:
        console.print("\nStopped: every process has ended, and the data is deleted.")
        return 0 if options.command == "up" else 128 + stopped.number
    except (StartFailed, CliFailed, LookupError) as error:
        console.print(f"\n[bold red]The stack did not start:[/] {escape(str(error))}")
        return 1


def _obey(console: Console, options: argparse.Namespace) -> int:
    # Imported with the signals in hand: it takes half a second, and Ctrl-C must not end in a stack trace.
    from devstack import demo, up  # noqa: PLC0415

    if options.command == "run":
        return demo.run(console)
    return up.up(console, options.seconds_per_tick, options.ticks)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    # Once is enough: a second Ctrl-C must not break off the tidying up, which takes a second or two.
    for other in _STOP_SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Stopped(number)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devstack", description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="poll a small plant, show what happened, stop")
    keep = commands.add_parser("up", help="keep the stack running on a compressed clock until Ctrl-C")
    keep.add_argument(
        "--seconds-per-tick",
        type=_seconds,
        default=5.0,
        metavar="S",
        help="real seconds for a quarter of an hour of plant time, 0.5 to 900 (default: 5)",
    )
    keep.add_argument("--ticks", type=_at_least_one, default=None, metavar="N", help="stop after N ticks")
    return parser.parse_args(arguments)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.5 <= seconds <= 900:
        raise argparse.ArgumentTypeError("must be between 0.5 and 900")
    return seconds


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    raise SystemExit(main())
