"""`plantpulse tags run`: the edge runner. It polls a plant's groups from a computer in the plant."""

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

import click
from rich.console import RenderableType
from rich.text import Text

from plantpulse import database
from plantpulse.cli import interrupts
from plantpulse.cli.app import App, json_option, one_plant_option, pass_app
from plantpulse.cli.tables import details
from plantpulse.errors import ConfigurationError
from plantpulse.tags.devices import devices_of
from plantpulse.tags.edge import Edge, told

MEGABYTE: Final = 1_000_000
_FOREVER_S: Final = 10 * 365 * 86_400.0


def spool_folder() -> Path:
    """Return where samples are kept if nobody says it. Source: XDG Base Directory Specification."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "plantpulse" / "tags"


@click.command()
@one_plant_option
@click.option("--once", "is_once", is_flag=True, help="End when the next one relieves this one: for cron.")
@click.option(
    "--spool",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=spool_folder,
    show_default="~/.local/state/plantpulse/tags",
    metavar="FOLDER",
    help="Where samples are kept while Supabase is away.",
)
@click.option(
    "--spool-mb",
    type=click.IntRange(10, 1_000_000),
    default=2000,
    show_default=True,
    metavar="MB",
    help="How much of the disk they may take: then the oldest are dropped, and counted.",
)
@json_option
@pass_app
def run(app: App, plant: str, is_once: bool, folder: Path, spool_mb: int) -> None:
    """Poll a plant's groups on this computer, until SIGTERM or Ctrl-C. Log lines go to stderr."""
    own = app.settings.require_tags(plant)
    if own.runs_on != "edge":
        message = f"plant {plant} is polled by the cloud: set `runs_on: edge` in its section `tags`"
        raise ConfigurationError(message)
    supabase, devices = app.settings.require_supabase(), devices_of(app.settings, plant)
    gc.enable()  # the command line rests it, but this one stays for months
    with (
        contextlib.redirect_stdout(sys.stderr),
        database.connect(supabase, seconds_left=lambda: _FOREVER_S, clock=app.clock) as store,
    ):
        edge = Edge(plant, store, devices, own, folder / plant, spool_mb * MEGABYTE, is_once)
        with _stopped_by_signals(edge):
            ended = told(plant, edge.run())
    app.output.answer(ended, lambda: _page(ended))


@contextlib.contextmanager
def _stopped_by_signals(edge: Edge) -> Iterator[None]:
    """Let SIGTERM and the first Ctrl-C end the burst in order; a second Ctrl-C ends it at once."""

    def stop(number: int, _frame: FrameType | None) -> None:
        interrupts.hear()
        edge.stop()
        signal.signal(number, before[number])

    before: dict[int, Any] = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    for one in before:
        signal.signal(one, stop)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _page(ended: Any) -> RenderableType:
    groups, refused = ended["groups"], ended["refused"]
    counts = ", ".join(f"{count:,} {name}" for name, count in ended["counts"].items())
    return details(
        [
            ("polled", ", ".join(groups) or "nothing"),
            ("samples", counts or None),
            *((name, Text(reason.replace("_", " "), "yellow")) for name, reason in refused.items()),
        ]
    )
