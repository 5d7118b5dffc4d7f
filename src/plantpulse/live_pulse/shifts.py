"""Working time of shifts, and how much of a shift's target falls into a window.

Pure. A shift is told by the plant's wall clock and measured in UTC: a night shift over the clock change
lasts 7 or 9 hours. Breaks last as long as they say, from the first time the clock shows their start.
Source: DESIGN, "Tables": target x working minutes of the window in the shift / those of the shift.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.live_pulse.intervals import Span, clip, cut_out, minutes, unite
from plantpulse.live_pulse.local_time import to_local, to_utc
from plantpulse.live_pulse.plant_model import ShiftPattern, ShiftTarget
from plantpulse.live_pulse.slots import Window

_DAY: Final = timedelta(days=1)


class ShiftShare(NamedTuple):
    """What a window has of a shift: the fraction of its target, and its working time in the window.

    A fraction above 1 is possible when the window is longer than a day and holds several such shifts.
    """

    fraction: float
    working_spans: tuple[Span, ...]


class Workload(NamedTuple):
    """What an asset should make in a window, in units, and the planned time for it, united."""

    output_target: float
    planned_spans: tuple[Span, ...]


IDLE: Final = Workload(0.0, ())


def shift_share(pattern: ShiftPattern, window: Window, zone: ZoneInfo) -> ShiftShare:
    """Return the window's share of every shift of this pattern that it touches."""
    fraction = 0.0
    inside: list[Span] = []
    for day in _start_days(pattern, window, zone):
        working = working_spans(pattern, day, zone)
        spans = clip(working, *window)
        if spans:
            fraction += minutes(spans) / minutes(working)
            inside += spans
    return ShiftShare(fraction, tuple(inside))


def working_spans(pattern: ShiftPattern, day: date, zone: ZoneInfo) -> list[Span]:
    """Return the working time, without breaks, of the shift that starts on this day, as UTC spans."""
    shift = _span_on(day, pattern.starts_at, pattern.ends_at, zone)
    holes = [hole for one in pattern.breaks for hole in _break_spans(day, one, zone)]
    return cut_out([shift], holes)


def workloads(targets: Iterable[ShiftTarget], window: Window, zone: ZoneInfo) -> dict[int, Workload]:
    """Return target and planned time in the window by asset id; an asset outside any shift is left out.

    Every distinct pattern is worked out once, however many assets follow it.
    """
    shares: dict[ShiftPattern, ShiftShare] = {}
    outputs: dict[int, float] = {}
    spans: dict[int, tuple[Span, ...]] = {}
    for target in targets:
        share = shares.get(target.pattern)
        if share is None:
            share = shares[target.pattern] = shift_share(target.pattern, window, zone)
        if share.fraction:
            asset_id = target.asset_id
            outputs[asset_id] = outputs.get(asset_id, 0.0) + target.target_output * share.fraction
            known = spans.get(asset_id)
            spans[asset_id] = tuple(unite(known + share.working_spans)) if known else share.working_spans
    return {asset_id: Workload(output, spans[asset_id]) for asset_id, output in outputs.items()}


def output_target(targets: Iterable[ShiftTarget], window: Window, zone: ZoneInfo) -> float:
    """Return what the shifts of one asset ask of it in the window, in units; 0 outside any shift."""
    return sum(
        target.target_output * shift_share(target.pattern, window, zone).fraction for target in targets
    )


def _start_days(pattern: ShiftPattern, window: Window, zone: ZoneInfo) -> Iterator[date]:
    # A shift lasts at most a day, so one that reaches into the window started the day before or later.
    day = to_local(window.start, zone).date() - _DAY
    last = to_local(window.until, zone).date() + _DAY
    while day <= last:
        is_valid = pattern.valid_from <= day and (pattern.valid_until is None or day < pattern.valid_until)
        if is_valid and day.isoweekday() in pattern.days_of_week:
            yield day
        day += _DAY


def _span_on(day: date, starts_at: time, ends_at: time, zone: ZoneInfo) -> Span:
    end_day = day if starts_at < ends_at else day + _DAY
    return to_utc(datetime.combine(day, starts_at), zone), to_utc(datetime.combine(end_day, ends_at), zone)


def _break_spans(day: date, one: tuple[time, time], zone: ZoneInfo) -> Iterator[Span]:
    """Yield the break near the shift that starts on this day; what lies outside the shift is cut later."""
    starts_at, ends_at = one
    length = datetime.combine(day, ends_at) - datetime.combine(day, starts_at)
    for start_day in (day - _DAY, day, day + _DAY):
        start = to_utc(datetime.combine(start_day, starts_at), zone)
        yield start, start + length % _DAY
