"""Overall equipment effectiveness: availability x performance x quality.

Pure. Figures come from sums of minutes and units, never from averages of percentages. Units and minutes are
those of the planned busy time alone (docs/decisions/0060).
Source: ISO 22400-2, key performance indicators for manufacturing operations management.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeGuard

BEST_OEE: Final = 1.0
DOUBTFUL_PERFORMANCE: Final = 1.1  # above it the ideal rate is no ideal
_ASSETS_NAMED: Final = 5


class Oee(NamedTuple):
    """OEE and its three factors, as fractions; a performance above 1 means that the ideal rate is too low."""

    availability: float
    performance: float
    quality: float

    @property
    def oee(self) -> float:
        """Return the product of the factors, but no more than can be: a performance above 1 stays one."""
        return min(self.availability * self.performance * self.quality, BEST_OEE)


def availability(planned_minutes: float, run_minutes: float) -> float | None:
    """Return the run time as a share of the planned time; None without planned time."""
    return run_minutes / planned_minutes if planned_minutes > 0 else None


def performance(units: float, ideal_units_per_hour: float, run_minutes: float) -> float | None:
    """Return the output as a share of the ideal output in the run time; None without run time."""
    ideal_units = ideal_units_per_hour * run_minutes / 60
    return units / ideal_units if ideal_units > 0 else None


def ideal_minutes(units: float, ideal_units_per_hour: float | None) -> float | None:
    """Return how long the units take at the ideal rate; None without a rate, but nothing takes no time."""
    if not units:
        return 0.0
    return None if ideal_units_per_hour is None else 60 * units / ideal_units_per_hour


def quality(good: float, rejected: float) -> float | None:
    """Return the share of good units in the inspected ones; None if none was inspected."""
    inspected = good + rejected
    return good / inspected if inspected > 0 else None


def compute_oee(
    *,
    planned_minutes: float,
    run_minutes: float,
    ideal_units_per_hour: float,
    units: float,
    good: float,
    rejected: float,
) -> Oee | None:
    """Return the OEE of a span; None if a factor would be a division by zero.

    `planned_minutes`: shift time without breaks; `run_minutes`: planned time without downtime;
    `units`: all units of the planned time, good or not.
    """
    available = availability(planned_minutes, run_minutes)
    performed = performance(units, ideal_units_per_hour, run_minutes)
    passed = quality(good, rejected)
    if available is None or performed is None or passed is None:
        return None
    return Oee(available, performed, passed)


def is_rate_doubtful(performed: float | None) -> TypeGuard[float]:
    """Tell whether an asset performed better than an ideal rate allows."""
    return performed is not None and performed > DOUBTFUL_PERFORMANCE


def describe_rates(performances: Mapping[str, float]) -> str:
    """Return which assets performed better than their ideal rates allow, the fastest first, and why."""
    ranked = sorted(performances.items(), key=lambda one: (-one[1], one[0]))
    named = ", ".join(f"{name} {performed:,.1%}" for name, performed in ranked[:_ASSETS_NAMED])
    more = f" and {len(ranked) - _ASSETS_NAMED} more" if len(ranked) > _ASSETS_NAMED else ""
    return (
        f"performance above {DOUBTFUL_PERFORMANCE:.0%}: {named}{more}; ideal_units_per_hour is too low, "
        "or stops are booked while the asset runs"
    )
