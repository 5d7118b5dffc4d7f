"""`plantpulse closed-days`: imports the days on which a plant or an asset does not work."""

from typing import BinaryIO, Final

import click

from plantpulse.cli import cells
from plantpulse.cli.app import App, pass_app
from plantpulse.cli.csv_tables import Cell
from plantpulse.cli.imports import Kind, import_options, run_import

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


@click.group("closed-days")
def closed_days() -> None:
    """Import closed days: holidays and other days without shifts."""


@closed_days.command("import")
@import_options
@pass_app
def import_(app: App, file: BinaryIO, plant: str | None, dry_run: bool, yes: bool) -> None:
    """Add and change closed days from a CSV file (- is stdin): the whole file, or nothing."""
    run_import(app, CLOSED_DAYS, file, plant, is_dry_run=dry_run, is_sure=yes)
