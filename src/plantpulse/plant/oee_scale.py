"""Whether the OEE that a plant reports looks as if it were in another scale than the settings say.

Pure. One figure says nothing: a machine may have an OEE of 1 %. But where every figure of a plant is at
most 1.5, they are hardly percent, and where every one is above 1.5, no fractions. Zeros are both.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from plantpulse.plant.cells import Malformed, read_count
from plantpulse.plant.rounding import shown_number

LARGEST_FRACTION: Final = 1.5
_OEE: Final = 1  # its place among the columns of oee.sql


class ScaleDoubt(NamedTuple):
    """What looks wrong, and the `oee_scale` that would fit."""

    message: str
    fitting_scale: str


def reported_figures(rows: Iterable[Sequence[object]]) -> list[float]:
    """Return the OEE above zero in the rows of oee.sql, as the source has them, impossible ones included."""
    figures: list[float] = []
    for row in rows:
        try:
            figures.append(read_count(row[_OEE]))
        except (Malformed, IndexError):
            continue
    return [figure for figure in figures if figure > 0]


def doubt_of_scale(figures: Sequence[float], scale: str) -> ScaleDoubt | None:
    """Return why the plant's `oee_scale` looks wrong; None where nothing says so."""
    if not figures:
        return None
    lowest, highest = min(figures), max(figures)
    span = f"every OEE that the plant reports lies between {_shown(lowest)} and {_shown(highest)}"
    if scale == "percent" and highest <= LARGEST_FRACTION:
        return ScaleDoubt(f"{span}: they look like fractions, but oee_scale is percent", "fraction")
    if scale == "fraction" and lowest > LARGEST_FRACTION:
        return ScaleDoubt(f"{span}: they look like percent, but oee_scale is fraction", "percent")
    return None


def _shown(figure: float) -> str:
    return f"{figure:.2g}" if figure < 1 else shown_number(figure)
