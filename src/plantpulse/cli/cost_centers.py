"""`plantpulse cost-centers`: lists and imports what standstill and scrap cost."""

from typing import BinaryIO, Final

import click

from plantpulse.cli import cells
from plantpulse.cli.app import App, Listing, json_option, limit_option, one_plant_option, pass_app
from plantpulse.cli.csv_tables import Cell
from plantpulse.cli.imports import Kind, decimal_option, import_options, run_import
from plantpulse.cli.tables import Column, fitted

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


@click.group("cost-centers", cls=Listing)
def cost_centers() -> None:
    """List or import a plant's cost centers with their rates."""


@cost_centers.command("list")
@one_plant_option
@limit_option(1000)
@json_option
@pass_app
def list_cost_centers(app: App, plant: str, limit: int) -> None:
    """List a plant's cost centers with their rates."""
    with app.records() as records:
        found = records.cost_centers(plant, limit=limit)
    nothing = f"{plant} has no cost centers: without them reports have no loss"
    app.output.answer(
        {"plant": plant, "cost_centers": found},
        lambda: fitted(app.output.console, _COLUMNS, found, nothing=nothing),
    )


_COLUMNS: Final = [
    Column("Name", lambda one: one["name"], folds=True),
    Column("Hour of standstill", lambda one: f"{one['standard_hourly_rate']:,}", "right"),
    Column("Scrapped unit", lambda one: f"{one['scrap_unit_cost']:,}", "right"),
]


@cost_centers.command("import")
@decimal_option
@import_options
@pass_app
def import_(app: App, file: BinaryIO, plant: str | None, dry_run: bool, yes: bool) -> None:
    """Add and change cost centers from a CSV file (- is stdin): the whole file, or nothing."""
    run_import(app, COST_CENTERS, file, plant, is_dry_run=dry_run, is_sure=yes)
