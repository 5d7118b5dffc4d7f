"""Medians, spreads and slopes that a few wild values cannot move. Pure."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

# Makes the median absolute deviation of normal values their standard deviation: 1 / Phi^-1(3/4).
MAD_TO_SIGMA: Final = 1.4826


def median(values: Sequence[float]) -> float:
    """Return the middle value, or the mean of the two in the middle; there is at least one."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def spread(values: Sequence[float], middle: float) -> float:
    """Return the median absolute deviation from the middle, on the scale of a standard deviation."""
    return MAD_TO_SIGMA * median([abs(value - middle) for value in values])


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the median slope of all pairs of points, 0 for fewer than two x.

    Source: Theil (1950), Sen (1968).
    """
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x1 != x2]
    return median(slopes) + 0.0 if slopes else 0.0  # without the sign of -0.0
