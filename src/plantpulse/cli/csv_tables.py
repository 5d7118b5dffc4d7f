"""Reads CSV tables and reports every mistake by line and column. Pure.

Excel's habits are accepted: a byte order mark, semicolons or tabs between cells, blank lines. Numbers need a
decimal point, because 1,5 could be two cells.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

MOST_ROWS: Final = 100_000
DELIMITERS: Final = (",", ";", "\t")

Row = dict[str, Any]
Read = Callable[[str], Any]


@dataclass(frozen=True)
class Cell:
    """A column of a table: how to read its cells, and whether every row needs one.

    `read` raises ValueError that says what is wrong. An empty optional cell is None.
    """

    read: Read
    is_required: bool = False


@dataclass(frozen=True, order=True)
class Mistake:
    """What is wrong in a line; `column` is None for the whole line or file."""

    line: int
    column: str | None
    message: str

    def __str__(self) -> str:
        return f"line {self.line}{f', {self.column}' if self.column else ''}: {self.message}"


@dataclass
class Table:
    """The content of a file: its columns, one row per line with its number, and all mistakes."""

    columns: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)


class NotUtf8(ValueError):
    """A file has another encoding; `line` is the first one that shows it."""

    def __init__(self, line: int) -> None:
        super().__init__("the file is not in UTF-8: save it as 'CSV UTF-8'")
        self.line = line


def decode(content: bytes) -> str:
    """Return a file's text. Raises: NotUtf8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUtf8(error.object[: error.start].count(b"\n") + 1) from None


def read_table(
    text: str, cells: Mapping[str, Cell], check_row: Callable[[Row], tuple[str, str] | None] = lambda _: None
) -> Table:
    """Return the table in a CSV text; its first line names the columns.

    `check_row` checks a whole row: it returns a column and what is wrong with it, or None.
    """
    table = Table()
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        table.mistakes += _mistakes_in_header(header, cells)
        table.columns = header
    except csv.Error as error:
        table.mistakes.append(Mistake(1, None, f"not CSV: {error}"))
    if not table.mistakes:
        _read_rows(reader, table, cells, check_row)
    return table


def _delimiter(text: str) -> str:
    first = text.lstrip("\r\n").partition("\n")[0]
    return max(DELIMITERS, key=first.count)


def _mistakes_in_header(header: Sequence[str], cells: Mapping[str, Cell]) -> list[Mistake]:
    known = ", ".join(cells)
    unknown = [name for name in header if name and name not in cells]
    nameless = [place for place, name in enumerate(header, 1) if not name]
    missing = [name for name, cell in cells.items() if cell.is_required and name not in header]
    double = sorted({name for name in header if name in cells and header.count(name) > 1})
    return [
        *(Mistake(1, name, f"there is no such column; known columns: {known}") for name in unknown),
        *(Mistake(1, None, f"column {place} has no name: remove it") for place in nameless),
        *(Mistake(1, name, "the column is missing") for name in missing),
        *(Mistake(1, name, "the column appears twice") for name in double),
    ]


def _read_rows(
    reader: Any, table: Table, cells: Mapping[str, Cell], check_row: Callable[[Row], tuple[str, str] | None]
) -> None:
    line = reader.line_num + 1
    try:
        for values in reader:
            if any(value.strip() for value in values):
                table.mistakes += _read_row(table, line, values, cells, check_row)
            if len(table.rows) > MOST_ROWS:
                table.mistakes.append(Mistake(line, None, f"more than {MOST_ROWS} rows: split the file"))
                return
            line = reader.line_num + 1
    except csv.Error as error:  # the line where the row begins: an open quote ends at the file's end
        table.mistakes.append(Mistake(line, None, f"not CSV: {error}"))


def _read_row(
    table: Table,
    line: int,
    values: Sequence[str],
    cells: Mapping[str, Cell],
    check_row: Callable[[Row], tuple[str, str] | None],
) -> list[Mistake]:
    if len(values) > len(table.columns):
        message = f"{len(values)} cells, but {len(table.columns)} columns"
        return [Mistake(line, None, message)]
    padded = [*values, *[""] * (len(table.columns) - len(values))]
    row, mistakes = {"line": line}, []
    for name, value in zip(table.columns, padded, strict=True):
        try:
            row[name] = _read_cell(cells[name], value.strip())
        except ValueError as error:
            mistakes.append(Mistake(line, name, str(error)))
    if not mistakes and (wrong := check_row(row)):
        mistakes.append(Mistake(line, *wrong))
    table.rows.append(row)
    return mistakes


def _read_cell(cell: Cell, text: str) -> Any:
    if text:
        return cell.read(text)
    if cell.is_required:
        raise ValueError("must not be empty")
    return None
