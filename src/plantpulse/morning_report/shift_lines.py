"""A line for each shift of an asset's day: what was planned, made and lost in it.

Pure. Planned time, stops and units are told apart by the clock, as for the whole day (docs/decisions/0060).
A night shift counts on each day with its part of that day. Inspections say no time, so scrap has no shift.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.morning_report.losses import busy_minutes, unexplained_minutes
from plantpulse.morning_report.stops import Stop, count_downtime
from plantpulse.plant.intervals import minutes, unite
from plantpulse.plant.planned_output import BucketSpans, PlannedShares, planned_products, planned_shares
from plantpulse.plant.plant_model import Asset, ShiftPattern, ShiftTarget
from plantpulse.plant.readings import OutputReading
from plantpulse.plant.rounding import stored_number
from plantpulse.plant.shifts import PlannedTime, ShiftShare, shift_share
from plantpulse.plant.text import normalise_key
from plantpulse.schedules.slots import Window


class ShiftLine(NamedTuple):
    """A shift of an asset on a day: units and minutes; `unexplained_minutes` None: not known."""

    shift: str
    planned_minutes: float
    target_output: float
    output: float
    downtime_minutes: float
    planned_stop_minutes: float
    unexplained_minutes: float | None


class _Shift(NamedTuple):
    name: str
    target_output: float
    planned: PlannedTime


@dataclass(frozen=True, slots=True)
class DayShifts:
    """The shifts of a plant's day by asset id, and the output of the day by asset key.

    `shares`: which part of each bucket is in a shift, worked out once for each plan.
    """

    shifts: Mapping[int, Sequence[_Shift]]
    output: Mapping[str, Sequence[OutputReading]]
    spans: BucketSpans
    window: Window
    shares: dict[int, PlannedShares] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        targets: Iterable[ShiftTarget],
        output: Iterable[OutputReading],
        spans: BucketSpans,
        window: Window,
        zone: ZoneInfo,
    ) -> "DayShifts":
        """Return the shifts that are worked in the window. `spans`: the time of every bucket of output."""
        by_asset: dict[str, list[OutputReading]] = {}
        for reading in output:
            by_asset.setdefault(reading.asset_key, []).append(reading)
        return cls(_shifts(targets, window, zone), by_asset, spans, window)

    def lines(
        self, asset: Asset, stops: Sequence[Stop], planned_reasons: Container[str] = ()
    ) -> list[ShiftLine]:
        """Return the asset's shifts in the order in which they begin."""
        return [self._line(asset, one, stops, planned_reasons) for one in self.shifts.get(asset.asset_id, ())]

    def _line(
        self, asset: Asset, shift: _Shift, stops: Sequence[Stop], planned_reasons: Container[str]
    ) -> ShiftLine:
        shares = {asset.key: self._shares_of(shift.planned)}
        products = planned_products(self.output.get(asset.key, ()), shares).get(asset.key, {})
        downtime = count_downtime(stops, self.window, shift.planned.spans)
        unexplained = unexplained_minutes(
            shift.planned.minutes, downtime.minutes, busy_minutes(asset, products)
        )
        return ShiftLine(
            shift=shift.name,
            planned_minutes=stored_number(shift.planned.minutes),
            target_output=stored_number(shift.target_output),
            output=stored_number(sum(products.values())),
            downtime_minutes=stored_number(downtime.minutes),
            planned_stop_minutes=stored_number(downtime.minutes_of(planned_reasons)),
            unexplained_minutes=None if unexplained is None else stored_number(unexplained),
        )

    def _shares_of(self, planned: PlannedTime) -> PlannedShares:
        # By identity, because assets of one pattern have one plan.
        if id(planned) not in self.shares:
            self.shares[id(planned)] = planned_shares({"": planned}, self.spans)[""]
        return self.shares[id(planned)]


def _shifts(targets: Iterable[ShiftTarget], window: Window, zone: ZoneInfo) -> dict[int, list[_Shift]]:
    shares: dict[int, tuple[ShiftPattern, ShiftShare]] = {}
    found: dict[int, dict[str, _Shift]] = {}
    for target in targets:
        # By identity, as in `workloads`: assets share patterns.
        known = shares.get(id(target.pattern))
        if known is None:
            known = shares[id(target.pattern)] = (target.pattern, shift_share(target.pattern, window, zone))
        share = known[1]
        if share.fraction:
            of_asset, key = found.setdefault(target.asset_id, {}), normalise_key(target.shift_name)
            of_asset[key] = _joined(of_asset.get(key), target, share)
    return {
        asset_id: sorted(of_asset.values(), key=lambda one: (one.planned.spans[0], one.name))
        for asset_id, of_asset in found.items()
    }


def _joined(known: _Shift | None, target: ShiftTarget, share: ShiftShare) -> _Shift:
    """Return a shift with one more of its targets, such as that of another weekday."""
    output = target.target_output * share.fraction
    if known is None:
        return _Shift(target.shift_name, output, share.planned)
    spans = tuple(unite(known.planned.spans + share.planned.spans))
    return _Shift(known.name, known.target_output + output, PlannedTime(spans, minutes(spans)))
