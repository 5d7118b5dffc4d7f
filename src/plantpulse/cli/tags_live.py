"""The live view of `plantpulse tags status --watch`: one page that is drawn anew on the terminal."""

import threading
from typing import Final

from rich.console import Group
from rich.live import Live
from rich.text import Text

from plantpulse.cli import interrupts
from plantpulse.cli.app import App
from plantpulse.cli.tags_states import page_of
from plantpulse.errors import TransientError

_DAY_S: Final = 86_400.0


def watch(app: App, plant: str, every_s: float) -> None:
    """Draw the page every so many seconds until Ctrl-C; a Supabase that is away is told below it."""
    pause = threading.Event()
    with (
        app.tag_records(within_s=30 * _DAY_S) as records,
        Live(console=app.output.console, auto_refresh=False) as live,
    ):
        try:
            page = Group(Text("…"))
            while True:
                try:
                    page = Group(page_of(app.output.console, {"plant": plant, **records.status(plant)}))
                    live.update(Group(page, Text("\nCtrl-C ends this view", "dim")), refresh=True)
                except TransientError as error:
                    live.update(Group(page, Text(f"\nnot up to date: {error}", "yellow")), refresh=True)
                pause.wait(every_s)
        except KeyboardInterrupt:
            interrupts.hear()
