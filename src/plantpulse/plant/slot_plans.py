"""What is planned in the interval of one slot: the units to make in it, and the shift that it belongs to.

Pure. The intervals of slots fill time without gaps and overlaps. So these units add up over a shift or a day,
also over a change of the clock; the targets of rolling windows do not. `shifts` has the rule of a target.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.plant.intervals import clip, minutes
from plantpulse.plant.plant_model import ShiftPattern, ShiftTarget
from plantpulse.plant.shifts import shift_span, start_days, working_spans
from plantpulse.schedules.slots import Window


class ShiftRun(NamedTuple):
    """A shift as it runs once, from when until when, in aware UTC; breaks are inside."""

    name: str
    starts_at: datetime
    ends_at: datetime


class SlotPlan(NamedTuple):
    """An asset's plan in the interval of a slot.

    `target`: units to make in it. `shift`: the shift that has most of it, with breaks; of equal parts the
    later shift. `shift_target`: units to make in all of that shift. `overlap`: its part of the interval.
    """

    target: float
    shift: ShiftRun
    shift_target: float
    overlap: timedelta


class _Part(NamedTuple):
    fraction: float
    starts_at: datetime
    ends_at: datetime
    overlap: timedelta


def slot_plans(targets: Iterable[ShiftTarget], interval: Window, zone: ZoneInfo) -> dict[int, SlotPlan]:
    """Return the plans by asset id; assets outside any shift are left out.

    Each distinct pattern is computed once for all its assets.
    """
    parts: dict[int, tuple[ShiftPattern, list[_Part]]] = {}
    run_of = cache(ShiftRun)
    plans: dict[int, SlotPlan] = {}
    for pattern, followers in groupby(targets, key=attrgetter("pattern")):
        known = parts.get(id(pattern))  # equal patterns are one object
        if known is None:
            known = parts[id(pattern)] = (pattern, list(_parts(pattern, interval, zone)))
        if not known[1]:
            continue
        for asset_id, shift_name, _pattern, target_output in followers:
            for fraction, starts_at, ends_at, overlap in known[1]:
                run = run_of(shift_name, starts_at, ends_at)
                plan = SlotPlan(target_output * fraction, run, target_output, overlap)
                other = plans.get(asset_id)
                plans[asset_id] = plan if other is None else _together(other, plan)
    return plans


def _parts(pattern: ShiftPattern, interval: Window, zone: ZoneInfo) -> Iterator[_Part]:
    for day in start_days(pattern, interval, zone):
        starts_at, ends_at = shift_span(pattern, day, zone)
        inside = clip([(starts_at, ends_at)], *interval)
        if inside:
            working = working_spans(pattern, day, zone)
            due = minutes(clip(working, *interval))
            fraction = due / minutes(working) if due else 0.0
            yield _Part(fraction, starts_at, ends_at, inside[0][1] - inside[0][0])


def _together(one: SlotPlan, other: SlotPlan) -> SlotPlan:
    target = one.target + other.target
    if one.shift == other.shift:
        return one._replace(target=target, shift_target=one.shift_target + other.shift_target)
    return max(one, other, key=_rank)._replace(target=target)


def _rank(plan: SlotPlan) -> tuple[timedelta, datetime, str]:
    return plan.overlap, plan.shift.starts_at, plan.shift.name
