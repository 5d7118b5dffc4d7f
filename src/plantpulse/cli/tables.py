"""Tables for terminals of any width. One rule for all of them says what happens when room is short.

Columns with a `rank` give way, empty ones first, then the highest rank. One that `goes_below` becomes a line
below its record, so its value stays; another is left out. The rest stays: its texts break into lines.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from plantpulse.cli.terminal import visible_text

Record = Mapping[str, Any]
Cell = str | Text

NOTHING: Final = Text("-", "dim")
GAP: Final = 2  # blanks between two columns
READABLE: Final = 24  # a folded text of this many characters is still readable
NARROWEST: Final = 8  # before this many characters, nothing is broken inside a word


@dataclass(frozen=True)
class Column:
    """A column: its heading, its cell for a record, and what it does when room is short.

    `rank` 0 always stays. `folds` breaks a long text into lines before any column gives way.
    """

    heading: str
    cell: Callable[[Record], Cell | None]
    justify: Literal["left", "right"] = "left"
    rank: int = 0
    folds: bool = False
    goes_below: bool = False


def fitted(
    console: Console, columns: Sequence[Column], records: Iterable[Record], *, nothing: str = "nothing"
) -> RenderableType:
    """Return a table that fits the console; `nothing` is what to say without any record."""
    rows = [[_value(column.cell(record)) for column in columns] for record in records]
    return _fit(console.width, columns, rows) if rows else Text(nothing, "green")


def hanging(console: Console, head: Text, text: Text) -> Text:
    """Return a head with a text beside it, its further lines below its first; on a pipe all in one line."""
    if not console.is_terminal:
        return head + text
    indent = cell_len(head.plain)
    lines = _broken(console, visible_text(text), max(console.width - indent, NARROWEST))
    return head + Text("\n" + " " * indent).join(lines)


def details(pairs: Iterable[tuple[str, Cell | None]]) -> Table:
    """Return names and values as lines; unknown values are left out."""
    table = Table(box=None, show_header=False, padding=(0, GAP, 0, 0), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        if value is not None:
            table.add_row(name, _value(value) or NOTHING)
    return table


def _value(cell: Cell | None) -> Text:
    """Return a cell as text, empty for none; text from the plant is never markup."""
    return visible_text(cell if isinstance(cell, Text) else Text(cell or ""))


def _fit(width: int, columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> "_Fitted":
    """Decide which columns stay beside each other, which go below, and how wide each is."""
    natural = [
        max(cell_len(column.heading), *(cell_len(row[place].plain) or 1 for row in rows))
        for place, column in enumerate(columns)
    ]
    is_empty = [not any(row[place].plain for row in rows) for place in range(len(columns))]
    least = [
        min(natural[place], max(READABLE, cell_len(column.heading))) if column.folds else natural[place]
        for place, column in enumerate(columns)
    ]
    beside = list(range(len(columns)))
    while sum(least[place] + GAP for place in beside) - GAP > width:
        giving_way = [place for place in beside if columns[place].rank]
        if not giving_way:
            break
        beside.remove(max(giving_way, key=lambda place: (is_empty[place], columns[place].rank)))
    below = [place for place in range(len(columns)) if place not in beside and columns[place].goes_below]
    room = width - GAP * (len(beside) - 1)
    return _Fitted(columns, rows, beside, below, _widths(columns, natural, beside, room))


def _widths(
    columns: Sequence[Column], natural: Sequence[int], beside: Sequence[int], room: int
) -> dict[int, int]:
    """Return the width of each column; while they need too much room, the widest text is made narrower."""
    widths = {place: natural[place] for place in beside}
    texts = [place for place in beside if columns[place].justify == "left"]
    folding = [place for place in texts if columns[place].folds]
    for shrinking, floor in ((folding, READABLE), (texts, NARROWEST), (texts, 1)):
        while sum(widths.values()) > room:
            wide = [place for place in shrinking if widths[place] > floor]
            if not wide:
                break
            widths[max(wide, key=lambda place: widths[place])] -= 1
    return widths


@dataclass(frozen=True)
class _Fitted:
    """A table whose columns are chosen: the places of those beside each other, with widths, and below."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Text]]
    beside: Sequence[int]
    below: Sequence[int]
    widths: Mapping[int, int]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._lines(console, [Text(column.heading, "bold") for column in self.columns])
        for row in self.rows:
            yield from self._lines(console, [cell if cell.plain else NOTHING for cell in row])
            if said := [self._named(place, row[place]) for place in self.below if row[place].plain]:
                yield Padding(Text("  ").join(said), (0, 0, 0, GAP), expand=False)

    def _lines(self, console: Console, cells: Sequence[Text]) -> Iterable[Text]:
        """Return the lines of a row, as many as its longest cell needs."""
        parts = {place: _broken(console, cells[place], self.widths[place]) for place in self.beside}
        for number in range(max(map(len, parts.values()))):
            line = Text(no_wrap=True, overflow="ignore")
            for place in self.beside:
                part = parts[place][number] if number < len(parts[place]) else Text()
                blanks = " " * (self.widths[place] - cell_len(part.plain))
                before, behind = (blanks, "") if self.columns[place].justify == "right" else ("", blanks)
                line.append(before).append_text(part).append(behind + " " * GAP)
            line.rstrip()
            yield line

    def _named(self, place: int, cell: Text) -> Text:
        return Text.assemble((f"{self.columns[place].heading.lower()} ", "dim"), cell)


def _broken(console: Console, cell: Text, width: int) -> Sequence[Text]:
    """Return a cell as lines of a width, broken between words if there are any."""
    if cell_len(cell.plain) <= width and "\n" not in cell.plain:
        return [cell]
    lines = cell.wrap(console, width, overflow="fold")
    for line in lines:
        line.rstrip()
    return list(lines)
