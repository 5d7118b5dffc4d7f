"""The Morning Report on the real stack: what a day comes to, and what repeating and failing leave alone."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from plantpulse.errors import SourceUnavailable
from plantpulse.settings import SqlServerSettings
from plantpulse.source import sqlserver
from plantpulse.source.query_files import Query
from tests.conftest import SqlServerUnderTest
from tests.functions.mornings import A_DAY, SIX_IN_CHICAGO, Mornings, Week, warnings, week, world
from tests.patience import ENDS_S

__all__ = ["week", "world"]


@pytest.fixture
def tuesday(week: Week) -> Week:
    """The plant's own tables with an ordinary Tuesday of PRESS-01."""
    week.output("PRESS-01", 400, "2026-03-10T08:00:00")
    week.output("press-01 ", 512, "2026-03-10T13:30:00")
    week.downtime("PRESS-01", "No Material", 30, "2026-03-10T07:00:00")
    week.downtime("PRESS-01", "Jam", 25, "2026-03-10T07:20:00")
    week.downtime("PRESS-01", "No Power", 60, "2026-03-10T22:00:00")
    week.quality("PRESS-01", 900, 12, "2026-03-10T13:45:00")
    # Of the days around it.
    week.output("PRESS-01", 7, "2026-03-09T23:59:59")
    week.output("PRESS-01", 9, "2026-03-11T00:00:00")
    return week


ORDINARY = {
    "asset": "PRESS-01",
    "day": "2026-03-10",
    "oee": 75,
    "availability": 90.625,
    "performance": 83.8621,
    "quality": 98.6842,
    "actual": 912,
    "target": 960,
    "planned": 480,
    "downtime": 45,
    "reasons": [{"reason": "No Material", "minutes": 30}, {"reason": "Jam", "minutes": 15}],
    "top_reason": "No Material",
    "waste": 12,
    "loss": 120,
    "text": (
        "Press 1 made 912 of 960 planned units on Tuesday, 10 March 2026, OEE 75.0% (availability 90.6%, "
        "performance 83.9%, quality 98.7%). It stood still for 45 minutes, 30 of them because of "
        '"No Material", and scrapped 12 units, at a cost of $120.00. Nothing explains 70.2 minutes of its '
        "planned time, at a cost of $140.40."
    ),
}


def count(report: dict[str, Any], *names: str) -> tuple[int | None, ...]:
    return tuple(report["counts"].get(name) for name in names)


def written(report: dict[str, Any]) -> tuple[int | None, ...]:
    """Return how many summaries were written, updated and left unchanged."""
    return count(report, "summaries_written", "summaries_updated", "summaries_unchanged")


@pytest.mark.usefixtures("tuesday")
def test_a_morning_reports_the_day_before(world: Mornings) -> None:
    status, report = world.morning()

    assert (status, report["outcome"], report["trigger"]) == (200, "succeeded", "schedule")
    assert warnings(report) == []
    assert world.summary() == ORDINARY
    assert written(report) == (4, 0, 0)
    assert count(report, "days_reported", "assets_unknown") == (2, 0)
    assert report["window"] == {"start": "2026-03-03T06:00:00+00:00", "until": "2026-03-11T05:00:00+00:00"}


@pytest.mark.usefixtures("tuesday")
def test_an_asset_without_plan_rate_and_cost_center_shows_what_is_known_of_it(
    world: Mornings, week: Week
) -> None:
    week.output("PAINT-01", 1, "2026-03-10T20:00:00")
    week.downtime("PAINT-01", None, 90, "2026-03-10T21:00:00")

    world.morning()

    assert world.summary("PAINT-01") == {
        "asset": "PAINT-01",
        "day": "2026-03-10",
        "oee": None,
        "availability": None,
        "performance": None,
        "quality": None,
        "actual": 1,
        "target": 0,
        "planned": None,
        "downtime": 90,
        "reasons": [{"reason": None, "minutes": 90}],
        "top_reason": None,
        "waste": None,
        "loss": None,
        "text": (
            "Paint 1 made 1 unit on Tuesday, 10 March 2026, without a target. It stood still for 90 minutes "
            "without a reason given; its scrap is not known."
        ),
    }


@pytest.mark.usefixtures("tuesday")
def test_assets_out_of_use_get_no_summary(world: Mornings, week: Week) -> None:
    week.output("OLD-01", 5, "2026-03-10T08:00:00")

    world.morning()

    assert {row["asset"] for row in world.summaries()} == {"PRESS-01", "PAINT-01"}


def test_a_name_nobody_mapped_is_counted_registered_and_not_reported(world: Mornings, tuesday: Week) -> None:
    tuesday.output("ROBOT-9", 5, "2026-03-10T08:00:00")
    tuesday.downtime("robot-9", "Jam", 5, "2026-03-10T08:00:00")

    _, report = world.morning()

    assert count(report, "assets_unknown") == (1,)
    assert {row["asset"] for row in world.summaries()} == {"PRESS-01", "PAINT-01"}
    (robot,) = world.rows("select is_mapped from public.assets where source_key = 'robot-9'")
    assert robot["is_mapped"] is False


@pytest.mark.stand_in
@pytest.mark.usefixtures("tuesday")
def test_a_morning_is_two_calls_to_supabase_and_one_connection_to_sql_server(
    world: Mornings, mssql: SqlServerUnderTest
) -> None:
    assert mssql.stand_in

    world.morning()

    traffic = mssql.stand_in.traffic
    assert world.calls == ["claim_run", "commit_morning_report"]
    assert traffic.connections == 1
    # Output, downtime and quality of two days.
    assert len([statement for statement in traffic.statements if "@until" in statement.parameters]) == 6


@pytest.mark.stand_in
@pytest.mark.usefixtures("tuesday")
def test_a_repeated_morning_changes_nothing_and_does_not_touch_sql_server(
    world: Mornings, mssql: SqlServerUnderTest
) -> None:
    assert mssql.stand_in
    world.morning()
    before = world.contents()
    mssql.stand_in.traffic.clear()

    status, again = world.morning()

    assert (status, again["outcome"]) == (200, "duplicate")
    assert world.contents() == before
    assert mssql.stand_in.traffic.connections == 0


@pytest.mark.usefixtures("tuesday")
def test_simultaneous_deliveries_report_once(world: Mornings) -> None:
    barrier, outcomes = threading.Barrier(4), list[str]()

    def deliver() -> None:
        barrier.wait(ENDS_S)
        outcomes.append(world.morning()[1]["outcome"])

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(ENDS_S)

    assert outcomes.count("succeeded") == 1
    assert set(outcomes) <= {"succeeded", "duplicate", "busy"}
    assert len(outcomes) == 4
    assert len(world.summaries()) == 4


def test_late_rows_replace_the_row_the_next_morning(world: Mornings, tuesday: Week) -> None:
    world.morning()
    before = {row["id"]: row for row in world.contents()["summaries"]}
    tuesday.quality("PRESS-01", 0, 8, "2026-03-10T13:50:00")

    _, report = world.next_morning()

    assert written(report) == (2, 1, 1)
    assert (world.summary()["waste"], world.summary()["loss"]) == (20, 140)
    assert "scrapped 20 units" in world.summary()["text"]
    (changed,) = [
        row for row in world.contents()["summaries"] if row["id"] in before and row != before[row["id"]]
    ]
    assert changed["created_at"] == before[changed["id"]]["created_at"]
    assert changed["updated_at"] > before[changed["id"]]["updated_at"]


def test_a_day_asked_for_again_by_hand_takes_late_rows_in(world: Mornings, tuesday: Week) -> None:
    world.morning()
    before = world.contents()["summaries"]
    tuesday.output("PRESS-01", 48, "2026-03-10T13:59:59")

    status, report = world.ask(date="2026-03-10")

    assert (status, report["outcome"], report["trigger"]) == (200, "succeeded", "manual")
    assert written(report) == (0, 1, 1)
    assert world.summary()["actual"] == 960
    changed = [row for row in world.contents()["summaries"] if row not in before]
    assert [row["created_at"] for row in changed] == [before[0]["created_at"]]


@pytest.mark.usefixtures("tuesday")
def test_missed_mornings_are_made_up_for(world: Mornings) -> None:
    world.morning()
    world.now += 3 * A_DAY

    _, report = world.next_morning()

    assert count(report, "days_reported") == (4,)
    assert world.days() == [
        "2026-03-09",
        "2026-03-10",
        "2026-03-11",
        "2026-03-12",
        "2026-03-13",
        "2026-03-14",
    ]


@pytest.mark.usefixtures("tuesday")
def test_a_morning_delivered_days_late_reports_its_own_day(world: Mornings) -> None:
    world.now += 2 * A_DAY

    status, report = world.morning()

    assert (status, report["trigger"], report["slot"]) == (200, "schedule", "2026-03-11T11:00:00+00:00")
    assert world.days() == ["2026-03-09", "2026-03-10"]


@pytest.mark.usefixtures("tuesday")
def test_days_missed_for_too_long_stay_missing_and_are_said(world: Mornings) -> None:
    world.report = {"catch_up_days": 2}
    world.morning()
    world.now += 5 * A_DAY

    _, report = world.next_morning()

    assert report["outcome"] == "partial"
    assert "days_given_up" in warnings(report)
    assert world.days()[-3:] == ["2026-03-14", "2026-03-15", "2026-03-16"]


def test_malformed_rows_are_kept_aside_once_and_the_others_go_on(world: Mornings, tuesday: Week) -> None:
    tuesday.output("PRESS-01", -5, "2026-03-10T09:00:00")
    tuesday.output(None, 5, "2026-03-10T09:00:00")
    tuesday.quality("PRESS-01", -1, 3, "2026-03-10T09:00:00")
    tuesday.downtime("PRESS-01", "Jam", -3, "2026-03-10T09:00:00")

    _, report = world.morning()
    _, next_report = world.next_morning()

    assert (report["outcome"], warnings(report)) == ("partial", ["rows_rejected"])
    assert count(report, "rejected") == (4,)
    assert world.summary() == ORDINARY
    kept = world.rows("select query from public.rejected_records order by query")
    assert [row["query"] for row in kept] == ["downtime", "output", "output", "quality"]
    assert count(next_report, "rejected") in {(None,), (0,)}


@pytest.mark.usefixtures("tuesday")
def test_a_source_that_is_down_is_worth_another_try(world: Mornings) -> None:
    reader, world.sql_server = world.reader, {"port": 9}

    status, report = world.morning()
    before = world.summaries()
    world.sql_server = {"port": reader.port}
    again_status, again = world.morning()

    assert (status, report["outcome"], report["error"]["code"]) == (503, "failed", "source_unavailable")
    assert before == []
    assert (again_status, again["outcome"], again["attempt"]) == (200, "succeeded", 2)
    assert world.summary() == ORDINARY


@pytest.mark.usefixtures("tuesday")
def test_a_store_that_is_down_is_worth_another_try(world: Mornings) -> None:
    up = world.supabase
    world.supabase = type(up)("http://127.0.0.1:9", up.database_url, up.keys)

    status, body = world.morning()

    assert (status, body["error"]["code"]) == (503, "store_unavailable")
    world.supabase = up
    assert world.morning()[1]["outcome"] == "succeeded"


@pytest.mark.usefixtures("tuesday")
def test_a_store_that_refuses_the_commit_keeps_nothing_of_it(world: Mornings) -> None:
    function = "function public.commit_morning_report(uuid, jsonb, timestamptz)"
    world.store.execute(f"revoke execute on {function} from service_role".encode())
    try:
        status, report = world.morning()
    finally:
        world.store.execute(f"grant execute on {function} to service_role".encode())

    assert (status, report["outcome"], report["error"]["code"]) == (200, "failed", "store_refused")
    assert world.summaries() == []
    assert world.ask()[1]["outcome"] == "succeeded"


@dataclass
class Dying:
    """A connection to SQL Server that is lost after so many answers."""

    connection: sqlserver.SourceConnection
    answers_left: int

    @property
    def server_clock(self) -> sqlserver.ServerClock:
        return self.connection.server_clock

    @property
    def refused_settings(self) -> Sequence[str]:
        return self.connection.refused_settings

    def read(self, query: Query, parameters: Mapping[str, object]) -> sqlserver.Rows:
        if not self.answers_left:
            raise SourceUnavailable("the connection was lost")
        self.answers_left -= 1
        return self.connection.read(query, parameters)


def dying_after(answers: int) -> Callable[..., AbstractContextManager[Dying]]:
    """Return what connects to a server that is lost after so many answers."""

    @contextmanager
    def connect(settings: SqlServerSettings, *, seconds_left: Callable[[], float]) -> Iterator[Dying]:
        with sqlserver.connect(settings, seconds_left=seconds_left) as connection:
            yield Dying(connection, answers)

    return connect


@pytest.mark.usefixtures("tuesday")
def test_a_source_that_is_lost_behind_the_day_leaves_the_others_for_the_next_morning(world: Mornings) -> None:
    world.connect_source = dying_after(4)

    status, report = world.morning()

    assert (status, report["outcome"], warnings(report)) == (200, "partial", ["days_left"])
    assert world.summaries()[0] == ORDINARY
    assert world.days() == ["2026-03-10"]


@pytest.mark.usefixtures("tuesday")
def test_a_source_that_is_lost_within_the_day_leaves_nothing_of_it(world: Mornings) -> None:
    world.connect_source = dying_after(2)

    status, report = world.morning()

    assert (status, report["outcome"], report["error"]["code"]) == (503, "failed", "source_unavailable")
    assert world.summaries() == []


@pytest.mark.parametrize("table", ["production_data", "downtime_records"])
def test_without_a_required_table_nothing_is_written(world: Mornings, tuesday: Week, table: str) -> None:
    tuesday.run(f"drop table {table}")

    status, report = world.morning()
    again_status, again = world.morning()

    assert (status, report["outcome"], report["error"]["code"]) == (200, "failed", "source_schema_mismatch")
    assert (again_status, again["outcome"]) == (200, "refused")
    assert world.summaries() == []


def test_without_quality_records_scrap_and_its_cost_are_not_known(world: Mornings, tuesday: Week) -> None:
    tuesday.run("drop table quality_records")

    _, report = world.morning()

    assert (report["outcome"], warnings(report)) == ("partial", ["optional_query_failed"])
    press = world.summary()
    assert (press["waste"], press["loss"], press["quality"], press["oee"]) == (None, None, None, None)
    assert press["downtime"] == 45
    assert 'because of "No Material"; its scrap is not known. Nothing explains 70.2' in press["text"]


def test_a_quality_file_that_finds_nothing_leaves_scrap_and_its_cost_unknown(
    world: Mornings, tuesday: Week
) -> None:
    tuesday.run("delete from quality_records")

    _, report = world.morning()

    assert (report["outcome"], warnings(report)) == ("succeeded", [])
    press = world.summary()
    assert (press["waste"], press["loss"], press["quality"], press["oee"]) == (None, None, None, None)
    assert 'because of "No Material"; its scrap is not known. Nothing explains 70.2' in press["text"]


def test_an_asset_that_made_nothing_and_logged_nothing_has_no_stop_on_record(
    world: Mornings, week: Week
) -> None:
    week.output("PAINT-01", 3, "2026-03-10T08:00:00")

    world.morning()

    assert world.summary()["text"] == (
        "Press 1 made 0 of 960 planned units on Tuesday, 10 March 2026, OEE 0.0%. "
        "No stop was recorded in its planned time; its scrap is not known."
    )


def outside_the_plan(world: Mornings) -> dict[str, tuple[float | None, bool]]:
    """Return by asset what Tuesday's summaries tell apart, and whether it is shared out."""
    rows = world.rows(
        """
        select a.source_name, s.unplanned_output::float as units, s.is_planned_in_part as is_in_part
        from public.daily_summaries as s
        join public.assets as a on a.id = s.asset_id
        where s.report_date = '2026-03-10'
        """
    )
    return {row["source_name"]: (row["units"], row["is_in_part"]) for row in rows}


def test_a_stretch_that_is_planned_in_part_is_shared_out_and_marked(world: Mornings, week: Week) -> None:
    world.store.execute("update public.shift_targets set ends_at = '13:58'")
    week.output("PRESS-01", 20, "2026-03-10T13:56:00")

    world.morning()

    # Of the five minutes until 14:00 three are planned: so are 12 of the 20 units.
    assert outside_the_plan(world)["PRESS-01"] == (8, True)
    assert world.summary()["text"].startswith(
        "Press 1 made about 12 of 960 planned units on Tuesday, 10 March 2026 "
        "and about 8 units outside the planned time, "
    )


@pytest.mark.usefixtures("tuesday")
def test_output_outside_the_plan_is_told_apart_and_enters_no_factor(world: Mornings, tuesday: Week) -> None:
    tuesday.output("PRESS-01", 88, "2026-03-10T14:00:00")  # the moment the shift is over
    tuesday.output("PRESS-01", 100, "2026-03-10T22:30:00")

    world.morning()

    press = world.summary()
    assert (press["actual"], press["oee"], press["performance"]) == (1100, 75, 83.8621)
    assert outside_the_plan(world) == {"PRESS-01": (188, False), "PAINT-01": (None, False)}
    assert press["text"].startswith(
        "Press 1 made 912 of 960 planned units on Tuesday, 10 March 2026 and 188 units outside the planned "
        "time, OEE 75.0%"
    )


def test_a_plan_of_an_hour_does_not_judge_a_day(world: Mornings, week: Week) -> None:
    world.store.execute("update public.shift_targets set ends_at = '06:32', target_output = 53.3333")
    week.output("PRESS-01", 44, "2026-03-10T06:10:00")
    week.output("PRESS-01", 768, "2026-03-10T12:00:00")
    week.quality("PRESS-01", 812, 0, "2026-03-10T14:00:00")

    _, report = world.morning()

    # 32 minutes at 150 an hour are 80 units, 44 of them 55 %; all 812 would be 1,015 %.
    assert world.summary()["text"] == (
        "Press 1 made 44 of 53.3 planned units on Tuesday, 10 March 2026 and 768 units outside the planned "
        "time, OEE 55.0% (availability 100.0%, performance 55.0%, quality 100.0%). "
        "It had no downtime and scrapped nothing. Nothing explains 14.4 minutes of its planned time, at a "
        "cost of $28.80."
    )
    assert "ideal_rate_too_low" not in warnings(report)


def test_what_was_made_outside_a_plan_that_stood_still_is_no_contradiction(
    world: Mornings, week: Week
) -> None:
    week.output("PRESS-01", 323, "2026-03-10T15:00:00")
    week.downtime("PRESS-01", "No Staff", 480, "2026-03-10T06:00:00")
    week.quality("PRESS-01", 323, 0, "2026-03-10T16:00:00")

    world.morning()

    assert world.summary()["text"] == (
        "Press 1 made 0 of 960 planned units on Tuesday, 10 March 2026 and 323 units outside the planned "
        "time, OEE 0.0% (availability 0.0%, quality 100.0%). "
        'It stood still for 480 minutes because of "No Staff" and scrapped nothing, at a cost of $960.00.'
    )


def test_an_ideal_rate_that_is_too_low_is_said_by_the_run_and_in_the_text(
    world: Mornings, week: Week
) -> None:
    week.output("PRESS-01", 1500, "2026-03-10T08:00:00")
    week.quality("PRESS-01", 1500, 0, "2026-03-10T08:00:00")

    _, report = world.morning()

    # Eight hours at 150 are 1,200.
    assert (world.summary()["performance"], world.summary()["oee"]) == (125, 100)
    assert "performance 125.0%, quality 100.0%; its ideal rate looks too low)" in world.summary()["text"]
    (told,) = (one["message"] for one in report["warnings"] if one["code"] == "ideal_rate_too_low")
    assert told.startswith("performance above 110%: Press 1 125.0%; ")


def test_a_quality_table_that_vanished_does_not_take_known_scrap_away(world: Mornings, tuesday: Week) -> None:
    world.morning()
    tuesday.run("drop table quality_records")

    world.ask(date="2026-03-10")

    assert world.summary() == ORDINARY


@pytest.mark.parametrize("rows", ["output", "downtime"])
def test_a_result_that_was_cut_off_writes_nothing_of_its_day(
    world: Mornings, tuesday: Week, rows: str
) -> None:
    world.report = {"row_limit": 4}
    for number in range(4):
        if rows == "output":
            tuesday.output(f"STRANGER-{number}", 1, "2026-03-10T08:00:00")
        else:
            tuesday.downtime("PRESS-01", "Jam", 1, f"2026-03-10T1{number}:00:00")

    status, report = world.morning()

    assert (status, report["outcome"]) == (200, "partial")
    assert {"result_truncated", "day_not_reported"} <= set(warnings(report))
    assert world.days() == ["2026-03-09"]


def test_a_flood_of_names_is_read_in_fewer_buckets_and_the_day_is_reported(
    world: Mornings, week: Week
) -> None:
    world.report = {"row_limit": 40, "look_back_days": 0}
    week.output("PRESS-01", 100, "2026-03-10T09:30:00")
    for hour in range(0, 24, 2):
        for name in range(4):
            week.output(f"STRANGER-{name}", 1, f"2026-03-10T{hour:02}:30:00")

    _, report = world.morning()

    # Twelve buckets of two hours are 49 rows; six of four hours are 25, and the shift's edges lie inside two.
    assert warnings(report) == []
    assert world.summary()["actual"] == 100
    assert outside_the_plan(world)["PRESS-01"] == (0, True)


def test_a_scheduled_day_of_which_nothing_came_says_so(world: Mornings) -> None:
    status, report = world.morning()

    assert (status, report["outcome"], warnings(report)) == (200, "partial", ["no_data", "no_data"])
    assert count(report, "days_without_data", "days_closed") == (2, None)
    press = world.summary()
    assert (press["actual"], press["downtime"], press["waste"], press["loss"]) == (None, None, None, None)
    assert (press["target"], press["planned"], press["reasons"]) == (960, 480, [])
    assert press["text"] == (
        "Press 1 was to make 960 units on Tuesday, 10 March 2026, but no data came from the plant. "
        "What it made and lost is not known."
    )


def test_a_stop_that_was_open_when_the_records_ended_makes_no_zeros_of_the_day(
    world: Mornings, week: Week
) -> None:
    week.output("PRESS-01", 500, "2026-03-09T13:00:00")
    week.downtime("PAINT-01", "Jam", None, "2026-03-09T23:50:00")

    _, report = world.morning()

    assert (report["outcome"], warnings(report)) == ("partial", ["no_data"])
    assert world.summary(day="2026-03-09")["actual"] == 500
    for asset in ("PRESS-01", "PAINT-01"):
        told = world.summary(asset)
        assert (told["actual"], told["downtime"], told["waste"], told["loss"]) == (None, None, None, None)
        assert "no data came from the plant" in told["text"].lower()


def test_a_closed_day_is_no_cause_for_a_warning(world: Mornings, tuesday: Week) -> None:
    world.store.execute("update public.shift_targets set days_of_week = '{1,2}'")
    world.now += A_DAY

    status, report = world.morning(SIX_IN_CHICAGO + A_DAY)

    assert tuesday
    # Nine units of a moment after midnight are all that Wednesday has: not a closed day, but one unplanned.
    assert (status, report["outcome"], warnings(report)) == (200, "succeeded", [])
    assert world.summary(day="2026-03-11")["text"] == (
        "Press 1 was not scheduled on Wednesday, 11 March 2026, and made 9 units. "
        "It had no downtime; its scrap is not known."
    )
    _, thursday = world.next_morning()
    assert (thursday["outcome"], warnings(thursday)) == ("succeeded", [])
    assert count(thursday, "days_closed", "days_without_data") == (1, None)
    assert world.summary(day="2026-03-12")["text"] == (
        "Press 1 was not scheduled on Thursday, 12 March 2026. No data came from the plant that day."
    )
    assert world.summary(day="2026-03-12")["actual"] is None


def test_a_holiday_is_closed_by_its_name_and_warns_of_nothing(world: Mornings) -> None:
    world.store.execute(
        """
        insert into public.closed_days (plant, date, name)
        values ('north', '2026-03-09', 'Eve of Founders'' Day'), ('north', '2026-03-10', 'Founders'' Day')
        """
    )

    status, report = world.morning()

    assert (status, report["outcome"], warnings(report)) == (200, "succeeded", [])
    assert count(report, "days_closed", "days_without_data") == (2, None)
    press = world.summary()
    assert (press["target"], press["planned"], press["actual"]) == (0, 0, None)
    for asset, name in (("PRESS-01", "Press 1"), ("PAINT-01", "Paint 1")):
        assert world.summary(asset)["text"] == (
            f"{name} was closed on Tuesday, 10 March 2026 (Founders' Day). "
            "No data came from the plant that day."
        )


def test_what_was_made_on_a_holiday_is_told_and_outside_the_plan(world: Mornings, tuesday: Week) -> None:
    world.store.execute(
        "insert into public.closed_days (plant, date, name) values ('north', '2026-03-10', 'Founders'' Day')"
    )

    _, report = world.morning()

    assert tuesday
    assert (report["outcome"], warnings(report)) == ("succeeded", [])
    press = world.summary()
    assert (press["target"], press["planned"], press["oee"], press["downtime"]) == (0, 0, None, 0)
    assert outside_the_plan(world)["PRESS-01"] == (press["actual"], False)
    assert "was closed on Tuesday, 10 March 2026 (Founders' Day), and made" in press["text"]


def test_a_plan_day_by_day_is_silent_between_its_days(world: Mornings) -> None:
    world.store.execute(
        "update public.shift_targets set valid_from = '2026-01-05', valid_until = '2026-01-06'"
    )

    _, report = world.morning()

    assert (report["outcome"], warnings(report)) == ("succeeded", [])
    assert count(report, "days_closed", "days_without_data") == (2, None)
    assert world.summary()["planned"] is None


def test_a_day_that_the_source_has_let_go_of_keeps_its_summary(world: Mornings, tuesday: Week) -> None:
    world.morning()
    for table in ("production_data", "downtime_records", "quality_records"):
        tuesday.run(f"delete from {table}")

    _, report = world.ask(date="2026-03-10")

    assert warnings(report) == ["no_data"]
    assert world.summary() == ORDINARY


@pytest.mark.usefixtures("tuesday")
def test_days_asked_for_by_hand_are_the_first_and_the_last_named_and_those_between(world: Mornings) -> None:
    status, report = world.ask(from_date="2026-03-08", until_date="2026-03-09")

    assert (status, report["trigger"]) == (200, "manual")
    assert report["window"] == {"start": "2026-03-08T06:00:00+00:00", "until": "2026-03-10T05:00:00+00:00"}
    assert world.days() == ["2026-03-08", "2026-03-09"]


@pytest.mark.usefixtures("tuesday")
def test_a_range_may_be_one_day(world: Mornings) -> None:
    world.ask(from_date="2026-03-10", until_date="2026-03-10")

    assert world.days() == ["2026-03-10"]


@pytest.mark.usefixtures("tuesday")
def test_without_a_day_a_person_gets_the_last_one_that_is_over(world: Mornings) -> None:
    world.ask()

    assert world.days() == ["2026-03-10"]


@pytest.mark.parametrize(
    ("parameters", "field", "told"),
    [
        ({"plant": "atlantis"}, "plant", "there is no plant of this name"),
        ({"date": "2026-03-11"}, "date", "the last finished day is 2026-03-10"),
        ({"date": "2030-01-01"}, "date", "the last finished day is 2026-03-10"),
        ({"date": "9999-12-31"}, "date", "must be a finished day"),
        ({"date": "2025-01-01"}, "date", "the source keeps no days before 2025-02-04 (source_keeps_days)"),
        ({"date": "10.03.2026"}, "date", "must be a date such as 2026-03-10"),
        ({"date": "2026-02-30"}, "date", "must be a date such as 2026-03-10"),
        ({"date": 20260310}, "date", "must be a date such as 2026-03-10"),
        ({"date": "2026-03-10T00:00"}, "date", "must be a date such as 2026-03-10"),
        (
            {"date": "2026-03-10", "until_date": "2026-03-11"},
            "date",
            "ask for one day or for a range of days, not for both",
        ),
        ({"from_date": "2026-03-09"}, "until_date", "a range of days needs its first and its last day"),
        ({"until_date": "2026-03-09"}, "from_date", "a range of days needs its first and its last day"),
        (
            {"from_date": "2026-03-10", "until_date": "2026-03-09"},
            "until_date",
            "must not be before the first day",
        ),
        ({"from_date": "2026-03-10", "until_date": "9999-12-31"}, "until_date", "must be a finished day"),
        (
            {"from_date": "2026-03-09", "until_date": "2026-03-11"},
            "until_date",
            "the last finished day is 2026-03-10",
        ),
        (
            {"from_date": "2026-01-01", "until_date": "2026-03-01"},
            "until_date",
            "at most 31 days at once (longest_range_days), not 60",
        ),
        (
            {"from_date": "0001-01-01", "until_date": "0001-01-02"},
            "from_date",
            "the source keeps no days before 2025-02-04 (source_keeps_days)",
        ),
        (
            {"day": "2026-03-10"},
            "day",
            "there is no such field; known fields: plant, date, from_date, until_date, dry_run",
        ),
    ],
)
def test_what_cannot_be_reported_is_refused_and_nothing_done(
    world: Mornings, parameters: dict[str, Any], field: str, told: str
) -> None:
    before = world.contents()

    status, body = world.ask(**parameters)

    assert status == 400
    assert body["error"] == {"code": "invalid_request", "message": told, "field": field}
    assert world.contents() == before
    assert world.calls == []


@pytest.mark.usefixtures("tuesday")
def test_a_double_click_is_one_report_and_another_day_another(world: Mornings) -> None:
    _, first = world.ask(date="2026-03-10")
    _, second = world.ask(date="2026-03-10")
    _, other = world.ask(date="2026-03-09")

    assert (second["outcome"], second["run_id"]) == ("duplicate", first["run_id"])
    assert (other["outcome"], world.days()) == ("succeeded", ["2026-03-09", "2026-03-10"])


@pytest.mark.usefixtures("tuesday")
def test_an_idempotency_key_makes_repeating_harmless(world: Mornings) -> None:
    _, first = world.ask(idempotency_key="monday-meeting", date="2026-03-10")
    world.now += timedelta(hours=1)

    _, second = world.ask(idempotency_key="monday-meeting", date="2026-03-10")

    assert (second["outcome"], second["run_id"]) == ("duplicate", first["run_id"])


@pytest.mark.usefixtures("tuesday")
def test_an_idempotency_key_does_not_stand_for_another_day(world: Mornings) -> None:
    world.ask(idempotency_key="monday-meeting", date="2026-03-10")

    status, body = world.ask(idempotency_key="monday-meeting", date="2026-03-09")

    assert (status, body["error"]["field"]) == (422, "Idempotency-Key")
    assert world.days() == ["2026-03-10"]


@pytest.mark.usefixtures("tuesday")
@pytest.mark.parametrize("own", [{"enabled": False}, {"morning_report": {"enabled": False}}])
def test_a_report_that_is_switched_off_is_made_by_hand_alone(world: Mornings, own: dict[str, Any]) -> None:
    world.settings = own

    status, report = world.morning()
    by_hand_status, by_hand = world.ask()

    assert (status, report["outcome"]) == (200, "not_configured")
    assert (by_hand_status, by_hand["outcome"]) == (200, "succeeded")
    assert world.days() == ["2026-03-10"]


@pytest.mark.parametrize(
    "slot",
    [
        SIX_IN_CHICAGO + timedelta(minutes=15),
        SIX_IN_CHICAGO + A_DAY,
        SIX_IN_CHICAGO - 8 * A_DAY,
    ],
)
@pytest.mark.usefixtures("tuesday")
def test_a_time_that_is_no_morning_of_now_is_a_report_by_hand(world: Mornings, slot: datetime) -> None:
    _, report = world.morning(slot)

    assert (report["trigger"], report["slot"]) == ("manual", None)
    assert world.days() == ["2026-03-10"]


@pytest.mark.usefixtures("tuesday")
def test_a_dry_run_shows_and_writes_nothing(world: Mornings) -> None:
    before = world.contents()

    status, report = world.morning(dry_run=True)

    assert (status, report["is_dry_run"], report["run_id"]) == (200, True, None)
    press, paint = report["preview"]["summaries"]
    assert (press["report_date"], press["summary_text"]) == ("2026-03-10", ORDINARY["text"])
    assert paint["actual_output"] == 0
    assert world.contents() == before
    assert world.calls == ["claim_run", "end_dry_run"]


def test_a_plant_without_sql_server_says_so_and_claims_nothing(world: Mornings) -> None:
    world.settings = {"sql_server": None, "missing_settings": ("MSSQL_HOST",)}

    status, report = world.ask()

    assert (status, report["outcome"]) == (501, "not_configured")
    assert world.calls == []


@pytest.mark.usefixtures("tuesday")
def test_a_plant_that_is_switched_off_is_reported_by_hand_alone(world: Mornings) -> None:
    world.settings = {"enabled": False}

    scheduled, refused = world.morning()
    calls = list(world.calls)
    by_hand, report = world.ask()

    assert (scheduled, refused["error"]["code"], calls) == (200, "switched_off", [])
    assert (by_hand, report["outcome"]) == (200, "succeeded")


@pytest.mark.usefixtures("tuesday")
def test_a_report_that_was_taken_over_writes_nothing(world: Mornings) -> None:
    def taken_over(*arguments: Any, **keywords: Any) -> Any:
        world.store.execute("update public.pipeline_runs set status = 'abandoned', finished_at = now()")
        return sqlserver.connect(*arguments, **keywords)

    world.connect_source = taken_over

    status, report = world.morning()

    assert (status, report["outcome"], report["error"]["code"]) == (200, "abandoned", "fence_refused")
    assert world.summaries() == []


@pytest.mark.usefixtures("tuesday")
def test_what_there_is_no_time_for_is_left_to_the_next_morning(world: Mornings) -> None:
    world.report = {"timeout_s": 20, "warn_after_s": 15}

    _, report = world.morning()

    assert (report["outcome"], warnings(report)) == ("partial", ["days_left"])
    assert world.days() == ["2026-03-10"]


@pytest.mark.usefixtures("tuesday")
def test_a_plants_own_morning_wins_over_the_common_one(world: Mornings) -> None:
    world.report = {"at": "05:00", "look_back_days": 0}
    world.settings = {"morning_report": {"at": "06:00", "look_back_days": 2}}

    _, report = world.morning()

    assert report["trigger"] == "schedule"
    assert world.days() == ["2026-03-08", "2026-03-09", "2026-03-10"]


def test_more_summaries_than_one_commit_takes_are_committed_day_by_day(
    world: Mornings, tuesday: Week
) -> None:
    world.store.execute(
        "insert into public.assets (plant, name, source_name)"
        " select 'north', 'Cell ' || n, 'CELL-' || n from generate_series(1, 6000) as n"
    )
    tuesday.output("CELL-6000", 3, "2026-03-10T08:00:00")

    _, report = world.morning()

    assert world.calls == ["claim_run", "commit_morning_report", "commit_morning_report"]
    assert written(report) == (12_004, 0, 0)
    assert world.summary("CELL-6000")["actual"] == 3
