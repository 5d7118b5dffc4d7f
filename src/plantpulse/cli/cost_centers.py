"""`plantpulse cost-centers`: imports the cost of standstill and scrap from a table."""

from typing import BinaryIO, Final

import click

from plantpulse.cli import cells
from plantpulse.cli.app import App, pass_app
from plantpulse.cli.csv_tables import Cell
from plantpulse.cli.imports import Kind, decimal_option, import_options, run_import

COST_CENTERS: Final = Kind(
    function="import_cost_centers",
    cells={
        "name": Cell(cells.name, is_required=True),
        "standard_hourly_rate": Cell(cells.number(), is_required=True, is_number=True),
        "scrap_unit_cost": Cell(cells.number(), is_number=True),
    },
    key=("name",),
    names={"name": "name_key"},
)


@click.group("cost-centers")
def cost_centers() -> None:
    """Import a plant's cost centers with their rates."""


@cost_centers.command("import")
@decimal_option
@import_options
@pass_app
def import_(app: App, file: BinaryIO, plant: str | None, dry_run: bool, yes: bool) -> None:
    """Add and change cost centers from a CSV file (- is stdin): the whole file, or nothing."""
    run_import(app, COST_CENTERS, file, plant, is_dry_run=dry_run, is_sure=yes)
