"""`plantpulse tags status`: how the polling of each group goes, once or again and again."""

from typing import Final

import click

from plantpulse.cli.app import App, json_option, one_plant_option, pass_app
from plantpulse.cli.tags_live import watch
from plantpulse.cli.tags_states import page_of
from plantpulse.errors import InvalidRequest

WATCH_S: Final = 2.0  # a burst tells how it does every two seconds
UNHEALTHY: Final = 1
_BAD: Final = ("failing", "missing")


@click.command()
@one_plant_option
@click.option("--watch", "is_watched", is_flag=True, help="Keep looking, every two seconds, until Ctrl-C.")
@json_option
@pass_app
def status(app: App, plant: str, is_watched: bool) -> int:
    """Show how the polling of each group goes. It ends with 1 if a group fails or nobody polls it."""
    if is_watched:
        if app.output.is_json or not app.output.console.is_terminal:
            raise InvalidRequest("a live view needs a terminal, and no --json", field="watch")
        watch(app, plant, WATCH_S)
        return 0
    with app.tag_records() as records:
        told = records.status(plant)
    is_bad, found = any(one["state"] in _BAD for one in told["groups"]), {"plant": plant, **told}
    app.output.answer(found, lambda: page_of(app.output.console, found))
    return UNHEALTHY if is_bad else 0
