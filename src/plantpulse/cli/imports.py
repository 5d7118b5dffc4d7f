"""The steps of every import: read, preview, ask, write. The whole file, or nothing.

The database itself makes the preview, so it cannot differ from the import.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

import click
from rich.console import Group
from rich.text import Text

from plantpulse.cli.app import App, Function, json_option, plant_option
from plantpulse.cli.csv_tables import Cell, Mistake, NotUtf8, Row, Table, decode, read_table
from plantpulse.cli.tables import Column, fitted
from plantpulse.entry.invocations import plant_named
from plantpulse.errors import InvalidRequest
from plantpulse.plant.text import normalise_key

SHOWN: Final = 20
MISTAKES_SHOWN: Final = 50

Record = Mapping[str, Any]


class BadTable(InvalidRequest):
    """Lines of a file are wrong; nothing was written."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        shown = [str(mistake) for mistake in sorted(mistakes)[:MISTAKES_SHOWN]]
        left = len(mistakes) - len(shown)
        more = [f"and {left} more"] if left else []
        super().__init__("\n".join(["nothing was imported:", *shown, *more]), field="file")
        self.mistakes = sorted(mistakes)


@dataclass(frozen=True)
class Kind:
    """A kind of table: its columns, a check of whole rows, and the SQL function that imports it.

    `names` are the columns whose keys the function compares, each with what it calls the key. `key` are those
    of which a value may stand in one row only.
    """

    function: str
    cells: Mapping[str, Cell]
    check_row: Callable[[Row], tuple[str, str] | None] = lambda _: None
    key: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


def import_options(function: Function) -> Function:
    """Give a command the arguments of every import."""
    options = (
        click.argument("file", type=click.File("rb"), metavar="FILE"),
        plant_option,
        click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing."),
        click.option("--yes", is_flag=True, help="Write without asking."),
        json_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def run_import(
    app: App, kind: Kind, file: BinaryIO, plant: str | None, *, is_dry_run: bool, is_sure: bool
) -> None:
    """Import a file. Raises: BadTable, InvalidRequest."""
    plant = plant_named(plant, app.settings.plants)
    may_ask = not app.output.is_json and sys.stdin.isatty() and file is not sys.stdin.buffer
    if not (is_dry_run or is_sure or may_ask):
        raise InvalidRequest("there is no terminal to ask on: use --yes to write, or --dry-run", field="yes")
    table = _read(file, kind)
    with app.output.busy(f"Comparing {len(table.rows):,} rows"):
        preview = _send(app, kind, plant, table, is_dry_run=True)
    if is_dry_run or not _changed(preview):
        _show(app, preview, is_written=False)
        return
    if not is_sure:
        _show(app, preview, is_written=False)
        click.confirm(f"Write this to plant {plant}?", abort=True, err=True)
    with app.output.busy(f"Writing {len(table.rows):,} rows"):
        written = _send(app, kind, plant, table, is_dry_run=False)
    _show(app, written, is_written=True)


def _read(file: BinaryIO, kind: Kind) -> Table:
    try:
        text = decode(file.read())
    except NotUtf8 as error:
        raise BadTable([Mistake(error.line, None, str(error))]) from None
    table = read_table(text, kind.cells, kind.check_row)
    table.mistakes += _repetitions(table, kind.key)
    if not table.rows and not table.mistakes:
        table.mistakes.append(Mistake(1, None, "there are no rows below the column names"))
    if table.mistakes:
        raise BadTable(table.mistakes)
    return table


def _repetitions(table: Table, key: tuple[str, ...]) -> list[Mistake]:
    first: dict[tuple[Any, ...], int] = {}
    found = []
    for row in table.rows if key else ():
        line = first.setdefault(tuple(normalise_key(row[name]) for name in key), row["line"])
        if line != row["line"]:
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


def _changed(answer: Record) -> list[Record]:
    return [row for row in answer["rows"] if row["change"] != "unchanged"]


def _show(app: App, answer: Record, *, is_written: bool) -> None:
    changed = _changed(answer)
    counts = {
        change: sum(row["change"] == change for row in answer["rows"])
        for change in ("added", "changed", "unchanged")
    }
    value = {"is_written": is_written and bool(changed), **counts, "rows": changed}
    questions = answer.get("questions", [])
    if questions:
        value["questions"] = questions
    app.output.answer(value, lambda: _page(app, changed, counts, questions, is_written=is_written))


def _page(
    app: App,
    changed: Sequence[Record],
    counts: Mapping[str, int],
    questions: Sequence[Record],
    *,
    is_written: bool,
) -> Group:
    columns = [
        Column("Line", lambda row: str(row["line"]), "right"),
        Column("", lambda row: Text(row["change"], "green" if row["change"] == "added" else "yellow")),
        Column("Row", lambda row: " ".join(str(part) for part in row["key"].values())),
        Column("Values", lambda row: _values(row["values"]), folds=True),
    ]
    parts: list[Any] = [fitted(app.output.console, columns, changed[:SHOWN])] if changed else []
    if len(changed) > SHOWN:
        parts.append(Text(f"and {len(changed) - SHOWN} more: --json shows them"))
    parts += [Text(f"line {one['line']}: {one['message']}", "yellow") for one in questions[:SHOWN]]
    if len(questions) > SHOWN:
        parts.append(Text(f"and {len(questions) - SHOWN} more shifts at the same hours: --json shows them"))
    summary = ", ".join(f"{count} {change}" for change, count in counts.items())
    parts.append(Text(f"{'written' if is_written else 'not written'}: {summary}", "bold"))
    return Group(*parts)


def _values(values: Mapping[str, Sequence[Any]]) -> str:
    return ", ".join(
        f"{name}: {_text(new)}" if old is None else f"{name}: {_text(old)} → {_text(new)}"
        for name, (old, new) in sorted(values.items())
        if (old, new) != (None, None)
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_text(part) for part in value) or "none"
    if isinstance(value, dict):
        return "-".join(str(part) for part in value.values())
    if value is None:
        return "none"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
