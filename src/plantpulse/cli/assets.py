"""`plantpulse assets`: lists a plant's assets, and imports them from a table."""

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Final

import click
from rich.console import Group
from rich.text import Text

from plantpulse.cli import cells, formats
from plantpulse.cli.app import App, Listing, json_option, limit_option, one_plant_option, pass_app
from plantpulse.cli.csv_tables import Cell
from plantpulse.cli.imports import Kind, decimal_option, import_options, run_import
from plantpulse.cli.tables import Column, fitted

Record = Mapping[str, Any]

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


@click.group(cls=Listing)
def assets() -> None:
    """List or import a plant's assets."""


@assets.command("list")
@one_plant_option
@limit_option(1000)
@json_option
@pass_app
def list_assets(app: App, plant: str, limit: int) -> None:
    """List a plant's assets: first those that a poll has found and nobody has mapped."""
    with app.records() as records:
        found = [as_shown(one) for one in records.assets(plant, limit=limit)]
    app.output.answer({"plant": plant, "assets": found}, lambda: _page(app, plant, found))


def as_shown(asset: Record) -> dict[str, Any]:
    """Return an asset with the name of its cost center, None without one."""
    return {**asset, "cost_center": (asset["cost_center"] or {}).get("name")}


def _page(app: App, plant: str, found: Sequence[Record]) -> Group:
    unmapped = sum(not one["is_mapped"] for one in found)
    nothing = f"{plant} has no assets yet: import them, or let a poll find them"
    table = fitted(app.output.console, _COLUMNS, found, nothing=nothing)
    if not found:
        return Group(table)
    if not unmapped:
        return Group(table, Text("\nall of them are mapped", "green"))
    advice = f"\n{unmapped} not mapped, so without snapshots: map them with `plantpulse assets import`"
    return Group(table, Text(advice, "yellow"))


def _state(asset: Record) -> Text:
    if not asset["is_mapped"]:
        return Text("not mapped", "yellow")
    return Text("in use", "green") if asset["is_active"] else Text("out of use", "dim")


_COLUMNS: Final = [
    Column("Source name", lambda one: one["source_name"], folds=True),
    Column("Name", lambda one: one["name"], rank=1, folds=True, goes_below=True),
    Column("State", _state),
    Column("Area", lambda one: one["area"], rank=2, folds=True, goes_below=True),
    Column("Cost center", lambda one: one["cost_center"], rank=3, folds=True, goes_below=True),
    Column("Ideal/h", lambda one: formats.number(one["ideal_units_per_hour"]), "right", rank=4),
]


@assets.command("import")
@decimal_option
@import_options
@pass_app
def import_(app: App, file: BinaryIO, plant: str | None, dry_run: bool, yes: bool) -> None:
    """Add, change and map assets from a CSV file (- is stdin): the whole file, or nothing."""
    run_import(app, ASSETS, file, plant, is_dry_run=dry_run, is_sure=yes)
