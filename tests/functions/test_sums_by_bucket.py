"""In a large plant older slots are looked at by sums, and by rows only where something has changed.

The stand-in's statements show which way a poll went: after the sums it reads output of the present window
alone, of the whole span, or also of the older part.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from devstack.sqlserver.server import StandIn
from plantpulse.source import sqlserver
from plantpulse.source.query_files import BUILT_IN, Query
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import NOON_IN_CHICAGO, QUARTER, Floor, World, press_snapshots, tick

pytestmark = pytest.mark.stand_in

SUMS = ("sums", 60)
ALONE = [SUMS, ("output", 30)]
WHOLE = [SUMS, ("output", 60)]
OLDER_TOO = [SUMS, ("output", 30), ("output", 30)]

Asked = Callable[[int], list[tuple[str, int]]]


@pytest.fixture(autouse=True)
def large_plant(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plant's three assets are enough for sums to pay."""
    monkeypatch.setattr("plantpulse.live_pulse.second_look.SUMMED_FROM_ASSETS", 3)


@pytest.fixture
def stand_in(mssql: SqlServerUnderTest) -> StandIn:
    """The SQL Server, which shows what it was asked."""
    assert mssql.stand_in is not None
    return mssql.stand_in


@pytest.fixture
def asked(world: World, stand_in: StandIn) -> Asked:
    """Delivers the tick of a quarter after noon; returns what it asked of output, over how many minutes."""

    def deliver(quarter: int) -> list[tuple[str, int]]:
        stand_in.traffic.clear()
        report = tick(world, quarter)
        assert report["outcome"] == "succeeded", report
        return questions(stand_in)

    return deliver


def questions(stand_in: StandIn) -> list[tuple[str, int]]:
    return [
        (
            "sums" if "as sums" in one.text else "output",
            (_at(one.parameters["@until"]) - _at(one.parameters["@from"])).seconds // 60,
        )
        for one in stand_in.traffic.statements
        if "@bucket_s" in one.parameters
    ]


def _at(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


def press(world: World) -> dict[str, tuple[Any, ...]]:
    """Return PRESS-01's snapshots by plant-local time: actual, slot output, downtime, caught up."""
    return press_snapshots(world, "downtime_minutes")


def outputs(world: World) -> dict[str, float]:
    """Return the output over the window of every asset and slot."""
    rows = world.rows(
        """
        select to_char(s.snapshot_timestamp at time zone 'America/Chicago', 'HH24:MI ') || a.source_name
               as what, s.output_actual::float
        from public.live_snapshots as s join public.assets as a on a.id = s.asset_id
        order by s.snapshot_timestamp, a.source_name
        """
    )
    return {row["what"]: row["output_actual"] for row in rows}


def seals(world: World) -> list[str]:
    """Return the slots that the newest run has left seals of, by the plant's clock."""
    (run,) = world.rows("select slot_seals from public.pipeline_runs order by id desc limit 1")
    zone = NOON_IN_CHICAGO - datetime(2026, 3, 11, 12, tzinfo=NOON_IN_CHICAGO.tzinfo)
    return [f"{datetime.fromisoformat(slot) - zone:%H:%M}" for slot in sorted(run["slot_seals"] or {})]


@pytest.fixture
def sealed(world: World, floor: Floor, asked: Asked) -> World:
    """The plant after the polls of 12:00 and 12:15: the next one looks at both of them again."""
    floor.output("PRESS-01", 5, "11:50:00")
    floor.output("PAINT-01", 7, "11:50:00")
    floor.output("PRESS-01", 6, "12:05:00")
    asked(0)
    assert asked(1) == [("sums", 45), ("output", 30)]
    assert seals(world) == ["12:00", "12:15"]
    return world


def test_a_steady_plant_is_read_in_its_present_window_alone(sealed: World, asked: Asked) -> None:
    before = outputs(sealed)

    ways = [asked(2), asked(3)]

    assert ways == [ALONE, ALONE]
    assert outputs(sealed) | before == outputs(sealed)
    assert seals(sealed) == ["12:30", "12:45"]
    counts = [row["counts"] for row in sealed.rows("select counts from public.pipeline_runs order by id")]
    assert [(one["output_rows"], one.get("summed_rows", 0)) for one in counts] == [
        (2, 0), (3, 0), (1, 2), (0, 3),
    ]  # fmt: skip
    assert sealed.calls[-2:] == ["claim_run", "commit_live_pulse"]


@pytest.mark.parametrize(
    ("at", "actual"),
    [
        ("11:31:00", {"12:00": 14.0, "12:15": 11.0, "12:30": 6.0}),
        ("11:59:00", {"12:00": 14.0, "12:15": 20.0, "12:30": 6.0}),
        ("12:14:59", {"12:00": 5.0, "12:15": 20.0, "12:30": 15.0}),
    ],
)
def test_a_late_row_corrects_the_slots_that_it_belongs_to(
    sealed: World, floor: Floor, asked: Asked, at: str, actual: Mapping[str, float]
) -> None:
    floor.output("PRESS-01", 9, at)

    assert asked(2) == OLDER_TOO

    assert {slot: figures[0] for slot, figures in press(sealed).items()} == actual
    assert asked(3) == ALONE


@pytest.mark.parametrize(
    "change",
    [
        "delete from production_data where locationName = 'PRESS-01' and output_count = 5",
        "update production_data set output_count = 4 where locationName = 'PRESS-01' and output_count = 5",
        "update production_data set [timestamp] = '2026-03-11T11:40:00' where output_count = 6",
    ],
)
def test_a_row_that_vanished_or_changed_corrects_what_was_written(
    sealed: World, floor: Floor, asked: Asked, change: str
) -> None:
    before = outputs(sealed)
    floor.run(change)

    assert asked(2) == OLDER_TOO

    assert {one: units for one, units in outputs(sealed).items() if one in before} != before
    assert asked(3) == ALONE


def test_a_booking_that_moves_to_another_asset_is_seen_in_equal_sums(
    sealed: World, floor: Floor, asked: Asked
) -> None:
    floor.run("update production_data set locationName = 'PAINT-01' where output_count = 5")

    assert asked(2) == OLDER_TOO

    assert outputs(sealed) == {
        "12:00 PAINT-01": 12.0, "12:00 PRESS-01": 0.0,
        "12:15 PAINT-01": 12.0, "12:15 PRESS-01": 6.0,
        "12:30 PAINT-01": 0.0, "12:30 PRESS-01": 6.0,
    }  # fmt: skip


def test_units_that_two_assets_swap_are_seen_in_equal_sums(sealed: World, floor: Floor, asked: Asked) -> None:
    floor.run("update production_data set output_count = 12 - output_count where output_count in (5, 7)")

    assert asked(2) == OLDER_TOO

    assert (outputs(sealed)["12:00 PRESS-01"], outputs(sealed)["12:00 PAINT-01"]) == (7.0, 5.0)


def test_units_that_a_refused_row_makes_up_for_are_seen_in_equal_sums(
    sealed: World, floor: Floor, asked: Asked
) -> None:
    floor.output("PRESS-01", 10, "12:06:00")
    assert asked(2) == OLDER_TOO
    assert press(sealed)["12:15"][0] == 21.0
    floor.run("update production_data set output_count = 20 where output_count = 10")
    floor.run("update production_data set output_count = -4 where output_count = 6")

    assert asked(3) == OLDER_TOO

    assert (press(sealed)["12:15"][0], press(sealed)["12:30"][0]) == (25.0, 20.0)


def test_a_name_in_other_letters_is_still_the_same_asset(sealed: World, floor: Floor, asked: Asked) -> None:
    before = outputs(sealed)
    floor.run("update production_data set locationName = ' press-01  ' where output_count = 5")

    assert asked(2)[0] == SUMS

    assert outputs(sealed) | before == outputs(sealed)


def test_a_stop_that_is_entered_late_corrects_the_slot(sealed: World, floor: Floor, asked: Asked) -> None:
    floor.downtime("PRESS-01", "Jam", 4, "11:52:00")

    assert asked(2) == OLDER_TOO

    assert [press(sealed)[slot][2] for slot in ("12:00", "12:15")] == [4.0, 4.0]
    assert asked(3) == ALONE


def test_a_corrected_target_corrects_the_slots(sealed: World, asked: Asked) -> None:
    sealed.store.execute("update public.shift_targets set target_output = 480")

    assert asked(2) == OLDER_TOO

    rows = sealed.rows("select distinct output_target::float from public.live_snapshots order by 1")
    assert [row["output_target"] for row in rows] == [0.0, 30.0]


def test_rows_that_belong_to_another_asset_by_now_correct_the_slots(sealed: World, asked: Asked) -> None:
    sealed.store.execute("update public.assets set source_name = 'PRESS-9' where source_name = 'PRESS-01'")
    sealed.store.execute("update public.assets set source_name = 'PRESS-01' where source_name = 'PAINT-01'")

    assert asked(2) == OLDER_TOO

    assert outputs(sealed)["12:00 PRESS-01"] == 5.0
    assert outputs(sealed)["12:00 PRESS-9"] == 0.0


def test_stored_rows_that_another_run_or_a_person_changed_are_corrected(sealed: World, asked: Asked) -> None:
    sealed.store.execute("update public.live_snapshots set output_actual = 99, slot_output = 99")

    assert asked(2) == OLDER_TOO

    assert 99.0 not in outputs(sealed).values()


def test_an_asset_that_is_new_in_the_model_is_filled_in(sealed: World, floor: Floor, asked: Asked) -> None:
    sealed.store.execute("update public.assets set is_active = true where source_name = 'OLD-01'")

    assert asked(2) == OLDER_TOO

    assert "12:00 OLD-01" in outputs(sealed)


def test_a_malformed_row_is_looked_at_and_changes_nothing(sealed: World, floor: Floor, asked: Asked) -> None:
    before = outputs(sealed)
    floor.output("PRESS-01", -5, "11:51:00")
    floor.output(None, 3, "11:51:00")
    floor.output("PRESS-01", None, "11:52:00")

    assert asked(2) == OLDER_TOO

    assert outputs(sealed) | before == outputs(sealed)
    assert sealed.rows("select * from public.rejected_records") == []
    assert asked(3) == ALONE


def test_a_row_that_comes_between_the_sums_and_the_rows_is_not_lost(
    sealed: World, floor: Floor, asked: Asked, stand_in: StandIn
) -> None:
    sealed.connect_source = then(lambda: floor.output("PRESS-01", 2, "12:20:00"), after="output_sums")
    assert asked(2) == ALONE
    assert press(sealed)["12:30"][0] == 8.0
    sealed.connect_source = sqlserver.connect

    assert asked(3) == OLDER_TOO

    assert {slot: figures[0] for slot, figures in press(sealed).items()} == {
        "12:00": 5.0, "12:15": 11.0, "12:30": 8.0, "12:45": 2.0,
    }  # fmt: skip
    assert asked(4) == ALONE


def test_a_row_that_comes_after_the_rows_of_the_slot_is_found_by_the_next_poll(
    sealed: World, floor: Floor, asked: Asked
) -> None:
    sealed.connect_source = then(lambda: floor.output("PRESS-01", 2, "12:20:00"), after="output")
    assert asked(2) == ALONE
    assert press(sealed)["12:30"][0] == 6.0
    sealed.connect_source = sqlserver.connect

    assert asked(3) == OLDER_TOO

    assert press(sealed)["12:30"][0] == 8.0


def then(happen: Callable[[], None], after: str) -> Callable[..., Any]:
    """Return a connection to the plant on which something happens, once, after a query."""
    done: list[str] = []

    @contextmanager
    def connect(*arguments: Any, **named: Any) -> Iterator[Any]:
        with sqlserver.connect(*arguments, **named) as connection:
            read = connection.read

            def read_and_more(query: Query, parameters: Mapping[str, Any]) -> sqlserver.Rows:
                rows = read(query, parameters)
                if query.name == after and not done:
                    done.append(after)
                    happen()
                return rows

            connection.read = read_and_more  # type: ignore[method-assign] # rows that come between two queries
            yield connection

    return connect


def test_a_span_by_hand_and_a_dry_run_neither_use_nor_leave_seals(
    sealed: World, floor: Floor, asked: Asked, stand_in: StandIn
) -> None:
    stand_in.traffic.clear()

    _, dry = sealed.ask(dry_run=True)
    _, span = sealed.ask(**{"from": "2026-03-11T12:00", "until": "2026-03-11T12:15"})

    assert (dry["outcome"], span["outcome"]) == ("succeeded", "succeeded")
    assert {what for what, _ in questions(stand_in)} == {"output"}
    runs = sealed.rows("select trigger, slot_seals is null as is_null from public.pipeline_runs order by id")
    assert [row["is_null"] for row in runs if row["trigger"] == "manual"] == [True]
    assert asked(2) == ALONE


def test_a_span_that_corrects_a_slot_has_the_next_poll_look_at_its_rows(
    sealed: World, floor: Floor, asked: Asked
) -> None:
    floor.output("PRESS-01", 9, "11:59:00")
    sealed.ask(**{"from": "2026-03-11T12:00", "until": "2026-03-11T12:15"})

    assert asked(2) == OLDER_TOO

    assert press(sealed)["12:00"][0] == 14.0


def test_after_missed_slots_all_rows_are_read(sealed: World, floor: Floor, asked: Asked) -> None:
    floor.output("PRESS-01", 9, "11:59:00")

    assert asked(4) == [("sums", 90), ("output", 90)]

    assert {slot: figures[0] for slot, figures in press(sealed).items()} == {
        "12:00": 14.0, "12:15": 20.0, "12:30": 6.0, "12:45": 0.0, "13:00": 0.0,
    }  # fmt: skip
    assert asked(5) == ALONE


def test_a_poll_that_failed_leaves_no_seals(
    sealed: World, floor: Floor, asked: Asked, stand_in: StandIn
) -> None:
    def fail() -> None:
        raise RuntimeError("the function fails")

    sealed.connect_source = then(fail, after="downtime")
    assert tick(sealed, 2)["outcome"] == "failed"
    assert seals(sealed) == []
    sealed.connect_source = sqlserver.connect
    floor.output("PRESS-01", 9, "11:59:00")

    assert asked(3) == [("sums", 75), ("output", 75)]

    assert press(sealed)["12:00"][0] == 14.0


def test_a_delivery_that_is_repeated_asks_nothing_and_changes_nothing(
    sealed: World, asked: Asked, stand_in: StandIn
) -> None:
    before = sealed.contents()
    stand_in.traffic.clear()

    assert tick(sealed, 1)["outcome"] == "duplicate"

    assert questions(stand_in) == []
    assert sealed.contents() == before


def test_older_rows_that_are_cut_off_are_read_slot_by_slot(
    sealed: World, floor: Floor, stand_in: StandIn
) -> None:
    sealed.pulse = {"row_limit": 15}
    for number in range(20):
        floor.output(f"UNKNOWN-{number}", 1, "11:40:00")
    floor.output("PRESS-01", 9, "12:01:00")

    stand_in.traffic.clear()

    report = tick(sealed, 2)

    assert report["outcome"] == "partial"
    assert questions(stand_in) == [*OLDER_TOO, ("sums", 30), ("output", 30), ("output", 30), ("output", 30)]
    assert {slot: figures[0] for slot, figures in press(sealed).items()} == {
        "12:00": 5.0, "12:15": 20.0, "12:30": 15.0,
    }  # fmt: skip
    assert seals(sealed) == ["12:30"]


def test_a_plant_with_an_output_file_of_its_own_goes_on_as_before(
    sealed: World, floor: Floor, asked: Asked, tmp_path: Path
) -> None:
    (tmp_path / "output.sql").write_bytes((BUILT_IN / "output.sql").read_bytes())
    sealed.settings = {"queries_dir": tmp_path}
    floor.output("PRESS-01", 9, "11:59:00")

    assert asked(2) == [("output", 60)]

    assert press(sealed)["12:00"][0] == 14.0
    assert seals(sealed) == []


def test_a_plant_may_bring_the_sums_of_its_own_output_file(
    sealed: World, floor: Floor, asked: Asked, tmp_path: Path
) -> None:
    (tmp_path / "output.sql").write_bytes((BUILT_IN / "output.sql").read_bytes())
    (tmp_path / "output_sums.sql").write_text(
        """
        select top (@limit)
            (datediff(second, [timestamp], @until) - 1) / @bucket_s as bucket,
            count(*) as row_count,
            concat(sum(output_count), N' ', max(id)) as sums
        from production_data
        where [timestamp] >= @from and [timestamp] < @until
        group by (datediff(second, [timestamp], @until) - 1) / @bucket_s
        order by (datediff(second, [timestamp], @until) - 1) / @bucket_s
        """
    )
    sealed.settings = {"queries_dir": tmp_path}

    assert asked(2) == OLDER_TOO  # other files: what was sealed with the old ones does not count
    assert asked(3) == ALONE


def test_sums_that_the_server_refuses_are_said_and_all_rows_are_read(
    sealed: World, floor: Floor, asked: Asked, tmp_path: Path
) -> None:
    (tmp_path / "output.sql").write_bytes((BUILT_IN / "output.sql").read_bytes())
    (tmp_path / "output_sums.sql").write_text("select no_such_column as sums from production_data")
    sealed.settings = {"queries_dir": tmp_path}
    floor.output("PRESS-01", 9, "11:59:00")

    report = tick(sealed, 2)

    assert report["outcome"] == "succeeded"
    assert [one["code"] for one in report["warnings"] if "sums" in one["code"]] == ["output_sums_failed"]
    assert press(sealed)["12:00"][0] == 14.0
    assert seals(sealed) == []


@pytest.mark.parametrize("row", ["null, 1, N'x'", "0, null, N'x'", "0, 1, null", "-1, 1, N'x'", "0, 1, 5"])
def test_malformed_sums_are_no_sums(
    sealed: World, floor: Floor, asked: Asked, tmp_path: Path, row: str
) -> None:
    bucket, row_count, sums = row.split(", ")
    (tmp_path / "output.sql").write_bytes((BUILT_IN / "output.sql").read_bytes())
    (tmp_path / "output_sums.sql").write_text(
        f"select top (@limit) {bucket} as bucket, {row_count} as row_count, {sums} as sums"
        " from (select 1 as one where @bucket_s > 0 and @from < @until) as nothing order by nothing.one"
    )
    sealed.settings = {"queries_dir": tmp_path}
    floor.output("PRESS-01", 9, "11:59:00")

    assert asked(2) == WHOLE

    assert press(sealed)["12:00"][0] == 14.0
    assert seals(sealed) == []
    [run] = sealed.rows("select report from public.pipeline_runs order by id desc limit 1")
    assert "output_sums_failed" in [warning["code"] for warning in run["report"]["warnings"]]


def test_a_small_plant_is_not_asked_for_sums(
    sealed: World, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plantpulse.live_pulse.second_look.SUMMED_FROM_ASSETS", 4)

    assert asked(2) == [("output", 60)]


def test_of_a_long_window_all_rows_are_read(sealed: World, floor: Floor, asked: Asked) -> None:
    sealed.pulse = {"window_minutes": 45}
    floor.output("PRESS-01", 9, "11:59:00")

    assert asked(2) == [("output", 75)]

    assert press(sealed)["12:00"][0] == 14.0


def test_the_night_in_which_the_clock_goes_back_is_stored_as_without_sums(
    world: World, floor: Floor, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half past midnight to half past three in Chicago, an hour of it twice."""
    for hour in range(4):
        for minute in range(0, 60, 5):
            floor.run(
                "insert into production_data (locationName, output_count, [timestamp]) values (%s, %s, %s)",
                "PRESS-01", hour * 100 + minute, f"2026-11-01T{hour:02}:{minute:02}:30",
            )  # fmt: skip
    stand_in.traffic.clear()
    with_sums = night(world)
    ways = {what for what, _ in questions(stand_in)}
    world.store.execute("truncate public.live_snapshots, public.pipeline_runs cascade")
    monkeypatch.setattr("plantpulse.live_pulse.second_look.SUMMED_FROM_ASSETS", 4)

    without = night(world)

    assert ways == {"sums", "output"}
    assert len(with_sums) == 34
    assert with_sums == without


def night(world: World) -> list[dict[str, Any]]:
    first = datetime(2026, 11, 1, 5, 30, tzinfo=NOON_IN_CHICAGO.tzinfo)
    for number in range(17):
        slot = first + QUARTER * number
        world.now = slot.replace(second=40)
        _, report = world.tick(slot)
        assert report["outcome"] == "succeeded"
    return world.rows(
        """
        select asset_id, snapshot_timestamp, output_actual, slot_output, output_target, is_time_ambiguous
        from public.live_snapshots order by 1, 2
        """
    )
