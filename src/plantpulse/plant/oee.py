"""Overall equipment effectiveness: availability x performance x quality.

Pure. Figures come from sums of minutes and units, never from averages of percentages.
Source: ISO 22400-2, key performance indicators for manufacturing operations management.
"""

from typing import NamedTuple


class Oee(NamedTuple):
    """OEE and its three factors, as fractions; a performance above 1 says that the ideal rate is too low."""

    availability: float
    performance: float
    quality: float

    @property
    def oee(self) -> float:
        return self.availability * self.performance * self.quality


def compute_oee(
    *,
    planned_minutes: float,
    run_minutes: float,
    ideal_units_per_hour: float,
    units: float,
    good: float,
    rejected: float,
) -> Oee | None:
    """Return the OEE of a span; None when one of its factors would be a division by zero.

    `planned_minutes`: shift time without breaks; `run_minutes`: planned time without downtime;
    `units`: everything that was made, good or not.
    """
    inspected = good + rejected
    ideal_units = ideal_units_per_hour * run_minutes / 60
    if planned_minutes <= 0 or ideal_units <= 0 or inspected <= 0:
        return None
    return Oee(run_minutes / planned_minutes, units / ideal_units, good / inspected)
