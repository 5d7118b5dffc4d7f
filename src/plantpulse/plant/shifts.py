"""Working time of shifts, and a window's share of a shift's target.

Pure. A shift is defined by the plant's wall clock and measured in UTC: a night shift over the clock change
lasts 7 or 9 hours. Breaks keep their length, from the first time the clock shows their start.
Source: docs/architecture.md: target x working minutes of the window in the shift / those of the shift.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.plant.intervals import Span, clip, cut_out, minutes, unite
from plantpulse.plant.local_time import to_local, to_utc
from plantpulse.plant.plant_model import PlantModel, ShiftPattern, ShiftTarget
from plantpulse.schedules.slots import Window

_DAY: Final = timedelta(days=1)


class PlannedTime(NamedTuple):
    """Planned time without breaks: spans that do not overlap, and their length."""

    spans: tuple[Span, ...]
    minutes: float


class ShiftShare(NamedTuple):
    """A window's share of a shift: the fraction of its target, and its working time in the window.

    The fraction can be above 1 if the window is longer than a day and contains several such shifts.
    """

    fraction: float
    planned: PlannedTime


class Workload(NamedTuple):
    """An asset's target in a window, in units, and its planned time; overlaps count once."""

    output_target: float
    planned: PlannedTime


IDLE: Final = Workload(0.0, PlannedTime((), 0.0))


def shift_share(pattern: ShiftPattern, window: Window, zone: ZoneInfo) -> ShiftShare:
    """Return the window's share of all shifts of this pattern."""
    fraction = 0.0
    inside: list[Span] = []
    for day in start_days(pattern, window, zone):
        working = working_spans(pattern, day, zone)
        spans = clip(working, *window)
        if spans:
            fraction += minutes(spans) / minutes(working)
            inside += spans
    return ShiftShare(fraction, _planned(inside))


def working_spans(pattern: ShiftPattern, day: date, zone: ZoneInfo) -> list[Span]:
    """Return the working time, without breaks, of the shift that starts on this day, as UTC spans."""
    shift = shift_span(pattern, day, zone)
    holes = [hole for one in pattern.breaks for hole in _break_spans(day, one, zone)]
    return cut_out([shift], holes)


def shift_span(pattern: ShiftPattern, day: date, zone: ZoneInfo) -> Span:
    """Return from when until when the shift that starts on this day runs, breaks included, in UTC."""
    starts_at, ends_at = pattern.starts_at, pattern.ends_at
    end_day = day if starts_at < ends_at else day + _DAY
    return to_utc(datetime.combine(day, starts_at), zone), to_utc(datetime.combine(end_day, ends_at), zone)


def workloads(targets: Iterable[ShiftTarget], window: Window, zone: ZoneInfo) -> dict[int, Workload]:
    """Return target and planned time in the window by asset id; assets outside any shift are left out.

    Each distinct pattern is computed once for all its assets.
    """
    shares: dict[int, tuple[ShiftPattern, ShiftShare]] = {}
    together = cache(lambda one, other: _planned(one.spans + other.spans))
    loads: dict[int, Workload] = {}
    for pattern, followers in groupby(targets, key=attrgetter("pattern")):
        # By identity: equal patterns are one object, and a hash takes longer than everything else here.
        known_share = shares.get(id(pattern))
        if known_share is None:
            known_share = shares[id(pattern)] = (pattern, shift_share(pattern, window, zone))
        share = known_share[1]
        if not share.fraction:
            continue
        for asset_id, _shift_name, _pattern, target_output in followers:
            output = target_output * share.fraction
            known = loads.get(asset_id)
            loads[asset_id] = (
                Workload(known.output_target + output, together(known.planned, share.planned))
                if known
                else Workload(output, share.planned)
            )
    return loads


def assets_with_a_plan(plant: PlantModel, day: date) -> set[int]:
    """Return the assets that have a plan for the day, be it a day without work.

    One of their shift targets is valid on the day, whatever its weekdays are, or they are closed.
    """
    planned = {
        asset_id
        for pattern, followers in groupby(plant.shift_targets, key=attrgetter("pattern"))
        if pattern.is_valid(day)
        for asset_id, _shift_name, _pattern, _target_output in followers
    }
    closed = plant.closed_days
    if day in closed.of_plant or closed.of_assets:
        planned.update(one.asset_id for one in plant.assets if closed.reason(one.asset_id, day) is not None)
    return planned


def output_target(targets: Iterable[ShiftTarget], window: Window, zone: ZoneInfo) -> float:
    """Return the target of one asset in the window, in units; 0 outside any shift."""
    return sum(
        target.target_output * shift_share(target.pattern, window, zone).fraction for target in targets
    )


def _planned(spans: Iterable[Span]) -> PlannedTime:
    united = tuple(unite(spans))
    return PlannedTime(united, minutes(united))


def start_days(pattern: ShiftPattern, window: Window, zone: ZoneInfo) -> Iterator[date]:
    """Yield the days on which shifts of this pattern start that may reach into the window."""
    # A shift lasts at most a day, so a shift in the window started on the day before or later.
    day = to_local(window.start, zone).date() - _DAY
    last = to_local(window.until, zone).date() + _DAY
    while day <= last:
        if pattern.starts_on(day):
            yield day
        day += _DAY


def _break_spans(day: date, one: tuple[time, time], zone: ZoneInfo) -> Iterator[Span]:
    """Yield the break near the shift that starts on this day; parts outside the shift are cut later."""
    starts_at, ends_at = one
    length = datetime.combine(day, ends_at) - datetime.combine(day, starts_at)
    for start_day in (day - _DAY, day, day + _DAY):
        start = to_utc(datetime.combine(start_day, starts_at), zone)
        yield start, start + length % _DAY
