"""Whether a figure gets better or worse: the last 7 days against the 28 before.

Pure. Medians, so that one bad day is no trend. A score that falls a little every day is told by its slope.
Days without a score count for nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

from plantpulse.series.quality.robust import median, slope, spread

RECENT_DAYS: Final = 7
BEFORE_DAYS: Final = 28
LEAST_RECENT: Final = 4
LEAST_BEFORE: Final = 14
LEAST_CHANGE: Final = 0.02  # of a score
SPREADS: Final = 3.0

_DRIFT: Final = 2.5  # times the least change: a slope is less sure than a step

Direction = Literal["better", "worse", "steady"]


class Trend(NamedTuple):
    """Medians of the last 7 days and the 28 before. `a_day`: the median slope over all of them."""

    recent: float
    before: float
    a_day: float
    direction: Direction

    @property
    def is_degraded(self) -> bool:
        """Tell whether the last days are worse."""
        return self.direction == "worse"


def trend_of(
    figures: Iterable[tuple[date, float | None]],
    last: date,
    *,
    least_change: float = LEAST_CHANGE,
    is_more_better: bool = True,
) -> Trend | None:
    """Return the trend of the days up to and with the last; None if too few days have a figure.

    A change counts if it is more than the least one and more than three spreads of the days before. Along the
    slope it counts if it is more than 2.5 times the least one and three spreads of the days around the slope.
    """
    known = [(day, figure) for day, figure in figures if figure is not None]
    recent_from = last - timedelta(days=RECENT_DAYS - 1)
    before_from = recent_from - timedelta(days=BEFORE_DAYS)
    recent = [figure for day, figure in known if recent_from <= day <= last]
    before = [figure for day, figure in known if before_from <= day < recent_from]
    if len(recent) < LEAST_RECENT or len(before) < LEAST_BEFORE:
        return None
    line = [((day - before_from).days, figure) for day, figure in known if before_from <= day <= last]
    middle, a_day = median(before), slope(line)
    step = median(recent) - middle
    is_step = abs(step) > max(least_change, SPREADS * spread(before, middle))
    change = step if is_step else _drift(line, a_day, _DRIFT * least_change)
    return Trend(median(recent), middle, a_day, _direction(change if is_more_better else -change))


def _drift(line: Sequence[tuple[float, float]], a_day: float, least: float) -> float:
    """Return the change along the slope; 0 if the days around it are too far apart to tell."""
    levels = [figure - a_day * day for day, figure in line]
    change = a_day * (RECENT_DAYS + BEFORE_DAYS)
    is_clear = abs(change) > max(least, SPREADS * spread(levels, median(levels)))
    return change if is_clear else 0.0


def _direction(change: float) -> Direction:
    if change == 0:
        return "steady"
    return "better" if change > 0 else "worse"
