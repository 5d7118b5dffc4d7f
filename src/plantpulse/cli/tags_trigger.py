"""`plantpulse tags trigger`: reads a handshake group now, as the function does when it is called."""

import getpass
from collections.abc import Mapping
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse import database
from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, one_plant_option, pass_app
from plantpulse.cli.exit_codes import FAILED, SUCCESS, TRY_AGAIN
from plantpulse.cli.tables import Column, details, fitted
from plantpulse.cli.tags_devices import handshake_of
from plantpulse.cli.tags_words import value_of
from plantpulse.errors import InvalidRequest
from plantpulse.tags.trigger import Trigger

Record = Mapping[str, Any]


@click.command()
@click.argument("group")
@one_plant_option
@json_option
@pass_app
def trigger(app: App, group: str, plant: str) -> int:
    """Read a handshake group now, and store the sample."""
    asked = Trigger(plant, group, handshake_of(app, plant))
    budget = asked.start_budget()
    supabase = app.settings.require_supabase()
    with (
        app.output.busy("Reading"),
        app.logs_aside(),
        database.connect(supabase, seconds_left=budget.seconds_left, clock=app.clock) as store,
    ):
        answer: Record = asked.answer(store, f"cli:{getpass.getuser()}", budget).body
    if answer["outcome"] == "refused":
        raise InvalidRequest(answer["error"]["message"], field="group")
    app.output.answer(answer, lambda: _page(app, answer))
    if answer["success"]:
        return SUCCESS
    return TRY_AGAIN if answer["error"]["is_retryable"] else FAILED


def _page(app: App, answer: Record) -> RenderableType:
    error = answer["error"]
    slot = answer["slot"] and formats.local(answer["slot"], app.zone_of(answer["plant"]), "%Y-%m-%d %H:%M:%S")
    facts = [
        ("outcome", formats.styled(answer["outcome"])),
        ("error", error and Text(f"{error['code']}: {error['message']}", "red")),
        ("at", slot),
        ("tags", f"{answer['tag_count']}, {answer['bad_count']} of them without a value"),
        ("took", formats.milliseconds(answer["took_ms"])),
        ("", "asked for twice within a second: the first answer" if answer.get("is_duplicate") else None),
    ]
    if not answer["values"]:
        return details(facts)
    return Group(details(facts), Text(), fitted(app.output.console, _COLUMNS, answer["values"]))


def _value(one: Record) -> str | None:
    return value_of(one["value"], "bool" if isinstance(one["value"], bool) else "string")


_COLUMNS: Final = [
    Column("Tag", lambda one: one["tag"], folds=True),
    Column("Value", _value, "right"),
    Column("Unit", lambda one: one["unit"]),
    Column("Quality", lambda one: one["quality"].replace("_", " ")),
]
