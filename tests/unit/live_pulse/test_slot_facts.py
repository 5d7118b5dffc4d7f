"""What a slot says besides its rolling window: its plan and its stops."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from plantpulse.live_pulse.slot_facts import (
    AssetStops,
    Interval,
    PlannedSlots,
    Stop,
    asset_stops,
    planned_slots,
)
from plantpulse.plant.plant_model import Asset, ShiftPattern, ShiftTarget
from plantpulse.plant.readings import DowntimeReading
from plantpulse.plant.slot_plans import ShiftRun
from plantpulse.schedules.slots import Window

PRESS, SAW = Asset(1, "PRESS", "press", None, True, True), Asset(2, "SAW", "saw", None, True, True)
EARLY = ShiftPattern(time(6), time(14), frozenset(range(1, 8)), date(2026, 1, 1), None, ())
TARGETS = [ShiftTarget(1, "early", EARLY, 320)]


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


WINDOW, INTERVAL = Window(at(8), at(8, 30)), Window(at(8, 15), at(8, 30))


def stop(
    started_at: datetime, ended_at: datetime | None, reason: str | None = "Jam", *, again: bool = False
) -> DowntimeReading:
    return DowntimeReading("PRESS", "press", reason, started_at, ended_at, again)


def stops_of(*downtime: DowntimeReading) -> AssetStops | None:
    return asset_stops([PRESS, SAW], downtime, WINDOW, INTERVAL).get(1)


def test_what_is_planned_stands_in_columns() -> None:
    planned = planned_slots([2, 1], TARGETS, Interval(INTERVAL, True), ZoneInfo("UTC"))

    assert planned == PlannedSlots([0, 10], [None, 0], [None, 320], (ShiftRun("early", at(6), at(14)),))
    assert planned.shifts_as_json() == [
        {"name": "early", "starts_at": "2026-11-20T06:00:00+00:00", "ends_at": "2026-11-20T14:00:00+00:00"}
    ]


def test_an_interval_that_is_no_slots_own_has_a_shift_and_no_target_to_add_up() -> None:
    planned = planned_slots([1, 2], TARGETS, Interval(INTERVAL, False), ZoneInfo("UTC"))

    assert planned.slot_target == [None, None]
    assert (planned.shift, planned.shift_target) == ([0, None], [320, None])


def test_the_stops_of_the_window_are_told_uncut_and_their_minutes_in_the_slot() -> None:
    assert stops_of(stop(at(7, 50), at(8, 5)), stop(at(8, 10), at(8, 20), None)) == AssetStops(
        5, None, [Stop("Jam", at(7, 50), at(8, 5)), Stop(None, at(8, 10), at(8, 20))]
    )


def test_an_open_stop_lasts_to_the_end_of_the_window() -> None:
    assert stops_of(stop(at(8, 20), None)) == AssetStops(10, at(8, 20), [Stop("Jam", at(8, 20), None)])


def test_a_stop_that_ended_later_lasts_to_the_end_of_the_window_too() -> None:
    found = stops_of(stop(at(8, 20), at(9)))

    assert found == AssetStops(10, at(8, 20), [Stop("Jam", at(8, 20), at(9))])


def test_stops_that_follow_one_another_are_one_standstill() -> None:
    found = stops_of(stop(at(7), at(8, 20)), stop(at(8, 20), None, "Repair"))

    assert found
    assert (found.stopped_since, found.minutes) == (at(7), 15)


def test_a_machine_that_ran_for_a_minute_after_its_stop_is_not_stopped() -> None:
    found = stops_of(stop(at(8), at(8, 29)))

    assert found
    assert (found.stopped_since, found.minutes) == (None, 14)


def test_overlapping_stops_count_once() -> None:
    found = stops_of(stop(at(8, 16), at(8, 20)), stop(at(8, 18), at(8, 22), "Repair"))

    assert found
    assert found.minutes == 6


def test_stops_outside_the_window_and_without_length_are_none() -> None:
    assert stops_of(stop(at(7), at(8)), stop(at(8, 30), None), stop(at(8, 20), at(8, 20))) is None


def test_a_stop_that_is_read_a_second_time_in_a_repeated_hour_is_told_once() -> None:
    found = stops_of(stop(at(8, 1), at(8, 5)), stop(at(8, 21), at(8, 25), again=True))

    assert found == AssetStops(4, None, [Stop("Jam", at(8, 1), at(8, 5))])


def test_of_many_stops_the_five_longest_are_told_and_all_are_counted() -> None:
    many = [stop(at(8, 15 + 2 * number), at(8, 16 + 2 * number), str(number)) for number in range(6)]

    found = stops_of(*many, stop(at(8, 27), at(8, 29), "long"))

    assert found
    assert [one.reason for one in found.stops] == ["0", "1", "2", "3", "long"]
    assert found.minutes == 8


def test_a_reason_of_a_thousand_characters_is_cut() -> None:
    found = stops_of(stop(at(8, 20), None, "x" * 1000))

    assert found
    assert found.stops[0].reason == "x" * 99 + "…"


def test_stops_as_they_are_sent() -> None:
    found = stops_of(stop(at(8, 20), None, None))

    assert found
    assert found.as_json() == {
        "minutes": 10,
        "stopped_since": "2026-11-20T08:20:00+00:00",
        "stops": [{"reason": None, "since": "2026-11-20T08:20:00+00:00", "until": None}],
    }
