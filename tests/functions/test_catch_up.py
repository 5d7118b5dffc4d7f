"""Missed slots are made up for, late rows correct what was written, and slot outputs add up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import NOON_IN_CHICAGO, QUARTER, Floor, World, press_snapshots, tick


def press(world: World) -> dict[str, tuple[Any, ...]]:
    """Return PRESS-01's snapshots by plant-local time: actual, slot output, downtime, caught up."""
    return press_snapshots(world, "downtime_minutes")


def test_missed_slots_are_filled_in_and_marked(world: World, floor: Floor) -> None:
    tick(world, 0)
    floor.output("PRESS-01", 1, "12:05:00")
    floor.output("PRESS-01", 2, "12:20:00")
    floor.output("PRESS-01", 4, "12:35:00")
    floor.downtime("PRESS-01", "Jam", 5, "12:20:00")

    report = tick(world, 3)

    assert (report["outcome"], report["counts"]["snapshots_written"]) == ("succeeded", 8)
    assert press(world) == {
        "11:45": (0.0, 0.0, 0.0, True),  # the two slots before an outage are read again, whatever they held
        "12:00": (0.0, 0.0, 0.0, False),
        "12:15": (1.0, 1.0, 0.0, True),
        "12:30": (3.0, 2.0, 5.0, True),
        "12:45": (6.0, 4.0, 5.0, False),
    }
    assert world.calls[-2:] == ["claim_run", "commit_live_pulse"]


def test_late_rows_correct_the_two_slots_before(world: World, floor: Floor) -> None:
    floor.quality("PRESS-01", 60, 3, "11:45:00")
    tick(world, 0)
    tick(world, 1)
    floor.output("PRESS-01", 5, "11:59:00")
    floor.output("PRESS-01", 7, "12:14:00")

    report = tick(world, 2)

    assert press(world) == {
        "12:00": (5.0, 5.0, 0.0, False),
        "12:15": (12.0, 7.0, 0.0, False),
        "12:30": (7.0, 0.0, 0.0, False),
    }
    assert report["counts"]["snapshots_updated"] == 2
    (first,) = world.rows("select good_count::float from public.live_snapshots where good_count > 0 limit 1")
    assert first == {"good_count": 60.0}


def test_slots_without_late_rows_are_not_even_sent(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 5, "11:59:00")
    tick(world, 0)
    tick(world, 1)

    report = tick(world, 2)

    assert report["counts"]["snapshots_updated"] == 0
    assert report["counts"]["snapshots_unchanged"] == 0
    assert report["counts"]["snapshots_written"] == 2


def test_only_rows_that_changed_are_updated(world: World, floor: Floor) -> None:
    tick(world, 0)
    floor.output("PRESS-01", 5, "11:59:00")

    report = tick(world, 1)

    assert report["counts"]["snapshots_updated"] == 1
    by_asset = world.rows(
        "select run_id from public.live_snapshots"
        " where snapshot_timestamp = '2026-03-11T17:00:00Z' order by asset_id"
    )
    assert [row["run_id"] for row in by_asset] == [report["run_id"], 1]


def test_rows_that_come_even_later_are_not_looked_for(world: World, floor: Floor) -> None:
    tick(world, 0)
    tick(world, 1)
    tick(world, 2)
    floor.output("PRESS-01", 5, "11:50:00")

    tick(world, 3)

    assert press(world)["12:00"] == (0.0, 0.0, 0.0, False)


def test_the_last_slots_before_an_outage_are_corrected_too(world: World, floor: Floor) -> None:
    tick(world, 0)
    floor.output("PRESS-01", 5, "11:59:00")

    tick(world, 8)

    assert press(world)["12:00"] == (5.0, 5.0, 0.0, False)


def test_slot_outputs_add_up_to_what_was_made(world: World, floor: Floor) -> None:
    tick(world, 0)
    for minute in range(120):
        floor.output("PRESS-01", minute + 1, f"{12 + minute // 60}:{minute % 60:02}:30")

    for quarter in (1, 2, 5, 8):
        tick(world, quarter)

    slots = press(world)
    assert sum(slot_output for _, slot_output, _, _ in slots.values()) == 7260.0
    assert len(slots) == 9


def test_slots_missed_for_too_long_are_given_up_and_said(world: World) -> None:
    world.pulse = {"catch_up_hours": 1}
    tick(world, 0)

    report = tick(world, 12)

    assert report["outcome"] == "partial"
    assert [warning["code"] for warning in report["warnings"] if "slots" in warning["code"]] == [
        "slots_given_up"
    ]
    assert list(press(world)) == ["12:00", "14:00", "14:15", "14:30", "14:45", "15:00"]


def test_a_long_catch_up_is_cut_into_commits_with_the_present_first(
    world: World, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plantpulse.live_pulse.catch_up.SNAPSHOTS_A_COMMIT", 6)  # two slots of three assets
    tick(world, 0)
    floor.output("PRESS-01", 1, "12:05:00")
    world.calls.clear()

    report = tick(world, 5)

    assert world.calls == ["claim_run", *["commit_live_pulse"] * 4]
    assert report["outcome"] == "succeeded"
    assert report["counts"]["snapshots_written"] == 12
    assert list(press(world)) == ["11:45", "12:00", "12:15", "12:30", "12:45", "13:00", "13:15"]
    (run,) = world.rows("select catch_up_from from public.pipeline_runs order by id desc limit 1")
    assert run["catch_up_from"] is None


def test_what_a_run_has_no_time_for_is_left_to_the_next(
    world: World, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plantpulse.live_pulse.catch_up.SNAPSHOTS_A_COMMIT", 6)
    tick(world, 0)
    floor.output("PRESS-01", 1, "12:05:00")
    monkeypatch.setattr("plantpulse.live_pulse.poll.RESERVED_S", 1000.0)

    report = tick(world, 5)

    assert report["outcome"] == "partial"
    assert [warning["code"] for warning in report["warnings"] if "catch" in warning["code"]] == [
        "catch_up_unfinished"
    ]
    assert list(press(world)) == ["12:00", "13:00", "13:15"]
    monkeypatch.undo()

    report = tick(world, 6)

    assert report["outcome"] == "succeeded"
    assert list(press(world)) == ["11:45", "12:00", "12:15", "12:30", "12:45", "13:00", "13:15", "13:30"]
    assert press(world)["12:15"] == (1.0, 1.0, 0.0, True)


def test_a_late_delivery_of_a_slot_that_was_caught_up_changes_no_figure(world: World, floor: Floor) -> None:
    tick(world, 0)
    floor.output("PRESS-01", 1, "12:05:00")
    tick(world, 2)
    before = {at: figures[:3] for at, figures in press(world).items()}

    _, report = world.tick(NOON_IN_CHICAGO + QUARTER)

    assert report["outcome"] == "succeeded"
    assert {at: figures[:3] for at, figures in press(world).items()} == before
    assert press(world)["12:15"][3] is False


def test_the_source_lag_shifts_every_window(world: World, floor: Floor) -> None:
    world.settings = {"source_lag_s": 300}
    tick(world, 0)
    floor.output("PRESS-01", 1, "12:09:59")
    floor.output("PRESS-01", 2, "12:10:00")

    tick(world, 2)

    assert press(world)["12:15"] == (1.0, 1.0, 0.0, True)
    assert press(world)["12:30"] == (3.0, 2.0, 0.0, False)


@pytest.mark.stand_in
def test_an_outage_of_hours_is_read_with_one_question(world: World, mssql: SqlServerUnderTest) -> None:
    tick(world, 0)
    assert mssql.stand_in is not None
    mssql.stand_in.traffic.clear()

    tick(world, 20)

    asked = [one for one in mssql.stand_in.traffic.statements if "@bucket_s" in one.parameters]
    assert len(asked) == 1
    assert len(press(world)) == 22


@pytest.mark.stand_in
def test_slots_that_are_looked_at_again_are_read_with_the_present_one(
    world: World, mssql: SqlServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plantpulse.live_pulse.catch_up.SNAPSHOTS_A_COMMIT", 3)  # one slot of three assets
    for quarter in (0, 1, 2):
        tick(world, quarter)
    assert mssql.stand_in is not None
    mssql.stand_in.traffic.clear()
    world.calls.clear()

    tick(world, 3)

    asked = [one for one in mssql.stand_in.traffic.statements if "@bucket_s" in one.parameters]
    assert len(asked) == 1
    assert world.calls == ["claim_run", "commit_live_pulse"]


@pytest.mark.stand_in
def test_what_is_too_much_for_one_answer_is_asked_slot_by_slot(
    world: World, floor: Floor, mssql: SqlServerUnderTest
) -> None:
    world.pulse = {"row_limit": 10}
    for quarter in (0, 1, 2):
        tick(world, quarter)
    for name in ("PRESS-01", "PAINT-01", "UNKNOWN-1"):
        for minute in (5, 20, 35, 50):
            floor.output(name, 1, f"12:{minute:02}:00")
    assert mssql.stand_in is not None
    mssql.stand_in.traffic.clear()

    report = tick(world, 4)

    asked = [one for one in mssql.stand_in.traffic.statements if "@bucket_s" in one.parameters]
    assert len(asked) == 1 + 4  # together, then 13:00, 12:45, 12:30 and 12:15
    assert report["outcome"] == "succeeded"
    assert press(world)["12:15"] == (1.0, 1.0, 0.0, False)
    assert press(world)["13:00"] == (2.0, 1.0, 0.0, False)


def test_an_outage_leaves_no_safety_event_out(world: World, floor: Floor) -> None:
    tick(world, 0)
    floor.downtime("PRESS-01", "Safety Issue", 5, "12:10:00")
    floor.run("update downtime_records set [timestamp] = '2026-03-11T12:10:00'")

    world.now = NOON_IN_CHICAGO + timedelta(days=3, seconds=40)
    _, report = world.tick(NOON_IN_CHICAGO + timedelta(days=3))

    assert report["counts"]["safety_recorded"] == 1
    (event,) = world.rows("select event_timestamp from public.safety_events")
    assert event["event_timestamp"] == datetime(2026, 3, 11, 17, 10, tzinfo=UTC)


def test_a_reason_typed_in_after_the_last_poll_before_an_outage_is_found(world: World, floor: Floor) -> None:
    tick(world, 0)
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:50:00")

    world.now = NOON_IN_CHICAGO + timedelta(hours=26, seconds=40)
    _, report = world.tick(NOON_IN_CHICAGO + timedelta(hours=26))

    assert report["counts"]["safety_recorded"] == 1


def test_a_malformed_row_of_a_slot_that_is_looked_at_again_is_not_kept_twice_more(
    world: World, floor: Floor
) -> None:
    tick(world, 0)
    floor.output("PRESS-01", -5, "12:05:00")

    counted = [tick(world, quarter)["counts"]["rejected"] for quarter in (1, 2, 3, 4)]

    assert counted == [1, 1, 0, 0]
