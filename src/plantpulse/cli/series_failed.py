"""`plantpulse series failed` and `retry`: replies that could not be read or stored, and another try."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, limit_option, pass_app
from plantpulse.cli.arguments import ID
from plantpulse.cli.tables import Column, details, fitted
from plantpulse.errors import InvalidRequest

Record = Mapping[str, Any]

_REPLY_SHOWN: Final = 2000


@click.command()
@click.argument("batch_id", type=ID, required=False)
@click.option("--all", "is_all", is_flag=True, help="List also those that another try has resolved.")
@limit_option(50)
@json_option
@pass_app
def failed(app: App, batch_id: int | None, is_all: bool, limit: int) -> None:
    """List replies that could not be read or stored, latest first; or show one with the reply."""
    with app.series_records() as records:
        if batch_id is None:
            found = records.failed_batches(is_all=is_all, limit=limit)
        else:
            found = [known_batch(records.failed_batch(batch_id), batch_id)]
    app.output.answer(
        {"failed_batches": found},
        lambda: _table(app, found, is_all=is_all) if batch_id is None else _batch(found[0]),
    )


def known_batch(batch: dict[str, Any] | None, batch_id: int) -> dict[str, Any]:
    """Return a failed batch. Raises: InvalidRequest if there is none."""
    if batch is None:
        message = f"there is no failed batch {batch_id}; `plantpulse series failed` lists them"
        raise InvalidRequest(message, field="batch_id")
    return batch


def _table(app: App, found: Sequence[Record], *, is_all: bool) -> RenderableType:
    columns = [
        Column("Batch", lambda one: str(one["id"]), "right"),
        Column("Failed", lambda one: formats.local(one["failed_at"], None)),
        Column("Source", lambda one: one["source"], rank=3, goes_below=True),
        Column("Kind", lambda one: one["kind"]),
        Column("Area", lambda one: one["subject"], folds=True),
        Column("From", lambda one: formats.local(one["asked_from"], None), rank=2, goes_below=True),
        Column("Until", lambda one: formats.local(one["asked_until"], None), rank=4, goes_below=True),
        Column("Times", lambda one: str(one["attempts"]), "right", rank=5),
        Column("Resolved", lambda one: formats.local(one["resolved_at"], None), rank=6, goes_below=True),
        Column("Why", lambda one: formats.on_one_line(one["message"]), rank=1, folds=True, goes_below=True),
    ]
    shown = [one for one in columns if is_all or one.heading != "Resolved"]
    nothing = "no failed batches" if is_all else "no failed batches: all is well"
    return fitted(app.output.console, shown, found, nothing=nothing)


def _batch(one: Record) -> RenderableType:
    span = f"{formats.local(one['asked_from'], None)} to {formats.local(one['asked_until'], None)}"
    facts = details(
        [
            ("batch", str(one["id"])),
            ("asked", f"{one['kind']} of {one['subject']} from {one['source']}"),
            ("span", span),
            ("failed", f"{formats.local(one['failed_at'], None)}, {one['attempts']} times"),
            ("why", Text(f"{one['code']}: {one['message']}", "red")),
            ("run", str(one["run_id"])),
            ("resolved", formats.local(one["resolved_at"], None)),
        ]
    )
    reply = one["reply"]
    if not reply:
        return Group(facts, Text("\nthe reply was not kept"))
    cut = "" if len(reply) <= _REPLY_SHOWN else "\n… --json has more"
    return Group(facts, Text("\nThe reply begins", "bold"), Text(f"{reply[:_REPLY_SHOWN]}{cut}"))
