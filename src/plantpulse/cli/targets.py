"""`plantpulse targets`: imports shift targets from a table."""

from typing import BinaryIO, Final

import click

from plantpulse.cli import cells
from plantpulse.cli.app import App, pass_app
from plantpulse.cli.csv_tables import Cell, Row
from plantpulse.cli.imports import Kind, import_options, run_import


def check_target(row: Row) -> tuple[str, str] | None:
    """Return the column that does not fit the row, and why; None if all fit."""
    if row["starts_at"] == row["ends_at"]:
        return "ends_at", "must not be the same as starts_at"
    begins, ends = row.get("valid_from") or "2000-01-01", row.get("valid_until")
    if ends is not None and ends <= begins:
        return "valid_until", "must be after valid_from: it is the first day without the target"
    return None


TARGETS: Final = Kind(
    function="import_shift_targets",
    cells={
        "asset": Cell(cells.name, is_required=True),
        "shift_name": Cell(cells.name, is_required=True),
        "starts_at": Cell(cells.time_of_day, is_required=True),
        "ends_at": Cell(cells.time_of_day, is_required=True),
        "target_output": Cell(cells.number(), is_required=True),
        "days_of_week": Cell(cells.days_of_week),
        "valid_from": Cell(cells.day),
        "valid_until": Cell(cells.day),
        "breaks": Cell(cells.breaks),
    },
    check_row=check_target,
    names={"asset": "asset_key", "shift_name": "shift_key"},
)


@click.group()
def targets() -> None:
    """Import shift targets: what assets should make in a shift."""


@targets.command("import")
@import_options
@pass_app
def import_(app: App, file: BinaryIO, plant: str | None, dry_run: bool, yes: bool) -> None:
    """Add and change shift targets from a CSV file (- is stdin): the whole file, or nothing."""
    run_import(app, TARGETS, file, plant, is_dry_run=dry_run, is_sure=yes)
