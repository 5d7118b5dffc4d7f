"""The board of a plant: its shift so far, what needs somebody, and every machine, in one document."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.board.conftest import Board, Figures
from tests.database.board.stories import (
    ABOVE,
    BELOW,
    EARLY,
    NOT_PLANNED,
    OF_OLD_CODE,
    QUARTER,
    RESOLVED,
    Story,
    at,
    slots,
    stop,
)

NOW = at(7, 4)  # the slot of 07:00 is there


def machine_of(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in told["machines"] if one["name"] == name)


def kinds_of(told: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(one["kind"], one["asset"]) for one in told["needs_you"]]


@pytest.fixture
def two_hours(story: Story) -> Story:
    """A press on target and a saw that is behind, since the shift began at 05:00."""
    story.card()
    story.machine("Press", "Stamping")
    story.machine("Saw", "Body")
    story.made("Press", slots(at(5, 15), at(7)))
    story.made("Saw", slots(at(5, 15), at(6, 30)))
    story.made("Saw", slots(at(6, 45), at(7)), **BELOW)
    story.polled(at(7))
    return story


@pytest.mark.usefixtures("two_hours")
def test_a_board_says_what_it_is_of_and_until_when_it_is_current(board: Board) -> None:
    told = board(NOW)

    assert told["now"] == "2026-11-22T07:04:00+00:00"
    assert told["plant"] == {
        "plant": "northfield",
        "name": "Northfield",
        "time_zone": "Europe/Brussels",
        "language": "en",
        "currency": "USD",
        "role": "viewer",
        "slot_minutes": 15,
        "window_minutes": 30,
    }
    assert (told["as_of"], told["next_at"], told["stale_after"], told["is_stale"]) == (
        "2026-11-22T07:00:00+00:00",
        "2026-11-22T07:15:00+00:00",
        "2026-11-22T07:30:00+00:00",
        False,
    )
    assert (told["poll"]["status"], told["poll"]["slot"]) == ("succeeded", "2026-11-22T07:00:00+00:00")
    assert (told["strip_from"], told["strip_slots"]) == ("2026-11-21T23:15:00+00:00", 32)


@pytest.mark.usefixtures("two_hours")
def test_the_shift_so_far_is_the_sum_of_its_slots(board: Board) -> None:
    told = board(NOW)

    assert told["shift"] == {
        "name": "early",
        "starts_at": "2026-11-22T05:00:00+00:00",
        "ends_at": "2026-11-22T13:00:00+00:00",
        "elapsed": 0.25,
        "assets": 2,
    }
    assert told["shifts"] == [told["shift"]]
    assert told["shift_so_far"] == {
        "units": 370,
        "target": 400,
        "difference": -30,
        "is_below": True,
        "shift_target": 1600,
        "projected": 1480,
        "downtime_minutes": 0,
        "assets": 2,
        "slots_missing": 0,
        "reasons": [],
    }


@pytest.mark.usefixtures("two_hours")
def test_every_machine_comes_with_its_figures_by_area(board: Board) -> None:
    saw, press = board(NOW)["machines"]

    assert (saw["name"], press["name"]) == ("Saw", "Press")
    assert saw == {
        "asset_id": saw["asset_id"],
        "name": "Saw",
        "area": "Body",
        "as_of": "2026-11-22T07:00:00+00:00",
        "status": "below_target",
        "units": 20,
        "target": 50,
        "variance": -0.6,
        "oee": 0.8,
        "stopped_since": None,
        "strip": "." * 24 + "======<<",
    }


@pytest.mark.usefixtures("two_hours")
def test_a_shift_is_added_up_for_each_machine(figures: Figures) -> None:
    saw = figures(at(7))["Saw"]

    assert (saw["shift_units"], saw["shift_target_so_far"], saw["shift_target"]) == (170, 200, 800)
    assert (saw["shift_downtime_minutes"], saw["shift_slots"]) == (0, 8)


@pytest.mark.usefixtures("two_hours")
def test_counts_and_oee_are_of_the_newest_slot(board: Board) -> None:
    told = board(NOW)

    assert told["counts"] == {
        "assets": 2,
        "planned": 2,
        "on_target": 1,
        "above_target": 0,
        "below_target": 1,
        "stopped": 0,
        "not_planned": 0,
        "no_data": 0,
        "off_target": 1,
    }
    assert (told["oee"]["window"], told["oee"]["assets"], told["oee"]["shift"]) == (0.8, 2, 0.8)
    assert told["oee"]["slots"] == [None] * 24 + [0.8] * 8


def test_the_oee_of_a_slot_is_the_mean_of_its_planned_machines(story: Story, board: Board) -> None:
    for name, oee in (("A", 60), ("B", 90), ("C", None)):
        story.machine(name)
        story.made(name, [at(6, 45)], oee_current=oee, oee_source="reported" if oee else None)
    story.machine("D")
    story.made("D", [at(6, 45)], **NOT_PLANNED | {"oee_current": 10, "oee_source": "reported"})
    story.polled(at(6, 45))

    told = board(at(6, 46))

    assert (told["oee"]["window"], told["oee"]["assets"]) == (0.75, 2)
    assert told["oee"]["slots"][-1] == 0.75


def test_the_oee_of_a_slot_is_rounded_as_it_is_stored(story: Story, board: Board) -> None:
    story.machine("Press")
    story.made("Press", [at(5, 15)], oee_current="60.015")
    story.polled(at(5, 15))

    told = board(at(5, 16))

    assert (told["oee"]["window"], told["oee"]["slots"][-1]) == (0.6002, 0.6002)


def test_a_slot_that_is_corrected_late_keeps_its_place(story: Story, board: Board) -> None:
    story.machine("Press")
    story.made("Press", [at(5, 45)], oee_current=90)
    story.made("Press", [at(5, 15)], oee_current=60, **BELOW)
    story.made("Press", [at(5, 30)], oee_current=70, **ABOVE)
    story.made("Press", [at(6)], oee_current=80)
    story.database.execute(
        "update public.live_snapshots set stopped_since = %s where snapshot_timestamp = %s",
        (at(5, 40), at(5, 45)),
    )
    story.polled(at(6))

    told = board(at(6, 1))

    assert machine_of(told, "Press")["strip"] == "." * 28 + "<>!="
    assert told["oee"]["slots"][-4:] == [0.6, 0.7, 0.9, 0.8]


@pytest.mark.usefixtures("two_hours")
def test_who_is_below_needs_somebody_since_the_first_slot_of_the_row(board: Board) -> None:
    told = board(NOW)

    assert told["needs_you_total"] == 1
    assert told["needs_you"] == [
        {
            "kind": "below",
            "asset_id": machine_of(told, "Saw")["asset_id"],
            "asset": "Saw",
            "area": "Body",
            "since": "2026-11-22T06:45:00+00:00",
            "slots": 2,
            "reason": None,
            "reason_minutes": None,
            "units": 170,
            "target": 200,
            "difference": -30,
        }
    ]


def test_stops_are_told_with_their_minutes_in_the_shift_each_once(story: Story, board: Board) -> None:
    story.machine("Press")
    jam, repair = stop("Jam", at(4, 50), at(5, 10)), stop("Repair", at(5, 40), None)
    story.made("Press", [at(5, 15)], slot_downtime_minutes=10, stops=[jam])
    story.made("Press", [at(5, 30)], stops=[jam])
    story.made("Press", [at(5, 45)], slot_downtime_minutes=5, stops=[repair], stopped_since=at(5, 40))
    story.made("Press", [at(6)], slot_downtime_minutes=15, stops=[repair], stopped_since=at(5, 40))
    story.polled(at(6))

    told = board(at(6, 1))

    press = machine_of(told, "Press")
    assert (press["status"], press["stopped_since"]) == ("stopped", "2026-11-22T05:40:00+00:00")
    assert told["shift_so_far"]["downtime_minutes"] == 30
    assert press["strip"] == "." * 28 + "==!!"
    assert told["shift_so_far"]["reasons"] == [
        {"reason": "Repair", "minutes": 20, "stops": 1},
        {"reason": "Jam", "minutes": 10, "stops": 1},
    ]
    [stopped] = told["needs_you"]
    assert (stopped["kind"], stopped["since"], stopped["minutes"]) == (
        "stopped",
        "2026-11-22T05:40:00+00:00",
        20,
    )
    assert (stopped["slots"], stopped["reason"]) == (2, "Repair")


def test_the_newest_snapshot_of_a_stop_knows_its_reason_and_its_end(story: Story, board: Board) -> None:
    story.machine("Press")
    story.made("Press", [at(5, 15)], stops=[stop(None, at(5, 5), None)], stopped_since=at(5, 5))
    story.made("Press", [at(5, 30)], stops=[stop("Tip dressing", at(5, 5), at(5, 20))])
    story.made("Press", [at(5, 45)])
    story.polled(at(5, 45))

    told = board(at(5, 46))

    assert told["shift_so_far"]["reasons"] == [{"reason": "Tip dressing", "minutes": 15, "stops": 1}]


def test_an_open_stop_that_vanished_lasts_as_long_as_it_was_seen(story: Story, board: Board) -> None:
    story.machine("Press")
    story.made("Press", [at(5, 15)], stops=[stop("Jam", at(5, 5), None)])
    story.made("Press", slots(at(5, 30), at(6, 30)))
    story.polled(at(6, 30))

    assert board(at(6, 31))["shift_so_far"]["reasons"] == [{"reason": "Jam", "minutes": 10, "stops": 1}]


def test_what_several_crews_booked_for_the_same_time_counts_once(story: Story, board: Board) -> None:
    story.machine("Press")
    crews = [stop("Overhaul", at(hour), None) for hour in (1, 3, 5)]
    story.made("Press", [at(6)], stops=[*crews, stop("Jam", at(5, 50), at(5, 55))], stopped_since=at(1))
    story.polled(at(6))

    assert board(at(6, 1))["shift_so_far"]["reasons"] == [
        {"reason": "Overhaul", "minutes": 60, "stops": 1},
        {"reason": "Jam", "minutes": 5, "stops": 1},
    ]


def test_a_machine_that_is_below_has_the_longest_reason_of_its_shift(story: Story, board: Board) -> None:
    story.machine("Press")
    short, long = stop("Jam", at(5, 1), at(5, 4)), stop("Setup", at(5, 5), at(5, 14))
    story.made("Press", [at(5, 15)], stops=[short, long], **BELOW)
    story.polled(at(5, 15))

    [below] = board(at(5, 16))["needs_you"]

    assert (below["reason"], below["reason_minutes"]) == ("Setup", 9)


def test_what_needs_somebody_comes_worst_first(story: Story, board: Board) -> None:
    story.card()
    for name in ("A", "B", "C", "D", "E", "F", "G"):
        story.machine(name)
    story.made("A", [at(5, 15)], **BELOW)
    story.made("B", [at(5, 15)], **BELOW | {"slot_output": 2})
    story.made("C", [at(5, 15)], stopped_since=at(5, 14))
    story.made("D", [at(5, 15)], stopped_since=at(5, 14), slot_output=0)
    story.made("E", [at(5)], shift=("night", at(21, day=21), at(5)))
    story.made("F", [at(5, 15)])
    story.made("G", [at(5, 15)], **NOT_PLANNED)
    story.polled(at(5, 15))
    seen: dict[str, Any] = {"is_acknowledged": True, "acknowledged_at": at(5), "acknowledged_by_name": "ada"}
    story.incident("F", at(4), **seen)
    story.incident("F", at(3), "low")
    story.incident("F", at(4, 30), "high")
    story.incident("F", at(4, 10), "high")

    told = board(at(5, 16))

    assert kinds_of(told) == [
        ("safety", "F"),
        ("stopped", "D"),
        ("stopped", "C"),
        ("below", "B"),
        ("below", "A"),
        ("no_data", "E"),
    ]
    assert told["safety"] == {
        "open": 4,
        "unacknowledged": 3,
        "as_of": "2026-11-22T05:15:00+00:00",
        "stale_after": "2026-11-22T05:45:00+00:00",
    }
    assert told["counts"]["planned"] == 5
    assert told["counts"]["off_target"] == 4


def test_of_incidents_the_worst_is_told_until_it_is_resolved(story: Story, board: Board) -> None:
    story.card()
    story.machine("F")
    story.polled(at(5, 15))
    seen: dict[str, Any] = {"is_acknowledged": True, "acknowledged_at": at(5), "acknowledged_by_name": "ada"}
    story.incident("F", at(4), **seen)
    story.incident("F", at(3), "low")
    story.incident("F", at(4, 30), "high")
    story.incident("F", at(4, 10), "high")

    told = []
    for _ in range(4):
        [worst] = [one for one in board(at(5, 16))["needs_you"] if one["kind"] == "safety"]
        told.append((worst["severity"], worst["since"][11:16]))
        changes = ", ".join(f"{name} = %({name})s" for name in RESOLVED)
        story.database.execute(
            f"update public.safety_events set {changes} where id = %(id)s".encode(),
            RESOLVED | {"id": worst["safety_event_id"]},
        )

    assert told == [("high", "04:10"), ("high", "04:30"), ("low", "03:00"), ("critical", "04:00")]


def test_a_resolved_incident_needs_nobody(two_hours: Story, board: Board) -> None:
    two_hours.incident("Press", at(6), **RESOLVED)

    told = board(NOW)

    assert kinds_of(told) == [("below", "Saw")]
    assert told["safety"]["open"] == 0


def test_of_many_troubles_fifty_are_told_and_all_are_counted(story: Story, board: Board) -> None:
    for number in range(60):
        story.machine(f"M{number:02}")
        story.made(f"M{number:02}", [at(5, 15)], **BELOW)
    story.polled(at(5, 15))

    told = board(at(5, 16))

    assert (len(told["needs_you"]), told["needs_you_total"]) == (50, 60)


def test_many_incidents_take_no_place_of_other_troubles(two_hours: Story, board: Board) -> None:
    for number in range(60):
        two_hours.incident("Press", at(6) + timedelta(seconds=number), "low")
    worst = two_hours.incident("Press", at(6, 30), "high")

    told = board(NOW)

    assert kinds_of(told) == [("safety", "Press"), ("below", "Saw")]
    assert told["needs_you"][0]["safety_event_id"] == worst
    assert (told["safety"]["open"], told["needs_you_total"]) == (61, 62)


@pytest.mark.usefixtures("two_hours")
@pytest.mark.parametrize(
    ("now", "is_stale"),
    [(at(7, 29), False), (at(7, 30), False), (at(7, 30, 22) + timedelta(seconds=1), True)],
)
def test_data_is_stale_when_two_slots_passed_without_newer_data(
    board: Board, now: datetime, is_stale: bool
) -> None:
    told = board(now)

    assert told["is_stale"] is is_stale
    assert (("poll", None) in kinds_of(told)) is is_stale


def test_a_plant_that_is_called_later_is_stale_later(two_hours: Story, board: Board) -> None:
    two_hours.database.execute("""update public.plants set schedules = '{"live_pulse": {"offset_s": 120}}'""")

    told = board(at(7, 31))

    assert (told["is_stale"], told["stale_after"], told["next_at"]) == (
        False,
        "2026-11-22T07:32:00+00:00",
        "2026-11-22T07:32:00+00:00",
    )


def test_stale_data_stays_with_why_nothing_newer_came(two_hours: Story, board: Board) -> None:
    failed = {
        "status": "failed",
        "snapshots_until": None,
        "safety_until": None,
        "error_code": "source_unavailable",
        "error_message": "SQL Server said no",
        "is_retryable": True,
    }
    two_hours.polled(at(7, 15), **failed)
    running = {"status": "running", "finished_at": None, "snapshots_until": None, "safety_until": None}
    two_hours.polled(at(9), **running)

    told = board(at(9, 1))

    assert (told["as_of"], told["is_stale"]) == ("2026-11-22T07:00:00+00:00", True)
    assert told["needs_you"][0] == {
        "kind": "poll",
        "asset_id": None,
        "asset": None,
        "area": None,
        "since": "2026-11-22T07:00:00+00:00",
        "status": "failed",
        "error_code": "source_unavailable",
    }
    assert told["poll"]["status"] == "running"
    assert machine_of(told, "Saw")["units"] == 20
    assert told["shift_so_far"]["units"] == 370


def test_a_slot_that_is_missing_is_a_dot_and_counts_in_no_sum(story: Story, board: Board) -> None:
    story.machine("Press")
    story.made("Press", slots(at(5, 15), at(5, 45)))
    story.made("Press", slots(at(6, 30), at(7)), **ABOVE)
    story.polled(at(7))

    told = board(NOW)

    assert machine_of(told, "Press")["strip"] == "." * 24 + "===..>>>"
    assert (told["shift_so_far"]["units"], told["shift_so_far"]["target"]) == (180, 150)
    assert told["shift_so_far"]["slots_missing"] == 2
    assert told["oee"]["slots"][-5:] == [None, None, 0.8, 0.8, 0.8]


def test_a_machine_that_misses_one_slot_does_not_move_the_others(story: Story, board: Board) -> None:
    story.machine("Press")
    story.machine("Saw")
    story.made("Press", slots(at(5, 15), at(7)))
    story.made("Saw", [*slots(at(5, 15), at(6)), *slots(at(6, 30), at(7))], oee_current=40)
    story.polled(at(7))

    told = board(NOW)

    assert machine_of(told, "Saw")["strip"] == "." * 24 + "====.==="
    assert machine_of(told, "Press")["strip"] == "." * 24 + "========"
    assert told["oee"]["slots"][-5:] == [0.6, 0.8, 0.6, 0.6, 0.6]
    assert told["shift_so_far"]["slots_missing"] == 0


def test_a_machine_without_the_newest_slot_is_told_with_what_it_had(
    story: Story, board: Board, figures: Figures
) -> None:
    story.machine("Press")
    story.machine("Oven")
    story.machine("New")
    story.made("Press", slots(at(5, 15), at(7)))
    story.made("Oven", slots(at(5, 15), at(6)))
    story.polled(at(7))

    told = board(NOW)

    oven, new = machine_of(told, "Oven"), machine_of(told, "New")
    assert (oven["status"], oven["as_of"], oven["units"]) == ("no_data", "2026-11-22T06:00:00+00:00", 50)
    assert figures(at(7))["Oven"]["shift_units"] == 100
    assert oven["strip"] == "." * 24 + "====...."
    assert (new["status"], new["as_of"], new["units"]) == ("no_data", None, None)
    assert figures(at(7))["New"]["shift_name"] is None
    assert new["strip"] == "." * 32
    assert {one["asset"]: (one["slots"], one["since"]) for one in told["needs_you"]} == {
        "Oven": (4, "2026-11-22T06:00:00+00:00"),
        "New": (None, None),
    }
    assert told["counts"]["no_data"] == 2
    assert told["shift"]["assets"] == 2


def test_the_shift_of_a_machine_without_the_newest_slot_ends(
    story: Story, board: Board, figures: Figures
) -> None:
    story.machine("Press")
    story.machine("Oven")
    story.made("Press", slots(at(13, 15), at(14)), shift=("late", at(13), at(21)))
    story.made("Oven", slots(at(12), at(13)))
    story.polled(at(14))

    told = board(at(14, 1))

    assert figures(at(14))["Oven"]["shift_name"] is None
    assert [one["name"] for one in told["shifts"]] == ["late"]
    assert told["shift_so_far"]["units"] == 100


def test_outside_shifts_nothing_is_planned_and_there_is_no_shift(story: Story, board: Board) -> None:
    story.machine("Press")
    story.machine("Saw")
    story.made("Press", slots(at(2), at(4)), **NOT_PLANNED)
    story.made("Saw", slots(at(2), at(4)), **NOT_PLANNED | ABOVE | {"variance_percent": None})
    story.polled(at(4))

    told = board(at(4, 1))

    assert (told["shift"], told["shifts"], told["shift_so_far"]) == (None, [], None)
    assert {one["status"] for one in told["machines"]} == {"not_planned"}
    assert machine_of(told, "Press")["strip"] == "." * 23 + "-" * 9
    assert machine_of(told, "Press")["variance"] is None
    assert (told["counts"]["planned"], told["counts"]["not_planned"]) == (0, 2)
    assert (told["oee"]["window"], told["needs_you"]) == (None, [])


def test_each_machine_is_added_up_over_its_own_shift(story: Story, board: Board, figures: Figures) -> None:
    long = ("long", at(4), at(14))
    for name in ("A", "B", "C"):
        story.machine(name)
    for name in ("A", "B"):
        story.made(name, slots(at(5, 15), at(6)))
    story.made("C", slots(at(4, 15), at(6)), shift=long)
    story.polled(at(6))

    told = board(at(6, 1))

    assert [(one["name"], one["assets"]) for one in told["shifts"]] == [("early", 2), ("long", 1)]
    assert told["shift"]["name"] == "early"
    assert {name: (one["shift_name"], one["shift_units"]) for name, one in figures(at(6)).items()} == {
        "A": ("early", 100),
        "B": ("early", 100),
        "C": ("long", 200),
    }
    assert told["shift_so_far"]["units"] == 400


def test_a_shift_that_gets_another_name_or_end_goes_on(story: Story, board: Board, figures: Figures) -> None:
    story.machine("Press")
    story.made("Press", slots(at(5, 15), at(6)), shift=("early", at(5), at(13)))
    story.made("Press", slots(at(6, 15), at(7)), shift=("long", at(5), at(17)))
    story.polled(at(7))

    told = board(NOW)

    assert [(one["name"], one["ends_at"]) for one in told["shifts"]] == [
        ("long", "2026-11-22T17:00:00+00:00")
    ]
    assert told["shift_so_far"]["units"] == 200
    assert figures(at(7))["Press"]["shift_slots"] == 8


def test_a_shift_over_midnight_is_one_shift(story: Story, board: Board) -> None:
    night = ("night", at(21, day=21), at(5))
    story.machine("Press")
    story.made("Press", slots(at(20, day=21), at(21, day=21)), shift=("late", at(13, day=21), at(21, day=21)))
    story.made("Press", slots(at(21, 15, day=21), at(1)), shift=night)
    story.polled(at(1))

    told = board(at(1, 1))

    assert (told["shift"]["name"], told["shift"]["elapsed"]) == ("night", 0.5)
    assert (told["shift_so_far"]["units"], told["shift_so_far"]["slots_missing"]) == (400, 0)


def test_a_shift_that_is_longer_than_the_strip_is_added_up_whole(story: Story, board: Board) -> None:
    twelve = ("day", at(4), at(16))
    story.machine("Press")
    story.made("Press", slots(at(4, 15), at(16)), shift=twelve)
    story.polled(at(16))

    told = board(at(16, 1))

    assert told["shift_so_far"]["units"] == 48 * 25
    assert machine_of(told, "Press")["strip"] == "=" * 32


@pytest.mark.parametrize(
    ("first", "hours"),
    [
        (datetime(2026, 3, 28, 21, tzinfo=UTC), 7),  # Brussels skips an hour
        (datetime(2026, 10, 24, 20, tzinfo=UTC), 9),  # Brussels repeats one
        (datetime(2026, 3, 8, 4, tzinfo=UTC), 7),  # Chicago
        (datetime(2026, 11, 1, 3, tzinfo=UTC), 9),
    ],
)
def test_a_night_with_a_change_of_the_clock_has_seven_or_nine_hours(
    story: Story, board: Board, first: datetime, hours: int
) -> None:
    last = first + timedelta(hours=hours)
    story.machine("Press")
    story.made("Press", slots(first + QUARTER, last), shift=("night", first, last))
    story.polled(last)

    told = board(last + timedelta(minutes=1))

    assert told["shift_so_far"]["units"] == hours * 4 * 25
    assert told["shift_so_far"]["slots_missing"] == 0
    assert (told["shift"]["starts_at"], told["shift"]["elapsed"]) == (first.isoformat(), 1)
    expected = {7: "....====", 9: "========"}[hours]
    assert machine_of(told, "Press")["strip"].startswith(expected)


def test_units_that_the_clock_showed_twice_are_left_out_with_their_target(story: Story, board: Board) -> None:
    story.machine("Press")
    story.made("Press", slots(at(5, 15), at(6)))
    story.made("Press", [at(6, 15)], slot_output=None, is_time_ambiguous=True)
    story.polled(at(6, 15))

    told = board(at(6, 16))

    assert (told["shift_so_far"]["units"], told["shift_so_far"]["target"]) == (100, 100)
    assert told["shift_so_far"]["slots_missing"] == 1
    assert machine_of(told, "Press")["strip"].endswith(".=====")


def test_snapshots_of_older_code_are_shown_and_not_added_up(story: Story, board: Board) -> None:
    story.machine("Press")
    story.made("Press", slots(at(5, 15), at(6)), **OF_OLD_CODE)
    story.made("Press", slots(at(6, 15), at(7)))
    story.polled(at(7))

    told = board(NOW)

    assert machine_of(told, "Press")["strip"] == "." * 24 + "========"
    assert (told["shift_so_far"]["units"], told["shift_so_far"]["slots_missing"]) == (100, 4)


def test_a_plant_that_older_code_polls_has_machines_and_no_shift(
    story: Story, board: Board, figures: Figures
) -> None:
    story.machine("Press")
    story.made("Press", slots(at(5, 15), at(7)), **OF_OLD_CODE | BELOW)
    story.polled(at(7))

    told = board(NOW)

    assert told["plant"]["name"] == "northfield"
    assert (told["plant"]["time_zone"], told["plant"]["slot_minutes"]) == (None, 15)
    assert (told["shift"], told["shift_so_far"]) == (None, None)
    assert machine_of(told, "Press")["status"] == "below_target"
    assert figures(at(7))["Press"]["shift_units"] is None
    assert kinds_of(told) == [("below", "Press")]


def test_a_poll_by_hand_shows_the_present_and_adds_nothing(story: Story, board: Board) -> None:
    story.machine("Press")
    story.made("Press", slots(at(5, 15), at(7)))
    by_hand = {"slot_output": None, "slot_target": None, "slot_downtime_minutes": None}
    story.made("Press", [at(7, 3)], **BELOW | by_hand)
    story.polled(at(7))

    told = board(NOW)

    press = machine_of(told, "Press")
    assert (press["as_of"], press["status"], press["units"]) == (
        "2026-11-22T07:03:00+00:00",
        "below_target",
        20,
    )
    assert (told["shift_so_far"]["units"], press["strip"]) == (200, "." * 24 + "========")


def test_slots_of_another_grid_have_a_place_where_they_fit(story: Story, board: Board) -> None:
    story.card(slot_minutes=30, window_minutes=60)
    story.machine("Press")
    story.made("Press", slots(at(5, 15), at(7)))
    story.polled(at(7))

    told = board(NOW)

    assert told["strip_slots"] == 16
    assert machine_of(told, "Press")["strip"] == "." * 12 + "===="
    assert told["shift_so_far"]["units"] == 200


def test_a_plant_that_is_polled_each_minute_has_its_newest_96_slots(story: Story, board: Board) -> None:
    story.card(slot_minutes=1, window_minutes=30)
    story.machine("Press")
    story.made("Press", [at(7) - timedelta(minutes=number) for number in range(110)])
    story.polled(at(7))

    told = board(at(7, 0) + timedelta(seconds=30))

    assert (told["strip_slots"], machine_of(told, "Press")["strip"]) == (96, "=" * 96)
    assert (told["next_at"], told["stale_after"]) == (
        "2026-11-22T07:01:00+00:00",
        "2026-11-22T07:02:00+00:00",
    )


def test_before_the_first_poll_machines_have_no_data_and_nothing_is_current(
    story: Story, board: Board
) -> None:
    story.machine("Press")

    told = board(NOW)

    assert (told["as_of"], told["stale_after"], told["is_stale"], told["poll"]) == (None, None, True, None)
    assert (told["shift"], told["shift_so_far"], told["strip_from"]) == (None, None, None)
    assert told["oee"] == {"window": None, "assets": 0, "shift": None, "slots": None}
    assert machine_of(told, "Press")["status"] == "no_data"
    assert kinds_of(told) == [("poll", None)]


def test_a_plant_without_machines_has_an_empty_board(story: Story, board: Board) -> None:
    story.card()
    story.polled(at(7))

    told = board(NOW)

    assert (told["machines"], told["needs_you"], told["counts"]["assets"]) == ([], [], 0)


def test_only_active_and_mapped_machines_are_shown(two_hours: Story, board: Board) -> None:
    two_hours.machine("Scrapped", is_active=False)
    two_hours.machine("Unknown", is_mapped=False)

    assert [one["name"] for one in board(NOW)["machines"]] == ["Saw", "Press"]


def test_what_came_after_the_time_that_is_asked_for_is_not_there_yet(two_hours: Story, board: Board) -> None:
    two_hours.made("Press", [at(7, 15)], **BELOW)
    two_hours.polled(at(7, 15))

    assert machine_of(board(NOW), "Press")["status"] == "on_target"
    assert machine_of(board(at(7, 16)), "Press")["status"] == "below_target"


HOSTILE = ["<script>alert(1)</script>", "\u202eevil", "a'; drop table x; --", "x" * 5000, '"\\', "🦀 Größe"]


def test_hostile_names_and_reasons_are_text(story: Story, board: Board) -> None:
    for number, text in enumerate(HOSTILE):
        story.machine(text, text, source_name=f"M-{number}")
        story.made(text, [at(5, 15)], stops=[stop(text, at(5, 1), None)], stopped_since=at(5, 1))
    story.polled(at(5, 15))

    told = board(at(5, 16))

    names = set(HOSTILE) - {"x" * 5000} | {"x" * 200 + " […]"}
    assert {one["name"] for one in told["machines"]} == names
    assert {one["area"] for one in told["machines"]} == names
    assert {one["reason"] for one in told["shift_so_far"]["reasons"]} == set(HOSTILE)
    assert {one["reason"] for one in told["needs_you"]} == set(HOSTILE)


@pytest.mark.parametrize(
    ("role", "northfield", "southfield"),
    [
        ("stranger", None, None),
        ("viewer", "viewer", None),
        ("operator", "operator", None),
        ("manager", "manager", None),
        ("neighbour", None, "manager"),
        ("director", "manager", "manager"),
        ("service_role", "manager", "manager"),
    ],
)
@pytest.mark.usefixtures("two_hours")
def test_members_see_the_board_of_their_plant(
    board: Board, story: Story, role: str, northfield: str | None, southfield: str | None
) -> None:
    other = Story(story.database, "southfield")
    other.machine("Lathe")
    other.made("Lathe", [at(7)])
    other.polled(at(7))

    def seen(plant: str) -> tuple[str, int] | None:
        told = board(NOW, role, plant)
        if told["plant"] is None:
            assert told == {"now": "2026-11-22T07:04:00+00:00", "plant": None}
            return None
        return told["plant"]["role"], len(told["machines"])

    assert seen("northfield") == (northfield and (northfield, 2))
    assert seen("southfield") == (southfield and (southfield, 1))
    assert seen("atlantis") is None


def test_a_member_of_one_plant_and_of_all_has_the_higher_role(two_hours: Story, board: Board) -> None:
    two_hours.database.execute("update public.plant_members set role = 'viewer' where plant = '*'")
    two_hours.database.execute(
        "insert into public.plant_members select user_id, 'northfield', 'operator' from public.plant_members"
        " where plant = '*'"
    )

    assert board(NOW, "director")["plant"]["role"] == "operator"


def test_anon_may_not_ask(api_of: Callable[[str], Api]) -> None:
    assert api_of("anon").refusal("board", p_plant="northfield") == "42501"


def test_without_a_time_the_databases_clock_counts(two_hours: Story, api_of: Callable[[str], Api]) -> None:
    before = datetime.now(UTC)

    told = api_of("viewer").call("board", p_plant="northfield")

    assert before - timedelta(minutes=5) < datetime.fromisoformat(told["now"])
    assert two_hours.plant == told["plant"]["plant"]


def test_a_board_may_be_asked_for_by_get(two_hours: Story, api_of: Callable[[str], Api]) -> None:
    answer = api_of("viewer").client.get("/rpc/board", params={"p_plant": two_hours.plant})

    assert answer.status_code == 200
    assert len(answer.json()["machines"]) == 2


def test_more_machines_than_the_data_api_gives_come_in_one_answer(
    story: Story, board: Board, api_of: Callable[[str], Api]
) -> None:
    story.card()
    story.database.execute(
        """
        with made as (
          insert into public.assets (plant, name, source_name)
          select 'northfield', 'Machine ' || number, 'M-' || number from generate_series(1, 1200) as number
          returning id
        )
        insert into public.live_snapshots (
          asset_id, snapshot_timestamp, window_start, output_actual, slot_output, output_target, status,
          slot_target, shift_name, shift_starts_at, shift_ends_at, shift_target
        )
        select made.id, at, at - interval '30 min', 50, 25, 50, 'on_target', 25, %s, %s, %s, 800
        from made
        cross join generate_series('2026-11-22 05:15+00'::timestamptz, '2026-11-22 07:00+00', '15 min') as at
        """,
        EARLY,
    )
    story.polled(at(7))

    told = board(NOW)

    assert len(told["machines"]) == 1200
    assert told["shift_so_far"]["units"] == 1200 * 8 * 25
    assert len(api_of("viewer").rows("assets")) == 1000
    day = api_of("viewer").call("board_day", p_plant="northfield", p_now=NOW.isoformat())
    assert (len(day["machines"]), day["strip_slots"]) == (1200, 96)
    assert {one["strip"] for one in day["machines"]} == {"." * 88 + "========"}


def test_a_name_of_a_megabyte_does_not_fill_the_board(board: Board, story: Story) -> None:
    story.card()
    story.machine("Ş" * 1_000_000, "β" * 1_000_000, source_name="PRESS-01")
    story.made("Ş" * 1_000_000, slots(at(6, 45), at(7)), **BELOW)
    story.polled(at(7))

    told = board(NOW)

    [machine] = told["machines"]
    assert (machine["name"], machine["area"]) == ("Ş" * 200 + " […]", "β" * 200 + " […]")
    assert len(json.dumps(told, ensure_ascii=False)) < 10_000
