"""From the plant's own tables to its board: what polls write adds up, whatever the clock does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.functions.conftest import NOON_IN_CHICAGO, Floor, World

QUARTER = timedelta(minutes=15)


def board(world: World) -> dict[str, Any]:
    row = world.store.execute("select public.board('north', %s) as told", (world.now,)).fetchone()
    assert row
    told: dict[str, Any] = row["told"]
    return told


def poll(world: World, first: datetime, last: datetime) -> None:
    slot = first
    while slot <= last:
        world.now = slot + timedelta(seconds=40)
        assert world.tick(slot)[1]["outcome"] == "succeeded"
        slot += QUARTER


def press_of(told: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in told["machines"] if one["name"] == "PRESS-01")


@pytest.fixture(autouse=True)
def named(world: World) -> None:
    world.store.execute("update public.assets set name = source_name")


def test_polls_tell_the_plant_its_shift_and_its_stops(world: World, floor: Floor) -> None:
    world.settings["name"] = "Northfield"
    floor.output("PRESS-01", 20, "11:50:00")
    floor.output("PRESS-01", 4, "12:05:00")
    floor.downtime("PRESS-01", "Jam", 5, "11:47:00")
    floor.downtime("PRESS-01", "Colour change", None, "12:06:00")

    poll(world, NOON_IN_CHICAGO, NOON_IN_CHICAGO + QUARTER)

    told = board(world)
    assert (told["plant"]["name"], told["plant"]["time_zone"]) == ("Northfield", "America/Chicago")
    assert (told["as_of"], told["is_stale"]) == ("2026-03-11T17:15:00+00:00", False)
    assert (told["shift"]["name"], told["shift"]["starts_at"], told["shift"]["ends_at"]) == (
        "early",
        "2026-03-11T11:00:00+00:00",
        "2026-03-11T19:00:00+00:00",
    )
    press = press_of(told)
    so_far = told["shift_so_far"]
    assert (so_far["units"], so_far["target"], so_far["shift_target"]) == (24, 60, 960)
    assert (press["status"], press["stopped_since"]) == ("stopped", "2026-03-11T17:06:00+00:00")
    assert [one["reason"] for one in told["needs_you"]] == ["Colour change"]
    assert so_far["downtime_minutes"] == 14
    assert told["shift_so_far"]["reasons"] == [
        {"reason": "Colour change", "minutes": 9, "stops": 1},
        {"reason": "Jam", "minutes": 5, "stops": 1},
    ]
    assert press["strip"].endswith(".<!")


def test_a_reason_that_is_typed_in_after_the_stop_reaches_the_board(world: World, floor: Floor) -> None:
    floor.downtime("PRESS-01", "", 5, "11:50:00")
    poll(world, NOON_IN_CHICAGO, NOON_IN_CHICAGO)
    assert board(world)["shift_so_far"]["reasons"] == [{"reason": None, "minutes": 5, "stops": 1}]
    floor.run("update downtime_records set reason_code = 'Tip dressing'")

    poll(world, NOON_IN_CHICAGO + QUARTER, NOON_IN_CHICAGO + QUARTER)

    assert board(world)["shift_so_far"]["reasons"] == [{"reason": "Tip dressing", "minutes": 5, "stops": 1}]


def test_a_missed_slot_that_is_caught_up_fills_the_shift(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 20, "12:05:00")
    poll(world, NOON_IN_CHICAGO, NOON_IN_CHICAGO)
    poll(world, NOON_IN_CHICAGO + 2 * QUARTER, NOON_IN_CHICAGO + 2 * QUARTER)

    told = board(world)
    # The missed slot, and the one before the first.
    assert (told["shift_so_far"]["units"], told["shift_so_far"]["target"]) == (20, 120)
    assert press_of(told)["strip"].endswith(".<<<<")


def test_a_poll_by_hand_adds_nothing_to_the_shift(world: World) -> None:
    poll(world, NOON_IN_CHICAGO, NOON_IN_CHICAGO)
    world.now += timedelta(minutes=4)

    assert world.ask()[1]["outcome"] == "succeeded"

    told = board(world)
    assert press_of(told)["as_of"] == "2026-03-11T17:04:40+00:00"
    assert told["shift_so_far"]["target"] == 30


@pytest.mark.parametrize(
    ("zone", "evening", "hours", "known"),
    [
        ("America/Chicago", datetime(2026, 3, 8, 4, tzinfo=UTC), 7, 7),
        ("America/Chicago", datetime(2026, 11, 1, 3, tzinfo=UTC), 9, 8),
        ("Europe/Brussels", datetime(2026, 10, 24, 20, tzinfo=UTC), 9, 8),
    ],
)
def test_a_night_with_a_change_of_the_clock_adds_up(
    world: World, zone: str, evening: datetime, hours: int, known: int
) -> None:
    """Of the hour that the clock shows twice only the first pass has units that can be told."""
    world.settings["time_zone"] = zone
    world.store.execute(
        "update public.shift_targets set shift_name = 'night', starts_at = '22:00', ends_at = '06:00',"
        " target_output = 36 * %s",
        (hours,),
    )

    poll(world, evening + QUARTER, evening + timedelta(hours=hours))

    told = board(world)
    row = world.store.execute("select sum(slot_target)::float as sum from public.live_snapshots").fetchone()
    assert row == {"sum": 36 * hours}
    assert (told["shift"]["starts_at"], told["shift"]["elapsed"]) == (evening.isoformat(), 1)
    assert told["shift_so_far"]["target"] == 36 * known
    assert told["shift_so_far"]["slots_missing"] == 4 * (hours - known)
