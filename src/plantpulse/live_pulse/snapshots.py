"""Evaluates readings: one snapshot for every active, mapped asset of the plant in one window.

Pure. An asset that made nothing has 0 and does not disappear. Without a complete output result there are no
snapshots, because zeros would be lies. Stored numbers have at most 4 decimals, and whole numbers are whole.
"""

from collections.abc import Mapping, Sequence
from functools import cache
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
_NOT_INSPECTED: Final = (None, None)


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
    """The readings by asset key. `stops` and their minutes: None if not all could be read."""

    output: Mapping[str, float]
    slot_output: Mapping[str, float] | None
    stops: Mapping[str, list[Span]] | None
    downtime_minutes: Mapping[str, float] | None
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
        loads = workloads(plant.shift_targets, window, zone)
        plans = plans_of(plant, judged, loads, readings.output, window, zone, bucket_spans)
        effects = [
            _effectiveness(one, facts, plans.get(one.key) if is_shown_once else None) for one in judged
        ]
        snapshots = _snapshots(
            _figures(judged, facts, loads), [one.key for one in judged], facts, plans, effects
        )
        rates = _doubtful_rates(judged, effects)
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
    return _figures(_judged_assets(plant), facts, workloads(plant.shift_targets, window, zone))


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


def _figures(assets: Sequence[Asset], facts: _Facts, loads: Mapping[int, Workload]) -> list[Figures]:
    # One loop for all assets and no call for a single one: late rows are looked for in three slots. Targets
    # are few, and rounding is what takes long.
    stored_target = cache(stored_number)
    output, load_of = facts.output.get, loads.get
    slot_output = None if facts.slot_output is None else facts.slot_output.get
    downtime = None if facts.downtime_minutes is None else facts.downtime_minutes.get
    return [
        Figures(
            asset_id,
            stored_number(output(key, 0.0)),
            None if slot_output is None else stored_number(slot_output(key, 0.0)),
            stored_target(load_of(asset_id, IDLE).output_target),
            None if downtime is None else downtime(key, 0),
        )
        for asset_id, _name, key, _rate, _is_active, _is_mapped, _product_rates in assets
    ]


def _snapshots(
    found: Sequence[Figures],
    keys: Sequence[str],
    facts: _Facts,
    plans: Mapping[str, Plan],
    effects: Sequence[Effectiveness],
) -> list[Snapshot]:
    """Return the snapshots of the assets with these keys.

    They are made column by column, because a call for each asset takes twice as long.
    """
    if not found:
        return []
    variances = [_stored_or_none(variance_percent(one.output_actual, one.output_target)) for one in found]
    inspected = [facts.quality.get(key, _NOT_INSPECTED) for key in keys]
    planned = [plans.get(key) for key in keys]
    columns = {
        **dict(zip(Figures._fields, zip(*found, strict=True), strict=True)),
        "variance_percent": variances,
        "status": [
            output_status(one.output_actual, variance) for one, variance in zip(found, variances, strict=True)
        ],
        "oee_current": [_stored_or_none(one.oee_percent) for one in effects],
        "oee_source": [one.source for one in effects],
        "good_count": [None if good is None else stored_number(good) for good, _ in inspected],
        "reject_count": [None if rejected is None else stored_number(rejected) for _, rejected in inspected],
        "labor_headcount": [_stored_or_none(facts.headcount.get(key)) for key in keys],
        "unplanned_output": [
            None if plan is None else stored_number(facts.output.get(key, 0.0) - plan.units)
            for key, plan in zip(keys, planned, strict=True)
        ],
        "is_planned_in_part": [plan is not None and plan.shares.is_in_part for plan in planned],
    }
    return list(map(Snapshot._make, zip(*(columns[name] for name in Snapshot._fields), strict=True)))


def _doubtful_rates(assets: Sequence[Asset], effects: Sequence[Effectiveness]) -> dict[str, float]:
    found: dict[str, float] = {}
    for asset, (_oee, _source, performed) in zip(assets, effects, strict=True):
        if is_rate_doubtful(performed):
            found[asset.source_name] = performed
    return found


def _effectiveness(asset: Asset, facts: _Facts, plan: Plan | None) -> Effectiveness:
    key = asset.key
    stops = None if facts.stops is None else facts.stops.get(key, ())
    return effectiveness_of(asset, plan, stops, facts.oee.get(key), facts.quality.get(key))


def _gather(
    readings: Readings,
    output: Sequence[OutputReading],
    window: Window,
    window_buckets: frozenset[int],
    slot_buckets: frozenset[int] | None,
) -> _Facts:
    stops = None if readings.downtime is None else unite_stops(readings.downtime, window)
    return _Facts(
        output=sum_units(output, window_buckets),
        slot_output=None if slot_buckets is None else sum_units(output, slot_buckets),
        stops=stops,
        downtime_minutes=None if stops is None else _minutes_of(stops),
        oee=latest_oee(readings.oee or ()),
        quality=sum_quality(readings.quality or ()),
        headcount=latest_headcounts(readings.labor or ()),
    )


def _minutes_of(stops: Mapping[str, list[Span]]) -> dict[str, float]:
    return {key: stored_number(minutes(spans)) for key, spans in stops.items()}


def _stored_or_none(value: float | None) -> float | None:
    return None if value is None else stored_number(value)
