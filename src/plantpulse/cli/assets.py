"""`plantpulse assets`: imports a plant's assets from a table."""

from typing import BinaryIO, Final

import click

from plantpulse.cli import cells
from plantpulse.cli.app import App, pass_app
from plantpulse.cli.csv_tables import Cell
from plantpulse.cli.imports import Kind, decimal_option, import_options, run_import

ASSETS: Final = Kind(
    function="import_assets",
    cells={
        "source_name": Cell(cells.name, is_required=True),
        "name": Cell(cells.name),
        "area": Cell(cells.name),
        "cost_center": Cell(cells.name),
        "ideal_units_per_hour": Cell(cells.number(above_zero=True), is_number=True),
        "is_active": Cell(cells.yes_or_no),
    },
    key=("source_name",),
    names={"source_name": "name_key", "cost_center": "cost_center_key"},
)


@click.group()
def assets() -> None:
    """Import a plant's assets."""


@assets.command("import")
@decimal_option
@import_options
@pass_app
def import_(app: App, file: BinaryIO, plant: str | None, dry_run: bool, yes: bool) -> None:
    """Add, change and map assets from a CSV file (- is stdin): the whole file, or nothing."""
    run_import(app, ASSETS, file, plant, is_dry_run=dry_run, is_sure=yes)
