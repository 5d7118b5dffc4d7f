"""Draws a series in a terminal of any width, in braille, or with plain signs where there is none.

The scales are those of the picture (`axes`, `strokes`). A column of text has two columns of dots, and a row
has four.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rich.cells import cell_len
from rich.text import Text

from plantpulse.cli.axes import Mark, Values, times_axis, values_axis
from plantpulse.cli.strokes import Trace, trace
from plantpulse.series.points import Point

ROWS: Final = 14
NARROWEST: Final = 8  # columns of text
_ROOM_OF_A_MARK: Final = 9
_DOTS_DOWN: Final = 4
_DOTS_ACROSS: Final = 2
_BRAILLE: Final = 0x2800
_BITS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column in a cell
_UPPER: Final = 0x01 | 0x08 | 0x02 | 0x10


@dataclass(frozen=True, slots=True)
class Signs:
    """What lines are made of; `is_braille`: the terminal has braille."""

    is_braille: bool
    side: str
    mark: str
    corner: str
    floor: str
    zero: str


BRAILLE: Final = Signs(True, "│", "┤", "└", "─", "╌")
PLAIN: Final = Signs(False, "|", "+", "+", "-", "-")
ALL_SIGNS: Final = "⠿│┤└─╌"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of points between two instants, with local times."""

    points: Sequence[Point]
    start: datetime
    until: datetime
    zone: ZoneInfo

    def lines(self, width: int, signs: Signs) -> list[Text]:
        """Return the chart as lines of at most `width` columns."""
        values = [float(point.value) for point in self.points if point.value is not None]
        axis = values_axis(min(values), max(values), ROWS // 2)
        labels = axis.labels()
        margin = max(map(cell_len, labels)) + 1
        columns = max(width - margin - 1, NARROWEST)
        found = trace(self.points, self.start, self.until, columns * _DOTS_ACROSS)
        cells = _cells(found, axis, columns)
        at_rows = {_row_of(axis, mark): label for mark, label in zip(axis.marks, labels, strict=True)}
        zero = _row_of(axis, 0.0) if axis.has_negative else None
        body = [
            _line(at_rows.get(row, ""), margin, _filled(line, signs, is_zero=row == zero), signs)
            for row, line in enumerate(cells)
        ]
        return [*body, *self._below(margin, columns, found, signs)]

    def _below(self, margin: int, columns: int, found: Trace, signs: Signs) -> list[Text]:
        floor = Text(" " * margin + signs.corner, "dim")
        lacking = {place // _DOTS_ACROSS for place in found.lacking}
        for column in range(columns):
            floor.append(*(("x", "bold red") if column in lacking else (signs.floor, "dim")))
        marks = times_axis(self.start, self.until, self.zone, max(columns // _ROOM_OF_A_MARK, 1))
        return [floor, *self._labels(marks, margin + 1, columns)]

    def _labels(self, marks: Sequence[Mark], margin: int, columns: int) -> list[Text]:
        length = self.until - self.start
        lines = []
        for texts in ([mark.label for mark in marks], [mark.below for mark in marks]):
            line = ""
            for mark, text in zip(marks, texts, strict=True):
                place = margin + (mark.at - self.start) * columns // length
                if text and place + len(text) <= margin + columns and (not line or len(line) < place):
                    line = line.ljust(place) + text
            lines.append(Text(line, "dim"))
        return [line for line in lines if line.plain]


def _cells(found: Trace, axis: Values, columns: int) -> list[list[int]]:
    """Return for each row of text the dots of its cells, as the bits of braille."""
    cells = [[0] * columns for _ in range(ROWS)]
    before = None
    for across, stroke in enumerate(found.strokes):
        if stroke:
            low, high = stroke.joined(before)
            for down in range(_dot_of(axis, high), _dot_of(axis, low) + 1):
                bit = _BITS[down % _DOTS_DOWN][across % _DOTS_ACROSS]
                cells[down // _DOTS_DOWN][across // _DOTS_ACROSS] |= bit
        before = stroke
    return cells


def _dot_of(axis: Values, value: float) -> int:
    """Return the row of dots of a value, from the top."""
    return round((1 - axis.share(value)) * (ROWS * _DOTS_DOWN - 1))


def _row_of(axis: Values, value: float) -> int:
    return _dot_of(axis, value) // _DOTS_DOWN


def _filled(cells: Sequence[int], signs: Signs, *, is_zero: bool) -> Text:
    line = Text()
    for bits in cells:
        if bits:
            line.append(chr(_BRAILLE + bits) if signs.is_braille else _plain(bits), "cyan")
        else:
            line.append(signs.zero if is_zero else " ", "dim")
    return line


def _plain(bits: int) -> str:
    """Return a sign for dots: those above the middle, below it, or both."""
    upper, lower = bits & _UPPER, bits & ~_UPPER
    return ":" if upper and lower else "'" if upper else "."


def _line(label: str, margin: int, cells: Text, signs: Signs) -> Text:
    side = signs.mark if label else signs.side
    line = Text.assemble((f"{label:>{margin - 1}} {side}", "dim"), cells)
    line.rstrip()
    return line
