"""Reads CSV tables and reports every mistake by line and column. Pure.

Columns and rows without content are ignored, as spreadsheets leave many of them. Which numbers people mean by
their points and commas is decided for the whole file (`numbers`).
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from plantpulse.cli.csv_text import Layout, Unreadable, layout_of
from plantpulse.cli.numbers import Decimals, decimals_of
from plantpulse.plant.text import normalise_key

MOST_ROWS: Final = 100_000

# #N/A, #REF!, #NAME?, what they are called in other languages, #### and LibreOffice's Err:502.
_SPREADSHEET_ERROR: Final = re.compile(
    r"#[\u00a1\u00bf]?[^\W\d_][^\s#]*[!?]|#(?:N/[ABDV]|N/D!|NA|NV|\u041d/\u0414|YOK|GETTING_DATA)|#{2,}|Err:[0-9]{3}",
    re.IGNORECASE,
)

Row = dict[str, Any]
Read = Callable[[str], Any]
Remark = tuple[str, str]


@dataclass(frozen=True)
class Cell:
    """A column of a table: how to read its cells, and whether every row needs one.

    `read` raises ValueError that says what is wrong. An empty optional cell is None. With `is_number` it gets
    plain digits with a decimal point, however they are typed.
    """

    read: Read
    is_required: bool = False
    is_number: bool = False


@dataclass(frozen=True)
class Mistake:
    """What is wrong in a line; `column` is None for the whole line or file."""

    line: int
    column: str | None
    message: str

    def __str__(self) -> str:
        return f"line {self.line}{f', {self.column}' if self.column else ''}: {self.message}"


@dataclass(frozen=True)
class Question:
    """What a person should look at in a line before it is written; the shape is that of the database's."""

    line: int
    message: str
    other_line: int | None = None


def nothing(_: Row) -> Iterable[Remark]:
    """Return no remark about a row."""
    return ()


@dataclass(frozen=True)
class Checks:
    """What is checked of whole rows: what is wrong in them, and what a person should look at.

    Each returns columns with words about them. In a row a cell that is empty, wrong or not there is None.
    """

    faults: Callable[[Row], Iterable[Remark]] = nothing
    questions: Callable[[Row], Iterable[Remark]] = nothing


NO_CHECKS: Final = Checks()


@dataclass
class Table:
    """The content of a file: its columns, one row per line with its number, all mistakes and questions."""

    columns: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def no_mistakes(_: Table) -> Iterable[Mistake]:
    """Return no mistake in a table."""
    return ()


def in_order(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """Return mistakes by line; those of a whole line come first."""
    return sorted(mistakes, key=lambda one: (one.line, one.column or ""))


@dataclass(frozen=True)
class _Line:
    number: int
    values: Sequence[str]


def read_table(
    text: str, cells: Mapping[str, Cell], checks: Checks = NO_CHECKS, decimal: str | None = None
) -> Table:
    """Return the table in a CSV text; a line with the names of columns stands above the rows.

    `decimal` is the sign before the decimals, if somebody named it.
    """
    table = Table()
    try:
        layout = layout_of(text, cells)
    except Unreadable as error:
        table.mistakes.append(Mistake(error.line, None, str(error)))
        return table
    lines = _lines(layout, table)
    header = next(lines, _Line(layout.header + 1, []))
    names = [normalise_key(name) for name in header.values]
    table.mistakes += _mistakes_in_header(layout, names, cells)
    filled = [line for line in lines if any(line.values)]
    if len(filled) > MOST_ROWS:
        too_many = filled[MOST_ROWS].number
        table.mistakes.append(Mistake(too_many, None, f"more than {MOST_ROWS} rows: split the file"))
    elif layout.has_names:
        table.columns = list(dict.fromkeys(name for name in names if name in cells))
        decimals = decimals_of(_numbers_in(filled, names, cells), layout.delimiter, decimal)
        _RowReader(table, names, cells, checks, decimals).read_all(filled)
    return table


def _lines(layout: Layout, table: Table) -> Iterator[_Line]:
    """Yield the lines from the column names on, each with its number; what is no CSV ends them."""
    reader = csv.reader(layout.lines[layout.header :], delimiter=layout.delimiter, strict=True)
    number = layout.header + 1
    try:
        for values in reader:
            yield _Line(number, [value.strip() for value in values])
            number = layout.header + reader.line_num + 1
    except csv.Error as error:  # the line where the row begins: an open quote ends at the file's end
        table.mistakes.append(Mistake(number, None, f"not CSV: {error}"))


def _mistakes_in_header(layout: Layout, names: Sequence[str], cells: Mapping[str, Cell]) -> list[Mistake]:
    line, known = layout.header + 1, ", ".join(cells)
    if not layout.has_names and names:
        return [
            Mistake(line, None, f"this line must name the columns, but names none; known columns: {known}")
        ]
    title = "this line names no column: delete the lines above line {}, which does"
    unknown = [name for name in names if name and name not in cells]
    missing = [name for name, cell in cells.items() if cell.is_required and name not in names]
    double = sorted({name for name in names if name in cells and names.count(name) > 1})
    return [
        *(Mistake(layout.first + 1, None, title.format(line)) for _ in range(layout.first < layout.header)),
        *(Mistake(line, name, f"there is no such column; known columns: {known}") for name in unknown),
        *(Mistake(line, name, "the column is missing") for name in missing),
        *(Mistake(line, name, "the column appears twice") for name in double),
    ]


def _numbers_in(lines: Sequence[_Line], names: Sequence[str], cells: Mapping[str, Cell]) -> list[str]:
    places = [place for place, name in enumerate(names) if name in cells and cells[name].is_number]
    return [line.values[place] for line in lines for place in places if place < len(line.values)]


@dataclass
class _RowReader:
    """Reads rows into a table, with the mistakes in them."""

    table: Table
    names: Sequence[str]
    cells: Mapping[str, Cell]
    checks: Checks
    decimals: Decimals
    doubtful: list[Question] = field(default_factory=list)

    def read_all(self, lines: Sequence[_Line]) -> None:
        """Read the rows, their mistakes and questions; doubtful numbers are asked about once."""
        for line in lines:
            self._read(line)
        if self.doubtful:
            first, *others = self.doubtful
            more = f", and {len(others)} more numbers like it" if others else ""
            self.table.questions.append(Question(first.line, first.message + more))

    def _read(self, line: _Line) -> None:
        mistakes = list(self._mistakes_of_shape(line))
        row: Row = {"line": line.number, **dict.fromkeys(self.table.columns)}
        for name in self.table.columns:
            place = self.names.index(name)
            text = line.values[place] if place < len(line.values) else ""
            try:
                row[name] = self._cell(self.cells[name], text, line.number)
            except ValueError as error:
                mistakes.append(Mistake(line.number, name, str(error)))
        whole = dict.fromkeys(self.cells) | row
        mistakes += [Mistake(line.number, *fault) for fault in self.checks.faults(whole)]
        asked = [
            Question(line.number, f"{column}: {words}") for column, words in self.checks.questions(whole)
        ]
        self.table.questions += asked
        self.table.mistakes += mistakes
        self.table.rows.append(row)

    def _mistakes_of_shape(self, line: _Line) -> Iterator[Mistake]:
        if any(line.values[len(self.names) :]):
            message = f"{len(line.values)} cells, but {len(self.names)} columns"
            yield Mistake(line.number, None, message)
        for place, (name, value) in enumerate(zip(self.names, line.values, strict=False), 1):
            if value and not name:
                yield Mistake(line.number, None, f"cell {place} is filled, but its column has no name")

    def _cell(self, cell: Cell, text: str, line: int) -> Any:
        if not text:
            if cell.is_required:
                raise ValueError("must not be empty")
            return None
        if _SPREADSHEET_ERROR.fullmatch(text):
            raise ValueError(
                f"{text!r} is an error of the spreadsheet: correct its formula or clear the cell"
            )
        if not cell.is_number:
            return cell.read(text)
        value = cell.read(self.decimals.plain(text))
        if question := self.decimals.question(text):
            self.doubtful.append(Question(line, question))
        return value
