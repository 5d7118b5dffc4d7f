"""The steps of every import: read, preview, ask, write. The whole file, or nothing.

The database itself makes the preview, so it cannot differ from the import.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO, Final

import click

from plantpulse.cli.app import App, Function, json_option, named_plant_option
from plantpulse.cli.csv_tables import (
    NO_CHECKS,
    Cell,
    Checks,
    Mistake,
    Row,
    Table,
    in_order,
    no_mistakes,
    read_table,
)
from plantpulse.cli.csv_text import MOST_BYTES, Unreadable, decode
from plantpulse.cli.exit_codes import INTERRUPTED
from plantpulse.cli.import_pages import Record, Step, answer_of, page_of
from plantpulse.cli.numbers import SIGNS
from plantpulse.errors import InvalidRequest
from plantpulse.plant.text import normalise_key

MISTAKES_SHOWN: Final = 50

_DECIMAL: Final = "plantpulse.decimal"


class BadTable(InvalidRequest):
    """Lines of a file are wrong; nothing was written."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = in_order(mistakes)
        shown = [str(mistake) for mistake in self.mistakes[:MISTAKES_SHOWN]]
        left = len(mistakes) - len(shown)
        more = [f"and {left} more: --json shows them"] if left else []
        super().__init__("\n".join(["nothing was imported:", *shown, *more]), field="file")


@dataclass(frozen=True)
class Kind:
    """A kind of table: its columns, checks of whole rows, and the SQL function that imports it.

    `names` are the columns whose keys the function compares, each with what it calls the key. `key` are those
    of which a value may stand in one row only. `together` finds what is wrong with rows beside each other.
    """

    function: str
    cells: Mapping[str, Cell]
    checks: Checks = NO_CHECKS
    key: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    together: Callable[[Table], Iterable[Mistake]] = no_mistakes


def import_options(function: Function) -> Function:
    """Give a command the arguments of every import."""
    options = (
        click.argument("file", type=click.File("rb"), metavar="FILE"),
        named_plant_option,
        click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing."),
        click.option("--yes", is_flag=True, help="Write without asking."),
        json_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def decimal_option(function: Function) -> Function:
    """Give an import of a table with numbers --decimal."""

    def note(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
        ctx.meta[_DECIMAL] = SIGNS[value] if value else None

    return click.option(
        "--decimal",
        type=click.Choice(sorted(SIGNS)),
        expose_value=False,
        callback=note,
        help="The sign before the decimals of numbers, where the file leaves it open.",
    )(function)


def decimal_of(context: click.Context) -> str | None:
    """Return the sign that --decimal named."""
    sign: str | None = context.meta.get(_DECIMAL)
    return sign


def run_import(
    app: App, kind: Kind, file: BinaryIO, plant: str | None, *, is_dry_run: bool, is_sure: bool
) -> None:
    """Import a file. Raises: BadTable, InvalidRequest."""
    plant = app.one_plant(plant)
    table = read_file(file, kind, decimal_of(click.get_current_context()))
    with app.output.busy(f"Comparing {len(table.rows):,} rows"):
        preview = _send(app, kind, plant, table, is_dry_run=True)
    is_new = any(row["change"] != "unchanged" for row in preview["rows"])
    if is_dry_run or not is_new:
        _show(app, preview, table, Step.DRY_RUN if is_dry_run else Step.NOTHING)
        return
    if not is_sure:
        confirm(app, lambda: _show(app, preview, table, Step.PREVIEW), plant, file)
    with app.output.busy(f"Writing {len(table.rows):,} rows"):
        written = _send(app, kind, plant, table, is_dry_run=False)
    _show(app, written, table, Step.WRITTEN)


def confirm(app: App, show: Callable[[], None], plant: str, file: BinaryIO) -> None:
    """Show what would be written, and return if a person wants that. Raises: Exit, InvalidRequest."""
    may_ask = sys.stdin.isatty() and file is not sys.stdin.buffer
    if not app.output.is_json:
        show()
    if app.output.is_json or not may_ask:
        told = "nothing was written, because nobody is there to be asked: use --yes to write, or --dry-run"
        raise InvalidRequest(told, field="yes")
    if not click.confirm(f"Write this to plant {plant}?", err=True):
        app.output.note("nothing was written")
        raise click.exceptions.Exit(INTERRUPTED)


def read_file(file: BinaryIO, kind: Kind, decimal: str | None = None) -> Table:
    """Return the table in a file. Raises: BadTable with every mistake in it."""
    try:
        text = decode(file.read(MOST_BYTES + 1))
    except Unreadable as error:
        raise BadTable([Mistake(error.line, None, str(error))]) from None
    table = read_table(text, kind.cells, kind.checks, decimal)
    table.mistakes += [*_repetitions(table, kind.key), *kind.together(table)]
    if not table.rows and not table.mistakes:
        table.mistakes.append(Mistake(1, None, "there are no rows below the column names"))
    if table.mistakes:
        raise BadTable(table.mistakes)
    return table


def _repetitions(table: Table, key: tuple[str, ...]) -> list[Mistake]:
    first: dict[tuple[Any, ...], int] = {}
    found = []
    for row in table.rows if key else ():
        values = tuple(normalise_key(value) for name in key if (value := row.get(name)) is not None)
        if len(values) == len(key) and (line := first.setdefault(values, row["line"])) != row["line"]:
            found.append(Mistake(row["line"], key[0], f"the same as in line {line}"))
    return found


def _send(app: App, kind: Kind, plant: str, table: Table, *, is_dry_run: bool) -> Record:
    with app.changes() as changes:
        rows = [row | _keys(row, kind.names) for row in table.rows]
        answer = changes.import_rows(kind.function, plant, table.columns, rows, is_dry_run=is_dry_run)
    if answer["errors"]:
        raise BadTable([Mistake(one["line"], one["column"], one["message"]) for one in answer["errors"]])
    return answer


def _keys(row: Row, names: Mapping[str, str]) -> Row:
    return {key: normalise_key(row[name]) for name, key in names.items() if row.get(name) is not None}


def _show(app: App, told: Record, table: Table, step: Step) -> None:
    answer = answer_of(told, [asdict(question) for question in table.questions], step)
    app.output.answer(answer.document, lambda: page_of(app.output.console, answer, step))
