"""`plantpulse tags start` and `stop`: rows of `tag_commands`, which a burst hears within two seconds."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import click
from rich.text import Text

from plantpulse.cli.app import App, Function, json_option, one_plant_option, pass_app
from plantpulse.cli.exit_codes import SUCCESS, TRY_AGAIN
from plantpulse.cli.signatures import by_option, signature
from plantpulse.cli.tags_words import one_group
from plantpulse.errors import InvalidRequest

Record = Mapping[str, Any]

WAIT_S: Final = 90  # a schedule starts a burst every minute
_LOOK_S: Final = 0.5


def _options(function: Function) -> Function:
    options = (
        click.argument("group", required=False),
        click.option("--all", "is_all", is_flag=True, help="All groups of the plant."),
        one_plant_option,
        click.option(
            "--wait",
            "wait_s",
            type=click.IntRange(0, 3600),
            default=WAIT_S,
            show_default=True,
            metavar="SECONDS",
            help="Wait at most so long until it is done.",
        ),
        by_option,
        json_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.command()
@_options
@pass_app
def start(app: App, group: str | None, is_all: bool, plant: str, wait_s: int, by: str) -> int:
    """Start a group, or all groups of a plant, and wait until they are polled."""
    return _command(app, "start", plant, _named(group, is_all=is_all), wait_s, by)


@click.command()
@_options
@pass_app
def stop(app: App, group: str | None, is_all: bool, plant: str, wait_s: int, by: str) -> int:
    """Stop a group, or all groups of a plant: the cycle that is under way is completed."""
    return _command(app, "stop", plant, _named(group, is_all=is_all), wait_s, by)


def _named(group: str | None, *, is_all: bool) -> str | None:
    """Return the group's name, None for all. Raises: InvalidRequest unless one of the two is named."""
    if (group is None) != is_all:
        raise InvalidRequest("name one group, or --all", field="group")
    return group


def _command(app: App, kind: str, plant: str, group: str | None, wait_s: int, by: str) -> int:
    with app.tag_records(within_s=60.0 + wait_s) as records:
        group_id = None if group is None else one_group(records.groups(plant), group)["id"]
        row = {"plant": plant, "group_id": group_id, "kind": kind, "requested_by_name": signature(by)}
        command: Record = records.command(row)
        with app.output.busy("Waiting"):
            command = awaited(lambda: records.command_as_heard(command["id"]), wait_s)
    app.output.answer({"command": {**command, "group": group}}, lambda: _told(command, group))
    return SUCCESS if command["done_at"] else TRY_AGAIN


def awaited(
    look: Callable[[], Record],
    wait_s: float,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Record:
    """Return a command when it is done, or as it stands when the time is up."""
    until_s = monotonic() + wait_s
    while not (command := look())["done_at"] and monotonic() < until_s:
        sleep(_LOOK_S)
    return command


def _told(command: Record, group: str | None) -> Text:
    what = "all groups" if group is None else f"group {group}"
    did = {"start": "started", "stop": "stopped"}[command["kind"]]
    if command["done_at"]:
        return Text(f"{did} {what} of {command['plant']}", "green")
    if command["heard_at"]:
        return Text(
            f"{what}: heard, but not all of it is {did} yet; `plantpulse tags status` shows it", "yellow"
        )
    told = f"{what}: nobody has heard it yet. It stands: a burst that begins acts on it"
    return Text(f"{told}; `plantpulse tags status` shows whether one polls", "yellow")
