"""`plantpulse targets`: lists a plant's shift targets, and imports them from a table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

import click

from plantpulse.cli import cells, formats
from plantpulse.cli.app import App, Listing, json_option, limit_option, one_plant_option, pass_app
from plantpulse.cli.breaks import Span, faults_of_breaks, questions_about_breaks
from plantpulse.cli.csv_tables import Cell, Checks, Remark, Row
from plantpulse.cli.imports import Kind, decimal_option, import_options, run_import
from plantpulse.cli.tables import Column, fitted

Record = Mapping[str, Any]


def faults_of_target(row: Row) -> Iterator[Remark]:
    """Yield the columns that do not fit the row, and why."""
    if row["starts_at"] and row["starts_at"] == row["ends_at"]:
        yield "ends_at", "must not be the same as starts_at"
    begins, ends = row["valid_from"] or "2000-01-01", row["valid_until"]
    if ends is not None and ends <= begins:
        yield "valid_until", "must be after valid_from: it is the first day without the target"
    if shift := _shift_of(row):
        yield from (("breaks", fault) for fault in faults_of_breaks(shift, _breaks_of(row)))


def questions_about_target(row: Row) -> Iterator[Remark]:
    """Yield the breaks that lie outside their shift and so change nothing."""
    if shift := _shift_of(row):
        yield from (("breaks", question) for question in questions_about_breaks(shift, _breaks_of(row)))


def _shift_of(row: Row) -> Span | None:
    starts_at, ends_at = row["starts_at"], row["ends_at"]
    return Span(starts_at, ends_at) if starts_at and ends_at and starts_at != ends_at else None


def _breaks_of(row: Row) -> list[Span]:
    return [Span(one["starts_at"], one["ends_at"]) for one in row["breaks"] or ()]


TARGETS: Final = Kind(
    function="import_shift_targets",
    cells={
        "asset": Cell(cells.name, is_required=True),
        "shift_name": Cell(cells.name, is_required=True),
        "starts_at": Cell(cells.time_of_day, is_required=True),
        "ends_at": Cell(cells.time_of_day, is_required=True),
        "target_output": Cell(cells.number(), is_required=True, is_number=True),
        "days_of_week": Cell(cells.days_of_week),
        "valid_from": Cell(cells.day),
        "valid_until": Cell(cells.day),
        "breaks": Cell(cells.breaks),
    },
    checks=Checks(faults_of_target, questions_about_target),
    names={"asset": "asset_key", "shift_name": "shift_key"},
)


@click.group(cls=Listing)
def targets() -> None:
    """List or import shift targets: what assets should make in a shift."""


@targets.command("list")
@one_plant_option
@limit_option(1000)
@json_option
@pass_app
def list_targets(app: App, plant: str, limit: int) -> None:
    """List a plant's shift targets by asset, shift and first day."""
    with app.records() as records:
        found = records.shift_targets(plant, limit=limit)
    nothing = f"{plant} has no shift targets: without them nothing is on or below target"
    app.output.answer(
        {"plant": plant, "shift_targets": found},
        lambda: fitted(app.output.console, _COLUMNS, found, nothing=nothing),
    )


def days(numbers: Sequence[int]) -> str:
    """Return ISO days (1 = Monday) as people write them: Mon-Fri, Sat Sun."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return " ".join(_span(span) for span in spans)


def _span(span: Sequence[int]) -> str:
    names = [_DAYS[number - 1] for number in span]
    return " ".join(names) if len(names) < 3 else f"{names[0]}-{names[-1]}"


def _breaks(target: Record) -> str:
    return " ".join(f"{one['starts_at']}-{one['ends_at']}" for one in target["breaks"])


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_COLUMNS: Final = [
    Column("Asset", lambda one: one["asset"]["name"], folds=True),
    Column("Shift", lambda one: one["shift_name"], folds=True),
    Column("Hours", lambda one: f"{one['starts_at'][:5]}-{one['ends_at'][:5]}"),
    Column("Target", lambda one: formats.number(one["target_output"]), "right"),
    Column("Days", lambda one: days(one["days_of_week"]), rank=1, goes_below=True),
    Column("From", lambda one: one["valid_from"], rank=3, goes_below=True),
    Column("Until", lambda one: one["valid_until"], rank=2, goes_below=True),
    Column("Breaks", _breaks, rank=4, folds=True, goes_below=True),
]


@targets.command("import")
@decimal_option
@import_options
@pass_app
def import_(app: App, file: BinaryIO, plant: str | None, dry_run: bool, yes: bool) -> None:
    """Add and change shift targets from a CSV file (- is stdin): the whole file, or nothing."""
    run_import(app, TARGETS, file, plant, is_dry_run=dry_run, is_sure=yes)
