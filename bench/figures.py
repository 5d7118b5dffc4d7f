"""Figures: what was measured, the ratio to the floor beneath it, and how both are printed.

Contestants take turns (A B A B ...), so that whatever else the machine does falls on all of them alike. The
median tells what to expect, the minimum what the code itself needs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Samples:
    """Seconds of one contestant, in the order of measuring."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median_ms(self) -> float:
        return median(self.seconds) * 1000

    @property
    def least_ms(self) -> float:
        return min(self.seconds) * 1000

    def show(self) -> str:
        """Returns median and minimum as text, in milliseconds."""
        return f"{self.median_ms:,.0f} ({self.least_ms:,.0f})"

    def over(self, floor: "Samples") -> str:
        """Returns the ratio of the medians and, in brackets, that of the minima."""
        return f"{self.median_ms / floor.median_ms:.2f} ({self.least_ms / floor.least_ms:.2f})"


@dataclass
class Table:
    """Cells of text in columns, the first one to the left and the others to the right."""

    title: str
    columns: Sequence[str]
    lines: list[Sequence[str]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        self.lines.append(cells)

    def show(self) -> None:
        """Prints the table as Markdown, which is as readable in a terminal."""
        rows = [self.columns, *self.lines]
        widths = [max(len(row[place]) for row in rows) for place in range(len(self.columns))]
        rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        print(f"\n### {self.title}\n")
        for row in (self.columns, rule, *self.lines):
            print(_row(row, widths))
        print(flush=True)


def _row(cells: Iterable[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    texts = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(texts)} |"
