"""Evaluates readings: one snapshot for every active, mapped asset of the plant in one window.

Pure. An asset that made nothing has 0 and does not disappear. Without a complete output result there are no
snapshots, because zeros would be lies. Stored numbers have at most 4 decimals, and whole numbers are whole.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.live_pulse.effectiveness import (
    Effectiveness,
    OeeSource,
    Plan,
    effectiveness_of,
    plans_of,
)
from plantpulse.plant.intervals import Span, minutes
from plantpulse.plant.oee import is_rate_doubtful
from plantpulse.plant.planned_output import BucketSpans
from plantpulse.plant.plant_model import Asset, PlantModel
from plantpulse.plant.readings import (
    DowntimeReading,
    LaborReading,
    OeeReading,
    OutputReading,
    QualityReading,
)
from plantpulse.plant.rounding import stored_number
from plantpulse.plant.shifts import IDLE, Workload, workloads
from plantpulse.plant.tallies import latest_headcounts, latest_oee, sum_quality, sum_units, unite_stops
from plantpulse.schedules.slots import Window

TargetStatus = Literal["on_target", "below_target", "above_target"]

ON_TARGET_BAND_PERCENT: Final = 5.0


class Snapshot(NamedTuple):
    """One row of `live_snapshots`: units, percent and minutes over the window; None means unknown.

    `slot_output` is the output of the newest interval alone; it may be summed over time. `unplanned_output`
    is the part of the actual output made outside the planned time; None means that the asset has no plan.
    With `is_planned_in_part` it is an estimate, because an interval of the window is only partly planned.
    """

    asset_id: int
    output_actual: float
    slot_output: float | None
    output_target: float
    variance_percent: float | None
    status: TargetStatus
    oee_current: float | None
    oee_source: OeeSource | None
    downtime_minutes: float | None
    good_count: float | None
    reject_count: float | None
    labor_headcount: float | None
    unplanned_output: float | None
    is_planned_in_part: bool

    def as_json(self) -> dict[str, object]:
        """Return one entry of the commit's `snapshots`."""
        return self._asdict()


class Figures(NamedTuple):
    """The fields of a `Snapshot` that late rows can change."""

    asset_id: int
    output_actual: float
    slot_output: float | None
    output_target: float
    downtime_minutes: float | None


class Readings(NamedTuple):
    """The readings of one poll. None: the query was not answered, or was cut off."""

    output: Sequence[OutputReading] | None
    downtime: Sequence[DowntimeReading] | None = ()
    oee: Sequence[OeeReading] | None = None
    quality: Sequence[QualityReading] | None = None
    labor: Sequence[LaborReading] | None = None


class Judgement(NamedTuple):
    """The result of a poll's readings.

    `unknown_assets`: names that the plant model lacks, in one of the source's spellings, sorted. `counts`:
    assets, snapshots, assets_reporting (with output), assets_unknown. `doubtful_rates`: performances, as
    fractions by name, that say that the ideal rate is too low.
    """

    snapshots: Sequence[Snapshot]
    unknown_assets: Sequence[str]
    counts: Mapping[str, int]
    doubtful_rates: Mapping[str, float]


class _Facts(NamedTuple):
    """The readings by asset key. `stops`: None if not all could be read."""

    output: Mapping[str, float]
    slot_output: Mapping[str, float] | None
    stops: Mapping[str, list[Span]] | None
    oee: Mapping[str, OeeReading]
    quality: Mapping[str, tuple[float, float]]
    headcount: Mapping[str, float]


def judge(
    plant: PlantModel,
    readings: Readings,
    *,
    window: Window,
    zone: ZoneInfo,
    bucket_spans: BucketSpans,
    slot_buckets: frozenset[int] | None,
    is_shown_once: bool = True,
) -> Judgement:
    """Return the snapshots of one window, in the order of the plant's assets.

    `bucket_spans`: the buckets of output in the window, and their times; `slot_buckets`: those of its newest
    interval, None for a run off the grid. Without output there are no snapshots. If the clock has shown the
    window twice, the units may be those of two hours, and no OEE is computed from them.
    """
    unknown = unknown_assets(plant, readings)
    snapshots: list[Snapshot] = []
    rates: dict[str, float] = {}
    reporting = 0
    judged = _judged_assets(plant)
    if readings.output is not None:
        facts = _gather(readings, readings.output, window, frozenset(bucket_spans), slot_buckets)
        plans = plans_of(plant, judged, readings.output, window, zone, bucket_spans)
        for asset in judged:
            plan = plans.get(asset.key)
            effectiveness = _effectiveness(asset, facts, plan if is_shown_once else None)
            snapshots.append(_snapshot(asset, facts, plan, effectiveness))
            if is_rate_doubtful(effectiveness.performance):
                rates[asset.source_name] = effectiveness.performance
        reporting = sum(asset.key in facts.output for asset in judged)
    counts = {
        "assets": len(judged),
        "assets_reporting": reporting,
        "assets_unknown": len(unknown),
        "snapshots": len(snapshots),
    }
    return Judgement(snapshots, unknown, counts, rates)


def figures(
    plant: PlantModel,
    readings: Readings,
    *,
    window: Window,
    zone: ZoneInfo,
    window_buckets: frozenset[int],
    slot_buckets: frozenset[int] | None,
) -> list[Figures]:
    """Return what late rows can change in each snapshot of `judge`.

    Every slot is checked twice more for rows that rarely come, so nothing else is computed.
    """
    facts = _gather(
        Readings(None, readings.downtime), readings.output or (), window, window_buckets, slot_buckets
    )
    loads = workloads(plant.shift_targets, window, zone)
    return [_figures(asset, facts, loads.get(asset.asset_id, IDLE)) for asset in _judged_assets(plant)]


def variance_percent(actual: float, target: float) -> float | None:
    """Return the difference of output and target, in percent of the target; None without a target."""
    return (actual - target) / target * 100 if target else None


def output_status(actual: float, variance: float | None) -> TargetStatus:
    """Return the status of output; `variance` in percent, None without a target: then any output is above."""
    if variance is None:
        return "above_target" if actual else "on_target"
    if abs(variance) <= ON_TARGET_BAND_PERCENT:
        return "on_target"
    return "above_target" if variance > 0 else "below_target"


def unknown_assets(plant: PlantModel, readings: Readings) -> list[str]:
    """Return the names that the plant model lacks, in one of the source's spellings, sorted."""
    known = {asset.key for asset in plant.assets}
    spellings: dict[str, str] = {}
    for query in (readings.output, readings.downtime, readings.oee, readings.quality, readings.labor):
        rows = query or ()
        if {row[1] for row in rows} <= known:  # nearly always
            continue
        for asset, key, *_ in rows:
            if key not in known:
                spellings.setdefault(key, asset)
    return sorted(spellings.values())


def _judged_assets(plant: PlantModel) -> list[Asset]:
    return [asset for asset in plant.assets if asset.is_active and asset.is_mapped]


def _figures(asset: Asset, facts: _Facts, load: Workload) -> Figures:
    key = asset.key
    return Figures(
        asset.asset_id,
        stored_number(facts.output.get(key, 0.0)),
        None if facts.slot_output is None else stored_number(facts.slot_output.get(key, 0.0)),
        stored_number(load.output_target),
        _downtime_minutes(key, facts),
    )


def _downtime_minutes(key: str, facts: _Facts) -> float | None:
    if facts.stops is None:
        return None
    stops = facts.stops.get(key)
    return stored_number(minutes(stops)) if stops else 0


def _snapshot(asset: Asset, facts: _Facts, plan: Plan | None, effectiveness: Effectiveness) -> Snapshot:
    key = asset.key
    load = plan.load if plan else IDLE
    asset_id, actual, slot_output, target, downtime_minutes = _figures(asset, facts, load)
    variance = _stored_or_none(variance_percent(actual, target))
    good, rejected = facts.quality.get(key, (None, None))
    return Snapshot(
        asset_id=asset_id,
        output_actual=actual,
        slot_output=slot_output,
        output_target=target,
        variance_percent=variance,
        status=output_status(actual, variance),
        oee_current=_stored_or_none(effectiveness.oee_percent),
        oee_source=effectiveness.source,
        downtime_minutes=downtime_minutes,
        good_count=_stored_or_none(good),
        reject_count=_stored_or_none(rejected),
        labor_headcount=_stored_or_none(facts.headcount.get(key)),
        unplanned_output=stored_number(facts.output.get(key, 0.0) - plan.units) if plan else None,
        is_planned_in_part=plan is not None and plan.shares.is_in_part,
    )


def _effectiveness(asset: Asset, facts: _Facts, plan: Plan | None) -> Effectiveness:
    key = asset.key
    stops = None if facts.stops is None else facts.stops.get(key, [])
    return effectiveness_of(asset, plan, stops, facts.oee.get(key), facts.quality.get(key))


def _gather(
    readings: Readings,
    output: Sequence[OutputReading],
    window: Window,
    window_buckets: frozenset[int],
    slot_buckets: frozenset[int] | None,
) -> _Facts:
    return _Facts(
        output=sum_units(output, window_buckets),
        slot_output=None if slot_buckets is None else sum_units(output, slot_buckets),
        stops=None if readings.downtime is None else unite_stops(readings.downtime, window),
        oee=latest_oee(readings.oee or ()),
        quality=sum_quality(readings.quality or ()),
        headcount=latest_headcounts(readings.labor or ()),
    )


def _stored_or_none(value: float | None) -> float | None:
    return None if value is None else stored_number(value)
