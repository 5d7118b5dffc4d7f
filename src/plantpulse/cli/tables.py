"""Tables for terminals of any width: the least important columns are left out first.

Pure, except that it asks the console for its width.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from plantpulse.cli.terminal import visible_text

Record = Mapping[str, Any]
Cell = str | Text

NOTHING: Final = Text("-", "dim")
UNBOUNDED: Final = 10_000
READABLE: Final = 24  # a folded text of this many characters is still readable


@dataclass(frozen=True)
class Column:
    """A column: its heading, its cell for a record, and its importance.

    Columns with a `rank` above 0 may be left out, the highest first; `folds` breaks long texts into lines.
    """

    heading: str
    cell: Callable[[Record], Cell | None]
    justify: Literal["left", "right"] = "left"
    rank: int = 0
    folds: bool = False


def fitted(console: Console, columns: Sequence[Column], records: Iterable[Record]) -> Table:
    """Return a table that fits the console, if optional columns allow it."""
    shown, known = list(columns), list(records)
    unbounded = console.options.update(max_width=UNBOUNDED)
    while True:
        spare = [column for column in shown if column.rank]
        needed = Measurement.get(console, unbounded, _table(shown, known, foldable_to=READABLE)).maximum
        if not spare or needed <= console.width:
            return _table(shown, known)
        shown.remove(max(spare, key=lambda column: column.rank))


def _table(columns: Sequence[Column], records: Sequence[Record], foldable_to: int | None = None) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            column.heading,
            justify=column.justify,
            no_wrap=not column.folds,
            overflow="fold" if column.folds else "ellipsis",
        )
    for record in records:
        cells = (_shown(column.cell(record)) for column in columns)
        folded = zip(columns, cells, strict=True)
        table.add_row(*(cell[:foldable_to] if column.folds else cell for column, cell in folded))
    return table


def details(pairs: Iterable[tuple[str, Cell | None]]) -> Table:
    """Return names and values as lines; unknown values are left out."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        if value is not None:
            table.add_row(name, _shown(value))
    return table


def _shown(cell: Cell | None) -> Text:
    """Return a cell as text; text from the plant is never markup."""
    if cell is None or cell == "":
        return NOTHING
    return visible_text(Text(cell) if isinstance(cell, str) else cell)
