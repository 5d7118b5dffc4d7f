"""`plantpulse dead-letters`: events that AWS could not deliver. Google's scheduler keeps none."""

from dataclasses import asdict
from typing import Any, Final

import click
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, limit_option, pass_app
from plantpulse.cli.deployments import deployment_options
from plantpulse.cli.tables import Column, fitted
from plantpulse.plant.nearest import unknown
from plantpulse.schedules.pipelines import FUNCTIONS


@click.group(name="dead-letters", short_help="List events that AWS could not deliver, or send them again.")
def dead_letters() -> None:
    """List events that neither EventBridge nor Lambda could deliver, or send them again."""


@dead_letters.command(name="list", short_help="List undelivered events.")
@deployment_options
@limit_option(100)
@json_option
@pass_app
def list_letters(app: App, region: str | None, deployment: str, limit: int) -> None:
    """List undelivered events, oldest first. They stay in the queue."""
    from plantpulse.clouds.aws.dead_letters import DeadLetters  # noqa: PLC0415 - boto3 for who needs it

    found = [asdict(letter) for letter in DeadLetters(region=region, deployment=deployment).all(limit)]
    records = [record | {"sent_at": record["sent_at"].isoformat()} for record in found]
    app.output.answer({"dead_letters": records}, lambda: _dead_letters_page(app, records))


@dead_letters.command(short_help="Send events to their functions again.")
@deployment_options
@click.option("--function", metavar="NAME", help="Only events of this function.")
@limit_option(100)
@json_option
@pass_app
def redrive(app: App, region: str | None, deployment: str, function: str | None, limit: int) -> None:
    """Send events to their functions again, and delete those that Lambda accepted."""
    from plantpulse.clouds.aws.dead_letters import DeadLetters  # noqa: PLC0415 - boto3 for who needs it

    if function and function not in (known := [one.name for one in FUNCTIONS]):
        raise unknown("function", function, known, field="function")
    count = DeadLetters(region=region, deployment=deployment).redrive(function, limit)
    app.output.answer({"redriven": count}, lambda: Text(f"sent again: {count}"))


def _dead_letters_page(app: App, records: list[dict[str, Any]]) -> Any:
    return fitted(app.output.console, _COLUMNS, records, nothing="no dead letters: every event was delivered")


_COLUMNS: Final = [
    Column("Function", lambda one: one["function"]),
    Column("Since", lambda one: formats.local(one["sent_at"], None)),
    Column("Event", lambda one: formats.on_one_line(one["event"]), rank=2, folds=True, goes_below=True),
    Column("Reason", lambda one: formats.on_one_line(one["reason"]), rank=1, folds=True, goes_below=True),
]
