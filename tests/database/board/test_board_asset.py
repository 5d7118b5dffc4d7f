"""One machine: as it stands, each slot of its last day, and its stops."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.board.stories import (
    BELOW,
    NOT_PLANNED,
    OF_OLD_CODE,
    QUARTER,
    RESOLVED,
    Story,
    at,
    slots,
    stop,
)

Look = Callable[..., dict[str, Any]]
NOW = at(7, 4)


@pytest.fixture
def look(api_of: Callable[[str], Api], story: Story) -> Look:
    """Return what the page of a machine is told."""

    def ask(name: str, now: datetime = NOW, role: str = "viewer") -> dict[str, Any]:
        told: dict[str, Any] = api_of(role).call(
            "board_asset", p_plant="northfield", p_asset_id=story.numbers[name], p_now=now.isoformat()
        )
        return told

    return ask


@pytest.fixture
def press(story: Story) -> Story:
    """A press that worked from 05:15, with a stop in the first quarter of an hour and one that lasts."""
    story.card()
    story.machine("Press", "Stamping", source_name="PRESS_01", ideal_units_per_hour=120)
    story.machine("Saw")
    jam, open_one = stop("Jam", at(4, 50), at(5, 10)), stop(None, at(6, 50), None)
    story.made("Press", slots(at(4, 30), at(5)), **NOT_PLANNED)
    story.made("Press", [at(5, 15)], slot_downtime_minutes=10, stops=[jam])
    story.made("Press", slots(at(5, 30), at(6, 45)))
    lasts = {"stopped_since": at(6, 50), "stops": [open_one], "slot_downtime_minutes": 10}
    story.made("Press", [at(7)], **BELOW | lasts)
    story.made("Saw", slots(at(5, 15), at(7)))
    story.polled(at(7))
    return story


@pytest.mark.usefixtures("press")
def test_a_machine_is_told_with_what_it_is(look: Look) -> None:
    told = look("Press")

    assert told["plant"]["name"] == "Northfield"
    assert (told["now"], told["as_of"], told["next_at"]) == (
        "2026-11-22T07:04:00+00:00",
        "2026-11-22T07:00:00+00:00",
        "2026-11-22T07:15:00+00:00",
    )
    assert (told["stale_after"], told["is_stale"]) == ("2026-11-22T07:30:00+00:00", False)
    assert told["asset"] == {
        "asset_id": 1,
        "name": "Press",
        "source_name": "PRESS_01",
        "area": "Stamping",
        "is_active": True,
        "is_mapped": True,
        "ideal_units_per_hour": 120,
    }
    assert (told["shift"]["name"], told["shift"]["assets"]) == ("early", 1)


@pytest.mark.usefixtures("press")
def test_a_machine_is_told_as_the_board_tells_it(look: Look, api_of: Callable[[str], Api]) -> None:
    board = api_of("viewer").call("board", p_plant="northfield", p_now=NOW.isoformat())

    assert look("Press")["machine"] == next(one for one in board["machines"] if one["name"] == "Press")


@pytest.mark.usefixtures("press")
def test_each_slot_of_a_day_is_there_the_oldest_first(look: Look) -> None:
    told = look("Press")["slots"]

    assert len(told) == 96
    assert (told[0]["at"], told[-1]["at"]) == ("2026-11-21T07:15:00+00:00", "2026-11-22T07:00:00+00:00")
    assert "".join(one["mark"] for one in told) == "." * 85 + "---" + "=" * 7 + "!"
    assert told[0] == {
        "at": "2026-11-21T07:15:00+00:00",
        "mark": ".",
        "status": "no_data",
        "units": None,
        "target": None,
        "oee": None,
        "downtime_minutes": None,
        "good": None,
        "rejected": None,
        "headcount": None,
        "is_catch_up": None,
        "is_time_ambiguous": None,
    }
    assert told[-1] == {
        "at": "2026-11-22T07:00:00+00:00",
        "mark": "!",
        "status": "stopped",
        "units": 10,
        "target": 25,
        "oee": 0.8,
        "downtime_minutes": 10,
        "good": None,
        "rejected": None,
        "headcount": None,
        "is_catch_up": False,
        "is_time_ambiguous": False,
    }
    assert {one["status"] for one in told} == {"no_data", "not_planned", "on_target", "stopped"}


@pytest.mark.usefixtures("press")
def test_a_day_is_the_sum_of_its_slots(look: Look) -> None:
    assert look("Press")["day"] == {"oee": 0.8, "units": 185, "target": 200, "downtime_minutes": 20}


@pytest.mark.usefixtures("press")
def test_stops_are_told_newest_first_with_their_minutes_of_the_shift(look: Look) -> None:
    assert look("Press")["stops"] == [
        {
            "reason": None,
            "since": "2026-11-22T06:50:00+00:00",
            "until": None,
            "minutes": 10,
            "shift_minutes": 10,
        },
        {
            "reason": "Jam",
            "since": "2026-11-22T04:50:00+00:00",
            "until": "2026-11-22T05:10:00+00:00",
            "minutes": 20,
            "shift_minutes": 10,
        },
    ]
    assert look("Saw")["stops"] == []


def test_stops_before_the_shift_are_of_the_day(press: Story, look: Look) -> None:
    earlier = stop("Setup", at(2), at(2, 20))
    press.made("Press", [at(2, 15), at(2, 30)], shift=("night", at(21, day=21), at(5)), stops=[earlier])

    assert look("Press")["stops"][-1] == {
        "reason": "Setup",
        "since": "2026-11-22T02:00:00+00:00",
        "until": "2026-11-22T02:20:00+00:00",
        "minutes": 20,
        "shift_minutes": None,
    }


def test_open_incidents_of_the_machine_are_told(press: Story, look: Look) -> None:
    press.incident("Press", at(6), "high")
    press.incident("Saw", at(6))
    press.incident("Press", at(5), **RESOLVED)

    assert look("Press")["safety"] == [
        {
            "safety_event_id": 1,
            "severity": "high",
            "reason": "Guard open",
            "since": "2026-11-22T06:00:00+00:00",
            "is_acknowledged": False,
        }
    ]


@pytest.mark.parametrize(
    ("first", "hours"),
    [(datetime(2026, 3, 28, 21, tzinfo=UTC), 7), (datetime(2026, 11, 1, 3, tzinfo=UTC), 9)],
)
def test_a_day_with_a_change_of_the_clock_has_96_slots(
    story: Story, look: Look, first: datetime, hours: int
) -> None:
    last = first + timedelta(hours=hours)
    story.machine("Press")
    story.made("Press", slots(first + QUARTER, last), shift=("night", first, last))
    story.polled(last)

    told = look("Press", last + timedelta(minutes=1))

    assert "".join(one["mark"] for one in told["slots"]) == "." * (96 - 4 * hours) + "=" * 4 * hours
    assert told["day"]["units"] == hours * 100


def test_slots_of_older_code_have_units_and_no_target(story: Story, look: Look) -> None:
    story.machine("Press")
    story.made("Press", slots(at(6, 15), at(7)), **OF_OLD_CODE)
    story.polled(at(7))

    told = look("Press")

    assert (told["slots"][-1]["units"], told["slots"][-1]["target"]) == (25, None)
    assert told["day"] == {"oee": 0.8, "units": None, "target": None, "downtime_minutes": None}
    assert told["shift"] is None


@pytest.mark.parametrize("asset", [{"is_active": False}, {"is_mapped": False}])
def test_a_machine_that_is_not_on_the_board_has_a_page(
    press: Story, look: Look, asset: dict[str, Any]
) -> None:
    press.machine("Spare", **asset)

    told = look("Spare")

    assert (told["asset"]["name"], told["machine"], told["shift"]) == ("Spare", None, None)
    assert {one["status"] for one in told["slots"]} == {"no_data"}


def test_before_the_first_poll_there_are_no_slots(story: Story, look: Look) -> None:
    story.machine("Press")

    told = look("Press")

    assert (told["as_of"], told["slots"], told["stops"]) == (None, [], [])
    assert told["machine"]["status"] == "no_data"


@pytest.mark.usefixtures("press")
@pytest.mark.parametrize("asset_id", [99, None])
def test_an_unknown_machine_is_told_as_such(api_of: Callable[[str], Api], asset_id: int | None) -> None:
    told = api_of("viewer").call(
        "board_asset", p_plant="northfield", p_asset_id=asset_id, p_now=NOW.isoformat()
    )

    assert told["asset"] is None
    assert set(told) == {"now", "plant", "asset"}


@pytest.mark.usefixtures("press")
def test_a_machine_of_another_plant_is_unknown_in_this_one(
    api_of: Callable[[str], Api], story: Story
) -> None:
    lathe = Story(story.database, "southfield").machine("Lathe")

    def asset_of(plant: str) -> object:
        told = api_of("director").call("board_asset", p_plant=plant, p_asset_id=lathe, p_now=NOW.isoformat())
        return told["asset"] and told["asset"]["name"]

    assert (asset_of("northfield"), asset_of("southfield")) == (None, "Lathe")


@pytest.mark.usefixtures("press")
@pytest.mark.parametrize("role", ["stranger", "neighbour"])
def test_others_learn_nothing_of_a_machine(look: Look, role: str) -> None:
    assert look("Press", role=role) == {"now": "2026-11-22T07:04:00+00:00", "plant": None}


def test_anon_may_not_ask(api_of: Callable[[str], Api]) -> None:
    assert api_of("anon").refusal("board_asset", p_plant="northfield", p_asset_id=1) == "42501"


@pytest.mark.usefixtures("press")
def test_nobody_gets_gigabytes_of_dots(api_of: Callable[[str], Api]) -> None:
    machines = api_of("viewer").call(
        "board_machines",
        p_plant={"plant": "northfield", "slot_minutes": 15, "window_minutes": 30},
        p_asset_id=1,
        p_as_of="2026-11-22T07:00:00Z",
        p_now=NOW.isoformat(),
        p_slots=1_000_000_000,
    )

    assert len(machines[0]["strip"]) == 1440


def test_texts_of_a_machine_have_bounds(press: Story, look: Look) -> None:
    long, shown = "N" * 1_000_000, "N" * 200 + " […]"
    press.database.execute("update public.assets set name = %s, area = %s where name = 'Press'", (long, long))
    press.incident("Press", at(7), reason_code="r" * 401)

    told = look("Press")

    assert (told["asset"]["name"], told["asset"]["area"]) == (shown, shown)
    assert told["safety"][0]["reason"] == "r" * 400 + " […]"
