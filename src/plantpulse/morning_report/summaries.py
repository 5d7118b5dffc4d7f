"""Evaluates the rows of a production day: one summary for every active, mapped asset.

Pure. Figures come from sums of minutes and units. What cannot be known is None: a factor without a divisor, a
loss without a price, and everything of a day of which no data came, because zeros would be lies.
"""

from collections.abc import Container, Mapping, Sequence
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.morning_report.day import ProductionDay
from plantpulse.morning_report.losses import busy_minutes, losses, unexplained_minutes
from plantpulse.morning_report.shift_lines import DayShifts, ShiftLine
from plantpulse.morning_report.stops import Downtime, ReasonMinutes, Stop, count_downtime, stops_by_asset
from plantpulse.plant.oee import Oee, availability, quality
from plantpulse.plant.planned_output import BucketSpans, PlannedShares, planned_products, planned_shares
from plantpulse.plant.plant_model import Asset, CostRates, PlantModel
from plantpulse.plant.readings import DowntimeReading, OutputReading, QualityReading
from plantpulse.plant.rounding import stored_number
from plantpulse.plant.shifts import IDLE, Workload, assets_with_a_plan, workloads
from plantpulse.plant.tallies import sum_quality, sum_units
from plantpulse.schedules.slots import Window

TOP_REASONS: Final = 5

DataState = Literal["there", "missing", "closed"]


class DayReadings(NamedTuple):
    """The readings of a day. `quality` is None if the plant has no such table, or it was not read to its end.

    `spans`: the time of every bucket that output was read in.
    """

    output: Sequence[OutputReading]
    downtime: Sequence[DowntimeReading]
    quality: Sequence[QualityReading] | None
    spans: BucketSpans


class Summary(NamedTuple):
    """One row of `daily_summaries` without its text: units, minutes, percent, US dollars; None: not known.

    `planned_minutes` None: no shift target of the asset holds on the day. `downtime_reasons`: the top ones.
    `unplanned_output` is what of the actual output was made outside the planned time; None: there is no
    plan. With `is_planned_in_part` it is an estimate, because a bucket of output is only partly planned.
    `unexplained_minutes`: planned time without stops and without what the output takes at its ideal rate.
    `speed_loss` is their price; `downtime_loss` and `scrap_loss` are the parts of `financial_loss`.
    """

    asset_id: int
    oee_percentage: float | None
    availability_percentage: float | None
    performance_percentage: float | None
    quality_percentage: float | None
    actual_output: float | None
    target_output: float
    planned_minutes: float | None
    downtime_minutes: float | None
    downtime_reasons: Sequence[ReasonMinutes]
    waste_count: float | None
    financial_loss: float | None
    unplanned_output: float | None
    is_planned_in_part: bool
    good_count: float | None = None
    planned_stop_minutes: float | None = None
    unexplained_minutes: float | None = None
    downtime_loss: float | None = None
    scrap_loss: float | None = None
    speed_loss: float | None = None
    shifts: Sequence[ShiftLine] = ()

    @property
    def performance(self) -> float | None:
        """Return the performance as a fraction; None: not known."""
        return None if self.performance_percentage is None else self.performance_percentage / 100

    @property
    def top_downtime_reason(self) -> str | None:
        """Return the reason with the most downtime; None if there is no downtime or no reason for it."""
        return self.downtime_reasons[0].reason if self.downtime_reasons else None


class DaySummaries(NamedTuple):
    """A day's summaries in the order of the plant's assets, and whether there was anything to judge.

    `data`: missing = something was scheduled, or nobody can tell, and nothing came; closed = nothing was
    scheduled and nothing came. Targets that hold only on other days schedule nothing.
    """

    summaries: Sequence[Summary]
    data: DataState


def summarise(
    plant: PlantModel,
    rates: Mapping[int, CostRates],
    readings: DayReadings,
    day: ProductionDay,
    zone: ZoneInfo,
    *,
    planned_assets: Container[int] = (),
    planned_reasons: Container[str] = (),
) -> DaySummaries:
    """Return the summaries of a day.

    `rates`: the cost of losses, by asset id. `planned_assets`: ids of assets that ever had a shift target.
    `planned_reasons`: the keys of reason codes of planned stops.
    """
    judged = [asset for asset in plant.assets if asset.is_active and asset.is_mapped]
    loads = workloads(plant.shift_targets, day.window, zone)
    with_a_plan = assets_with_a_plan(plant, day.date)
    plans = [loads.get(one.asset_id, IDLE if one.asset_id in with_a_plan else None) for one in judged]
    facts = _gather(readings, day.window, dict(zip((one.key for one in judged), plans, strict=True)))
    is_any_planned = any(one.asset_id in planned_assets for one in judged)
    data = _data_state(facts, plans, is_any_planned=is_any_planned)
    if data != "there":
        return DaySummaries([_unknown(*one) for one in zip(judged, plans, strict=True)], data)
    shifts = DayShifts.of(plant.shift_targets, readings.output, readings.spans, day.window, zone)
    summaries = []
    for asset, load in zip(judged, plans, strict=True):
        stops = facts.stops.get(asset.key, ())
        spans = None if load is None else load.planned.spans
        downtime = count_downtime(stops, day.window, spans)
        summary = _summary(asset, load, rates.get(asset.asset_id), facts, downtime)
        summaries.append(
            summary._replace(
                planned_stop_minutes=stored_number(downtime.minutes_of(planned_reasons)),
                shifts=shifts.lines(asset, stops, planned_reasons),
            )
        )
    return DaySummaries(summaries, data)


class _Facts(NamedTuple):
    """What was read, by asset key; `quality` (good, rejected) lacks the assets that nobody inspected.

    `planned_products`: what of the output was made in planned time, by product; `shares`: which part of each
    bucket is planned; both of assets with a plan. `has_rows_of_the_day`: whether anything shows that the
    plant's records were kept on the day.
    """

    output: Mapping[str, float]
    planned_products: Mapping[str, Mapping[str, float]]
    shares: Mapping[str, PlannedShares]
    stops: Mapping[str, Sequence[Stop]]
    quality: Mapping[str, tuple[float, float]]
    has_rows_of_the_day: bool


class _Factors(NamedTuple):
    availability: float | None = None
    performance: float | None = None
    quality: float | None = None
    oee: float | None = None


def _gather(readings: DayReadings, window: Window, plans: Mapping[str, Workload | None]) -> _Facts:
    has_stops = any(_is_row_of_the_day(stop, window) for stop in readings.downtime)
    planned = {key: load.planned for key, load in plans.items() if load is not None}
    shares = planned_shares(planned, readings.spans)
    return _Facts(
        output=sum_units(readings.output, readings.spans.keys()),
        planned_products=planned_products(readings.output, shares),
        shares=shares,
        stops=stops_by_asset(readings.downtime, window),
        quality=sum_quality(readings.quality or ()),
        has_rows_of_the_day=bool(readings.output or readings.quality or has_stops),
    )


def _is_row_of_the_day(stop: DowntimeReading, window: Window) -> bool:
    """Tell whether a stop began in the day, or lasted into it and was ended.

    One from before that is still open is what records leave behind that are not kept any more.
    """
    if stop.ended_at is None:
        return window.start <= stop.started_at < window.until
    return stop.started_at < window.until and stop.ended_at > window.start


def _data_state(facts: _Facts, loads: Sequence[Workload | None], *, is_any_planned: bool) -> DataState:
    if facts.has_rows_of_the_day:
        return "there"
    known = [load for load in loads if load is not None]
    if any(load.planned.minutes for load in known):
        return "missing"
    return "closed" if known or is_any_planned else "missing"


def _summary(
    asset: Asset, load: Workload | None, rates: CostRates | None, facts: _Facts, downtime: Downtime
) -> Summary:
    units = facts.output.get(asset.key, 0.0)
    products = facts.planned_products.get(asset.key, {})
    units_in_plan = sum(products.values())
    good, waste = facts.quality.get(asset.key, (None, None))
    planned_minutes = None if load is None else load.planned.minutes
    busy = busy_minutes(asset, products)
    # Nobody knows the performance of an asset without a rate, also where it made nothing.
    is_rated = bool(units_in_plan) or asset.ideal_units_per_hour is not None
    factors = _factors(
        busy if is_rated else None, units_in_plan, planned_minutes, downtime.minutes, (good, waste)
    )
    unexplained = unexplained_minutes(planned_minutes, downtime.minutes, busy)
    return Summary(
        asset_id=asset.asset_id,
        oee_percentage=_percent(factors.oee),
        availability_percentage=_percent(factors.availability),
        performance_percentage=_percent(factors.performance),
        quality_percentage=_percent(factors.quality),
        actual_output=stored_number(units),
        target_output=stored_number(load.output_target if load else 0.0),
        planned_minutes=_stored(planned_minutes),
        downtime_minutes=stored_number(downtime.minutes),
        downtime_reasons=[
            one._replace(minutes=stored_number(one.minutes)) for one in downtime.reasons[:TOP_REASONS]
        ],
        waste_count=_stored(waste),
        unplanned_output=None if load is None else stored_number(units - units_in_plan),
        is_planned_in_part=load is not None and facts.shares[asset.key].is_in_part,
        good_count=_stored(good),
        **losses(downtime.minutes, waste if units else waste or 0.0, unexplained, rates)._asdict(),
    )


def _factors(
    busy: float | None,
    units: float,
    planned_minutes: float | None,
    downtime_minutes: float,
    inspected: tuple[float | None, float | None],
) -> _Factors:
    """Return the factors that can be known, and the OEE they make.

    `units`: those of the planned time, `busy`: the minutes they take at the ideal rate. An asset that made
    nothing in its planned time has an OEE of 0, whatever else is not known of it.
    """
    good, rejected = inspected
    passed = None if good is None or rejected is None else quality(good, rejected)
    if not planned_minutes:
        return _Factors(quality=passed)
    run_minutes = planned_minutes - downtime_minutes
    available = availability(planned_minutes, run_minutes)
    performed = busy / run_minutes if busy is not None and run_minutes > 0 else None
    oee = None if units else 0.0
    if available is not None and performed is not None and passed is not None:
        oee = Oee(available, performed, passed).oee
    return _Factors(available, performed, passed, oee)


def _unknown(asset: Asset, load: Workload | None) -> Summary:
    """Return the summary of an asset on a day of which no data came: what was planned, and nothing else."""
    return Summary(
        asset_id=asset.asset_id,
        oee_percentage=None,
        availability_percentage=None,
        performance_percentage=None,
        quality_percentage=None,
        actual_output=None,
        target_output=stored_number(load.output_target if load else 0.0),
        planned_minutes=_stored(load.planned.minutes if load else None),
        downtime_minutes=None,
        downtime_reasons=(),
        waste_count=None,
        financial_loss=None,
        unplanned_output=None,
        is_planned_in_part=False,
    )


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else stored_number(100 * fraction)


def _stored(value: float | None) -> float | None:
    return None if value is None else stored_number(value)
