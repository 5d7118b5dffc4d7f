"""`plantpulse closed-days`: lists and imports the days on which a plant or an asset does not work."""

from collections.abc import Mapping
from typing import Any, BinaryIO, Final

import click

from plantpulse.cli import cells
from plantpulse.cli.app import App, Listing, json_option, limit_option, one_plant_option, pass_app
from plantpulse.cli.csv_tables import Cell
from plantpulse.cli.imports import Kind, import_options, run_import
from plantpulse.cli.tables import Column, fitted

Record = Mapping[str, Any]

CLOSED_DAYS: Final = Kind(
    function="import_closed_days",
    cells={
        "date": Cell(cells.day, is_required=True),
        "name": Cell(cells.name, is_required=True),
        "asset": Cell(cells.name),
        "is_closed": Cell(cells.yes_or_no),
    },
    names={"asset": "asset_key"},
)


@click.group("closed-days", cls=Listing)
def closed_days() -> None:
    """List or import closed days: holidays and other days without shifts."""


@closed_days.command("list")
@one_plant_option
@limit_option(1000)
@json_option
@pass_app
def list_closed_days(app: App, plant: str, limit: int) -> None:
    """List a plant's closed days, latest first, and those that were taken back."""
    with app.records() as records:
        found = records.closed_days(plant, limit=limit)
    nothing = f"{plant} has no closed days: shifts start as the targets say"
    app.output.answer(
        {"plant": plant, "closed_days": found},
        lambda: fitted(app.output.console, _COLUMNS, found, nothing=nothing),
    )


_COLUMNS: Final = [
    Column("Date", lambda one: one["date"]),
    Column("Name", lambda one: one["name"], folds=True),
    Column("Asset", lambda one: one["asset"]["name"] if one["asset"] else "whole plant", folds=True),
    Column("", lambda one: "closed" if one["is_closed"] else "works"),
]


@closed_days.command("import")
@import_options
@pass_app
def import_(app: App, file: BinaryIO, plant: str | None, dry_run: bool, yes: bool) -> None:
    """Add and change closed days from a CSV file (- is stdin): the whole file, or nothing."""
    run_import(app, CLOSED_DAYS, file, plant, is_dry_run=dry_run, is_sure=yes)
