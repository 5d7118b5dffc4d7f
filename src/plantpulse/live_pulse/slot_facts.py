"""What a slot says besides its rolling window: what is planned in its own interval, and its stops.

Pure. A board adds slots up to a shift, so figures are of the slot's interval alone, and each slot says which
shift it belongs to. The stops are those of the window, as they were read: so a reason that somebody types in
a little later still arrives.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.plant.intervals import clip, minutes, unite
from plantpulse.plant.plant_model import Asset, ShiftTarget
from plantpulse.plant.readings import DowntimeReading
from plantpulse.plant.rounding import stored_number
from plantpulse.plant.slot_plans import ShiftRun, slot_plans
from plantpulse.plant.text import cut_text
from plantpulse.schedules.slots import Window

MOST_STOPS: Final = (
    5  # of an asset and slot, the longest: what is stored stays small whatever the source sends
)
LONGEST_REASON: Final = 100  # in characters


class Interval(NamedTuple):
    """The newest interval of a window. `is_slots_own`: no other poll has the same, so it may be added up."""

    window: Window
    is_slots_own: bool


class Stop(NamedTuple):
    """A stop as it was read; `until` None: still open. `reason` None: nobody has typed one."""

    reason: str | None
    since: datetime
    until: datetime | None

    def as_json(self) -> dict[str, object]:
        """Return one entry of `live_snapshots.stops`."""
        until = self.until.isoformat() if self.until else None
        return {"reason": self.reason, "since": self.since.isoformat(), "until": until}


class AssetStops(NamedTuple):
    """The stops of an asset in a window.

    `minutes`: inside the interval, overlaps once. `stopped_since`: when the stop began that lasts to the end
    of the window; None if the asset runs. `stops`: the longest in the window, in order of their start.
    """

    minutes: float
    stopped_since: datetime | None
    stops: Sequence[Stop]

    def as_json(self) -> dict[str, object]:
        """Return an asset's entry in the `stops` of a commit's slot."""
        return {
            "minutes": self.minutes,
            "stopped_since": self.stopped_since.isoformat() if self.stopped_since else None,
            "stops": [stop.as_json() for stop in self.stops],
        }


class PlannedSlots(NamedTuple):
    """What is planned, a list for each column with a value for each asset.

    `slot_target`: units in the interval; None if they may not be added up. `shift`: position in `shifts`,
    None outside any. `shift_target`: units of all of that shift.
    """

    slot_target: Sequence[float | None] = ()
    shift: Sequence[int | None] = ()
    shift_target: Sequence[float | None] = ()
    shifts: Sequence[ShiftRun] = ()

    def columns(self) -> dict[str, Sequence[float | None]]:
        """Return the columns that stand beside those of the snapshots."""
        return {"slot_target": self.slot_target, "shift": self.shift, "shift_target": self.shift_target}

    def shifts_as_json(self) -> list[dict[str, object]]:
        """Return the `shifts` of a commit's slot."""
        return [
            {
                "name": shift.name,
                "starts_at": shift.starts_at.isoformat(),
                "ends_at": shift.ends_at.isoformat(),
            }
            for shift in self.shifts
        ]


def planned_slots(
    asset_ids: Sequence[int], targets: Iterable[ShiftTarget], interval: Interval, zone: ZoneInfo
) -> PlannedSlots:
    """Return what is planned for these assets in the interval."""
    plans = slot_plans(targets, interval.window, zone)
    found = [plans.get(asset_id) for asset_id in asset_ids]
    shifts: dict[ShiftRun, int] = {}
    slot_target: list[float | None] = [stored_number(plan.target) if plan else 0 for plan in found]
    return PlannedSlots(
        slot_target if interval.is_slots_own else [None] * len(found),
        [shifts.setdefault(plan.shift, len(shifts)) if plan else None for plan in found],
        [stored_number(plan.shift_target) if plan else None for plan in found],
        tuple(shifts),
    )


def asset_stops(
    assets: Iterable[Asset], downtime: Iterable[DowntimeReading], window: Window, interval: Window
) -> dict[int, AssetStops]:
    """Return the stops in the window by asset id; assets without any are left out."""
    read: dict[str, list[DowntimeReading]] = {}
    for stop in downtime:
        if _reaches_into(stop, window):
            read.setdefault(stop.asset_key, []).append(stop)
    return {
        asset.asset_id: _stops_of(read[asset.key], window, interval) for asset in assets if asset.key in read
    }


def _stops_of(stops: Sequence[DowntimeReading], window: Window, interval: Window) -> AssetStops:
    spans = unite((stop.started_at, min(stop.ended_at or window.until, window.until)) for stop in stops)
    lasts = bool(spans) and spans[-1][1] == window.until
    return AssetStops(
        stored_number(minutes(clip(spans, *interval))),
        spans[-1][0] if lasts else None,
        _longest(stops, window),
    )


def _reaches_into(stop: DowntimeReading, window: Window) -> bool:
    if stop.ended_at is None:
        return stop.started_at < window.until
    return max(stop.started_at, window.start) < min(stop.ended_at, window.until)


def _longest(stops: Iterable[DowntimeReading], window: Window) -> list[Stop]:
    # The same stop again in the second pass of a repeated hour would look like another one.
    once = [stop for stop in stops if not stop.is_second_reading]
    longest = sorted(once, key=lambda stop: _minutes_in(stop, window), reverse=True)[:MOST_STOPS]
    return [
        Stop(_short(stop.reason_code), stop.started_at, stop.ended_at)
        for stop in sorted(longest, key=lambda stop: stop.started_at)
    ]


def _minutes_in(stop: DowntimeReading, window: Window) -> float:
    return minutes(clip([(stop.started_at, stop.ended_at or window.until)], *window))


def _short(reason: str | None) -> str | None:
    return None if reason is None else cut_text(reason, LONGEST_REASON)
