"""`plantpulse product-rates`: lists ideal rates of products, and imports them from a table."""

from typing import BinaryIO, Final

import click

from plantpulse.cli import cells, formats
from plantpulse.cli.app import App, Listing, json_option, limit_option, one_plant_option, pass_app
from plantpulse.cli.csv_tables import Cell
from plantpulse.cli.imports import Kind, decimal_option, import_options, run_import
from plantpulse.cli.tables import Column, fitted

PRODUCT_RATES: Final = Kind(
    function="import_product_rates",
    cells={
        "asset": Cell(cells.name, is_required=True),
        "product": Cell(cells.name, is_required=True),
        "ideal_units_per_hour": Cell(cells.number(above_zero=True), is_required=True, is_number=True),
    },
    key=("asset", "product"),
    names={"asset": "asset_key", "product": "product_key"},
)


@click.group("product-rates", cls=Listing)
def product_rates() -> None:
    """List or import ideal rates of products, for plants whose output names the product."""


@product_rates.command("list")
@one_plant_option
@limit_option(1000)
@json_option
@pass_app
def list_product_rates(app: App, plant: str, limit: int) -> None:
    """List the ideal rates of a plant's products, by asset and product."""
    with app.records() as records:
        found = records.product_rates(plant, limit=limit)
    nothing = f"{plant} has no rates of products: each product has the ideal rate of its asset"
    app.output.answer(
        {"plant": plant, "product_rates": found},
        lambda: fitted(app.output.console, _COLUMNS, found, nothing=nothing),
    )


_COLUMNS: Final = [
    Column("Asset", lambda one: one["asset"]["name"], folds=True),
    Column("Product", lambda one: one["product"], folds=True),
    Column("Units an hour", lambda one: formats.number(one["ideal_units_per_hour"]), "right"),
]


@product_rates.command("import")
@import_options
@decimal_option
@pass_app
def import_(app: App, file: BinaryIO, plant: str | None, dry_run: bool, yes: bool) -> None:
    """Add and change rates from a CSV file (- is stdin): the whole file, or nothing."""
    run_import(app, PRODUCT_RATES, file, plant, is_dry_run=dry_run, is_sure=yes)
