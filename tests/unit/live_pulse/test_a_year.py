"""Every slot of a whole year, against a count of what was really made.

The plant makes things at true instants. Its database keeps the local time of each without the offset, as
GETDATE() does, and answers as output.sql asks. Both are done here a second time and in another way: with
integers, and with the offsets of 2026 written down by hand.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from plantpulse.live_pulse.snapshots import Readings, judge
from plantpulse.plant.local_time import (
    bucket_count,
    bucket_grid,
    bucket_spans,
    buckets_in,
    is_shown_once,
    is_time_ambiguous,
)
from plantpulse.plant.plant_model import Asset, PlantModel
from plantpulse.plant.readings import OutputReading, parse_output
from plantpulse.schedules.slots import Window, last_interval, window_of_slot

QUARTER = timedelta(minutes=15)
AFTER_THE_SLOT = timedelta(seconds=40)
MS: Final = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MODEL = PlantModel([Asset(1, "PRESS-01", "press-01", None, is_active=True, is_mapped=True)], [])


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


YEAR = Window(utc(1, 1, 0), datetime(2027, 1, 1, tzinfo=UTC))

# The minutes that the clock is ahead of UTC, from each instant on.
OFFSETS: Mapping[str, list[tuple[datetime, int]]] = {
    "America/Chicago": [(EPOCH, -360), (utc(3, 8, 8), -300), (utc(11, 1, 7), -360)],
    "Australia/Lord_Howe": [(EPOCH, 660), (utc(4, 4, 15), 630), (utc(10, 3, 15, 30), 660)],
    "Asia/Kolkata": [(EPOCH, 330)],
    "America/Phoenix": [(EPOCH, -420)],
}
ZONES = list(OFFSETS)
# The slots whose half hour touches what the clock shows twice, in its first pass or in its second.
MARKED = {
    "America/Chicago": [utc(11, 1, 6, 15) + number * QUARTER for number in range(9)],  # 06:00 to 08:00
    "Australia/Lord_Howe": [utc(4, 4, 14, 45) + number * QUARTER for number in range(5)],  # 14:30 to 15:30
}


class Made(NamedTuple):
    """Units made: when in truth, and when by the plant's clock, in ms since 1970 of either."""

    shown_ms: int
    at_ms: int
    units: int


class Plant:
    """A plant's output of a year, and its database."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self._changes = [(in_ms(at), minutes * 60_000) for at, minutes in OFFSETS[zone]]
        instants = sorted(set(instants_of_production(zone)))
        self._rows = sorted(Made(self._shown(at), at, 1 + at // 1000 % 7) for at in instants)
        self._shown_ms = [row.shown_ms for row in self._rows]
        self._at_ms = instants
        self._made_before = [0, *accumulate(1 + at // 1000 % 7 for at in instants)]

    def made_in(self, window: Window) -> int:
        """Return the truth."""
        first, beyond = (bisect_left(self._at_ms, in_ms(at)) for at in window)
        return self._made_before[beyond] - self._made_before[first]

    def select_output(
        self, *, start: datetime, until: datetime, bucket_s: int, read_at: datetime
    ) -> list[tuple[str, int, float, None, None]]:
        """Return what output.sql answers at an instant; the bounds are naive."""
        start_ms, until_ms, now_ms = in_ms(start), in_ms(until), in_ms(read_at)
        first, beyond = bisect_left(self._shown_ms, start_ms), bisect_left(self._shown_ms, until_ms)
        sums: dict[int, float] = {}
        for shown_ms, at_ms, units in self._rows[first:beyond]:
            if at_ms <= now_ms:
                seconds_between = until_ms // 1000 - shown_ms // 1000  # datediff counts the seconds' edges
                bucket = (seconds_between - 1) // bucket_s
                sums[bucket] = sums.get(bucket, 0.0) + units
        return [("PRESS-01", bucket, units, None, None) for bucket, units in sums.items()]

    def _shown(self, at_ms: int) -> int:
        return at_ms + self._changes[bisect_right(self._changes, (at_ms, 10**9)) - 1][1]


class Slot(NamedTuple):
    """What a slot's snapshot says, and what is true."""

    at: datetime
    window: Window
    is_marked: bool
    output_actual: float
    slot_output: float | None
    made_in_window: int
    made_in_slot: int


class Schedule(NamedTuple):
    """How a plant is polled; `slots_a_poll`: each poll reads so many slots that nobody has read before."""

    every: timedelta = QUARTER
    length: timedelta = 2 * QUARTER
    lag: timedelta = timedelta()
    slots_a_poll: int = 1


def in_ms(at: datetime) -> int:
    return (at.replace(tzinfo=UTC) - EPOCH) // MS


def instants_of_production(zone: str) -> Iterator[int]:
    """Yield instants all over the year: irregular ones, edges of slots, and many round the changes."""
    start, until = in_ms(YEAR.start) - 7_200_000, in_ms(YEAR.until)
    yield from range(start, until, 5 * 3_600_000)
    yield from range(start - 3, until, 7 * 900_000)
    at = start
    while at < until:
        at += 1_000 + (at // 977) % 1_500_000
        yield at
    for change, _ in OFFSETS[zone][1:]:
        yield from range(in_ms(change) - 10_800_000, in_ms(change) + 10_800_000, 61_003)


@cache
def plant_in(zone: str) -> Plant:
    return Plant(zone)


def polled(plant: Plant, span: Window, schedule: Schedule) -> Iterator[Slot]:
    """Yield the slots of the span, oldest first."""
    slots: list[datetime] = []
    at = span.start
    while at < span.until:
        slots.append(at)
        at += schedule.every
        if len(slots) == schedule.slots_a_poll or at >= span.until:
            yield from one_poll(plant, slots, schedule)
            slots = []


def one_poll(plant: Plant, slots: list[datetime], schedule: Schedule) -> Iterator[Slot]:
    """Yield what is read of consecutive slots with one query, a little after the last of them."""
    read_at, zone = slots[-1] + AFTER_THE_SLOT, plant.zone
    windows = [window_of_slot(at, length=schedule.length, source_lag=schedule.lag) for at in slots]
    bounds, length = bucket_grid(Window(windows[0].start, windows[-1].until), schedule.every, zone)
    rows = plant.select_output(
        start=bounds.start, until=bounds.until, bucket_s=int(length.total_seconds()), read_at=read_at
    )
    parsed = parse_output(rows, bucket_count=bucket_count(bounds, length))
    assert parsed.rejected_count == 0
    output: dict[int, list[OutputReading]] = {}
    for reading in parsed.readings:
        output.setdefault(reading.bucket, []).append(reading)
    for at, window in zip(slots, windows, strict=True):
        newest = last_interval(window, schedule.every)
        is_known = is_shown_once(newest, zone, read_by=read_at)
        buckets = buckets_in(window, bounds, length, zone)
        judged = judge(
            MODEL,
            Readings([reading for bucket in buckets for reading in output.get(bucket, ())]),
            window=window,
            zone=zone,
            bucket_spans=bucket_spans(window, bounds, length, zone),
            slot_buckets=buckets_in(newest, bounds, length, zone) if is_known else None,
        )
        (snapshot,) = judged.snapshots
        is_marked = is_time_ambiguous(window, zone)
        told = snapshot.output_actual, snapshot.slot_output
        yield Slot(at, window, is_marked, *told, plant.made_in(window), plant.made_in(newest))


@pytest.mark.parametrize("zone", ZONES)
def test_every_slot_of_a_year_tells_what_was_made(zone: str) -> None:
    plant = plant_in(zone)

    # As after outages of a day: polls of 97 slots end at any time of day.
    slots = list(polled(plant, YEAR, Schedule(slots_a_poll=97)))

    assert len(slots) == 365 * 96
    assert sum(slot.made_in_slot > 0 for slot in slots) > 20_000
    assert [slot for slot in slots if not slot.is_marked and not is_right(slot)] == []
    assert [slot for slot in slots if slot.output_actual < slot.made_in_window] == []
    assert [slot.at for slot in slots if slot.is_marked] == MARKED.get(zone, [])
    for stretch in stretches_without_a_mark(slots):
        made = plant.made_in(Window(stretch[0].at - QUARTER, stretch[-1].at))
        assert sum(slot.slot_output or 0.0 for slot in stretch) == made


def is_right(slot: Slot) -> bool:
    return (slot.output_actual, slot.slot_output) == (slot.made_in_window, slot.made_in_slot)


def stretches_without_a_mark(slots: list[Slot]) -> Iterator[list[Slot]]:
    """Yield stretches of many lengths from all over the year, those that hold a marked slot left out."""
    for count in (1, 7, 96, 1_000, 10_000, 30_000):
        for start in range(0, len(slots) - count, 1_999):
            stretch = slots[start : start + count]
            if not any(slot.is_marked for slot in stretch):
                yield stretch


WEEKS = [
    pytest.param("America/Chicago", Window(utc(3, 5, 0), utc(3, 12, 0)), id="Chicago, spring"),
    pytest.param("America/Chicago", Window(utc(10, 29, 0), utc(11, 5, 0)), id="Chicago, autumn"),
    pytest.param("Australia/Lord_Howe", Window(utc(10, 1, 0), utc(10, 8, 0)), id="Lord Howe, spring"),
    pytest.param("Australia/Lord_Howe", Window(utc(4, 1, 0), utc(4, 8, 0)), id="Lord Howe, autumn"),
]
SCHEDULES = [
    pytest.param(Schedule(slots_a_poll=3), id="15 minutes"),
    pytest.param(Schedule(slots_a_poll=70), id="15 minutes, catching up"),
    pytest.param(Schedule(lag=timedelta(minutes=7)), id="15 minutes, 7 minutes late"),
    pytest.param(Schedule(lag=timedelta(seconds=47), slots_a_poll=71), id="15 minutes, 47 seconds late"),
    pytest.param(Schedule(timedelta(minutes=5), timedelta(minutes=30)), id="5 minutes"),
    pytest.param(
        Schedule(timedelta(minutes=5), timedelta(minutes=5), timedelta(minutes=60), 3), id="5, an hour late"
    ),
    pytest.param(Schedule(timedelta(minutes=60), timedelta(minutes=60)), id="60 minutes"),
    pytest.param(
        Schedule(timedelta(minutes=60), timedelta(minutes=120), timedelta(minutes=7), 5), id="60, 7 late"
    ),
    pytest.param(Schedule(timedelta(minutes=45), timedelta(minutes=90), slots_a_poll=4), id="45 minutes"),
    pytest.param(Schedule(timedelta(days=1), timedelta(days=1), timedelta(minutes=7)), id="a day"),
]


@pytest.mark.parametrize(("zone", "week"), WEEKS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_week_with_a_change_of_the_clock_is_counted_right_at_any_interval_and_lag(
    zone: str, week: Window, schedule: Schedule
) -> None:
    slots = list(polled(plant_in(zone), week, schedule))

    assert len(slots) == timedelta(days=7) / schedule.every
    for slot in slots:
        assert slot.is_marked or is_right(slot), slot
        assert slot.output_actual >= slot.made_in_window, slot
        assert slot.slot_output in {None, slot.made_in_slot}, slot


@pytest.mark.parametrize("now", [utc(11, 1, 7, 15), utc(11, 1, 7, 45), utc(11, 1, 8)])
def test_a_poll_in_the_second_pass_catches_up_right_though_its_windows_end_between_two_quarters(
    now: datetime,
) -> None:
    schedule = Schedule(lag=timedelta(minutes=7), slots_a_poll=96)

    slots = list(polled(plant_in("America/Chicago"), Window(now - 20 * QUARTER, now + MS), schedule))

    assert [slot.at for slot in slots if not slot.is_marked][-1] == utc(11, 1, 6)
    assert [slot for slot in slots if not slot.is_marked and not is_right(slot)] == []


def test_what_is_read_in_time_is_known_in_the_first_pass_and_not_in_the_second() -> None:
    night = Window(utc(11, 1, 5, 45), utc(11, 1, 8, 31))

    slots = list(polled(plant_in("America/Chicago"), night, Schedule()))

    known = [slot.at for slot in slots if slot.slot_output is not None]
    second_pass = [utc(11, 1, 7, 15), utc(11, 1, 7, 30), utc(11, 1, 7, 45), utc(11, 1, 8)]
    assert [slot.at for slot in slots if slot.at not in known] == second_pass
    assert [slot.slot_output for slot in slots if slot.at in known] == [
        slot.made_in_slot for slot in slots if slot.at in known
    ]
    assert all(slot.output_actual == slot.made_in_window for slot in slots if slot.at <= utc(11, 1, 7))


def test_what_is_read_after_the_second_pass_is_known_in_neither() -> None:
    night = Window(utc(11, 1, 5, 45), utc(11, 1, 8, 31))

    slots = list(polled(plant_in("America/Chicago"), night, Schedule(slots_a_poll=12)))

    unknown = [slot.at for slot in slots if slot.slot_output is None]
    assert unknown == [utc(11, 1, 6, 15) + number * QUARTER for number in range(8)]
