"""How effective an asset was in a window: what was planned, what it made of that, and the OEE of it.

Pure. What enters OEE stands in docs/decisions/0060: planned busy time, and what was made in it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.plant.intervals import Span, intersect, minutes
from plantpulse.plant.local_time import to_local
from plantpulse.plant.oee import compute_oee, performance
from plantpulse.plant.planned_output import BucketSpans, PlannedShares, planned_shares, planned_units
from plantpulse.plant.plant_model import Asset, PlantModel
from plantpulse.plant.readings import OeeReading, OutputReading
from plantpulse.plant.shifts import IDLE, Workload, assets_with_a_plan
from plantpulse.schedules.slots import Window

OeeSource = Literal["reported", "computed"]

BEST_OEE_PERCENT: Final = 100.0


class Plan(NamedTuple):
    """What is planned for an asset in a window, overall and of each bucket, and the units it made of that."""

    load: Workload
    shares: PlannedShares
    units: float


class Effectiveness(NamedTuple):
    """The OEE in percent with its source, and the performance as a fraction; None: not known."""

    oee_percent: float | None = None
    source: OeeSource | None = None
    performance: float | None = None


def plans_of(
    plant: PlantModel,
    assets: Sequence[Asset],
    loads: Mapping[int, Workload],
    output: Sequence[OutputReading],
    window: Window,
    zone: ZoneInfo,
    spans: BucketSpans,
) -> dict[str, Plan]:
    """Return the plan of each asset by its key; an asset without a valid shift target is left out.

    `loads`: the workloads in the window by asset id.
    """
    with_a_plan = assets_with_a_plan(plant, to_local(window.until, zone).date()) | loads.keys()
    planned = {one.key: loads.get(one.asset_id, IDLE) for one in assets if one.asset_id in with_a_plan}
    shares = planned_shares({key: load.planned for key, load in planned.items()}, spans)
    units = planned_units(output, shares)
    return {key: Plan(load, shares[key], units.get(key, 0.0)) for key, load in planned.items()}


def effectiveness_of(
    asset: Asset,
    plan: Plan | None,
    stops: Sequence[Span] | None,
    reported: OeeReading | None,
    inspected: tuple[float, float] | None,
) -> Effectiveness:
    """Return the effectiveness: the reported OEE, else a computed one where all its parts are known.

    `stops`: None when not all are known; `inspected`: good and rejected units.
    """
    rate = asset.ideal_units_per_hour
    performed = oee = None
    if plan is not None and stops is not None and rate is not None:
        planned = plan.load.planned
        run_minutes = planned.minutes - (minutes(intersect(stops, planned.spans)) if stops else 0.0)
        performed = performance(plan.units, rate, run_minutes)
        if reported is None and inspected is not None:
            oee = compute_oee(
                planned_minutes=planned.minutes,
                run_minutes=run_minutes,
                ideal_units_per_hour=rate,
                units=plan.units,
                good=inspected[0],
                rejected=inspected[1],
            )
    if reported is not None:
        return Effectiveness(min(reported.oee_percent, BEST_OEE_PERCENT), "reported", performed)
    return (
        Effectiveness(100 * oee.oee, "computed", performed) if oee else Effectiveness(None, None, performed)
    )
