"""What a day's losses cost, and the planned minutes that nothing explains.

Pure. The time that an asset lost to speed is its run time without what the output takes at its ideal rate:
planned minutes - stops - output at the ideal rate. No record says where it went (docs/decisions/0081).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from plantpulse.plant.oee import ideal_minutes
from plantpulse.plant.plant_model import Asset, CostRates
from plantpulse.plant.rounding import stored_number

_CENTS: Final = 2


class Losses(NamedTuple):
    """Losses of an asset: minutes and US dollars; None: not known.

    `financial_loss` is the cost of stops and scrap, so `downtime_loss` and `scrap_loss` add up to it.
    """

    unexplained_minutes: float | None = None
    downtime_loss: float | None = None
    scrap_loss: float | None = None
    speed_loss: float | None = None
    financial_loss: float | None = None


def losses(
    downtime_minutes: float, waste: float | None, unexplained: float | None, rates: CostRates | None
) -> Losses:
    """Return the losses and their prices."""
    stops, total = cost_of(downtime_minutes, rates), financial_loss(downtime_minutes, waste, rates)
    return Losses(
        unexplained_minutes=None if unexplained is None else stored_number(unexplained),
        downtime_loss=stops,
        scrap_loss=None if stops is None or total is None else stored_number(round(total - stops, _CENTS)),
        speed_loss=cost_of(unexplained, rates),
        financial_loss=total,
    )


def financial_loss(downtime_minutes: float, waste: float | None, rates: CostRates | None) -> float | None:
    """Return the cost of downtime and scrap, to the cent; None if a price or a priced amount is not known."""
    if rates is None or (waste is None and rates.scrap_unit_cost):
        return None
    cost = downtime_minutes / 60 * rates.standard_hourly_rate + (waste or 0.0) * rates.scrap_unit_cost
    return stored_number(round(cost, _CENTS))


def cost_of(minutes: float | None, rates: CostRates | None) -> float | None:
    """Return what so many minutes cost, to the cent; None if they or their price are not known."""
    if minutes is None or rates is None:
        return None
    return stored_number(round(minutes / 60 * rates.standard_hourly_rate, _CENTS))


def busy_minutes(asset: Asset, units_by_product: Mapping[str, float]) -> float | None:
    """Return what the output takes at its ideal rates; None if one of them is not known."""
    total = 0.0
    for product, units in units_by_product.items():
        needed = ideal_minutes(units, asset.ideal_units_per_hour_of(product))
        if needed is None:
            return None
        total += needed
    return total


def unexplained_minutes(
    planned_minutes: float | None, downtime_minutes: float, busy: float | None
) -> float | None:
    """Return the planned minutes that neither stops nor output explain; None if a part is not known.

    Output above the ideal rate explains all minutes and no more: then it is 0.
    """
    if planned_minutes is None or busy is None:
        return None
    return max(0.0, planned_minutes - downtime_minutes - busy)
