"""`plantpulse product-rates`: imports ideal rates of products from a table."""

from typing import BinaryIO, Final

import click

from plantpulse.cli import cells
from plantpulse.cli.app import App, pass_app
from plantpulse.cli.csv_tables import Cell
from plantpulse.cli.imports import Kind, import_options, run_import

PRODUCT_RATES: Final = Kind(
    function="import_product_rates",
    cells={
        "asset": Cell(cells.name, is_required=True),
        "product": Cell(cells.name, is_required=True),
        "ideal_units_per_hour": Cell(cells.number(above_zero=True), is_required=True),
    },
    key=("asset", "product"),
    names={"asset": "asset_key", "product": "product_key"},
)


@click.group("product-rates")
def product_rates() -> None:
    """Import ideal rates of products, for plants whose output names the product."""


@product_rates.command("import")
@import_options
@pass_app
def import_(app: App, file: BinaryIO, plant: str | None, dry_run: bool, yes: bool) -> None:
    """Add and change rates from a CSV file (- is stdin): the whole file, or nothing."""
    run_import(app, PRODUCT_RATES, file, plant, is_dry_run=dry_run, is_sure=yes)
