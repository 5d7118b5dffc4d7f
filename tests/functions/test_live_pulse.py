"""Live Pulse from the SQL Server wire to rows in Supabase."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plantpulse.source import sqlserver
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import NOON_IN_CHICAGO, Floor, World
from tests.patience import ENDS_S

QUARTER = timedelta(minutes=15)

SNAPSHOTS = """
    select a.source_name, s.snapshot_timestamp, s.window_start, s.output_actual::float, s.slot_output::float,
           s.output_target::float, s.output_variance::float, s.variance_percent::float, s.status,
           s.oee_current::float, s.oee_source, s.downtime_minutes::float, s.good_count::float,
           s.reject_count::float, s.labor_headcount::float, s.is_catch_up, s.is_time_ambiguous
    from public.live_snapshots as s
    join public.assets as a on a.id = s.asset_id
    order by s.snapshot_timestamp, a.source_name
"""


def test_a_poll_turns_rows_into_snapshots(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 29, "11:30:00")
    floor.output("press-01  ", 34, "11:59:59")
    floor.output("PRESS-01", 1000, "11:29:59")
    floor.output("PRESS-01", 1000, "12:00:00")
    floor.downtime("PRESS-01", "Jam", 10, "11:25:00")
    floor.quality("PRESS-01", 60, 3, "11:45:00")
    floor.labor("PRESS-01", 4, "11:31:00")
    floor.oee("PAINT-01", 81.5, "11:50:00")

    status, report = world.tick()

    assert (status, report["outcome"], report["status"]) == (200, "succeeded", "succeeded")
    assert report["window"] == {"start": "2026-03-11T16:30:00+00:00", "until": "2026-03-11T17:00:00+00:00"}
    paint, press = world.rows(SNAPSHOTS)
    assert press == {
        "source_name": "PRESS-01",
        "snapshot_timestamp": datetime(2026, 3, 11, 17, 0, tzinfo=UTC),
        "window_start": datetime(2026, 3, 11, 16, 30, tzinfo=UTC),
        "output_actual": 63.0,
        "slot_output": 34.0,
        "output_target": 60.0,
        "output_variance": 3.0,
        "variance_percent": 5.0,
        "status": "on_target",
        # Availability 25/30, performance 63 of 150 x 25/60 = 62.5, quality 60/63.
        "oee_current": 80.0,
        "oee_source": "computed",
        "downtime_minutes": 5.0,
        "good_count": 60.0,
        "reject_count": 3.0,
        "labor_headcount": 4.0,
        "is_catch_up": False,
        "is_time_ambiguous": False,
    }
    assert (paint["output_actual"], paint["output_target"], paint["status"]) == (0.0, 0.0, "on_target")
    assert (paint["variance_percent"], paint["oee_current"], paint["oee_source"]) == (None, 81.5, "reported")


def test_a_plant_at_rest_reads_zero_and_does_not_disappear(world: World) -> None:
    status, report = world.tick()

    assert (status, report["outcome"]) == (200, "succeeded")
    found = [(row["source_name"], row["output_actual"], row["status"]) for row in world.rows(SNAPSHOTS)]
    assert found == [("PAINT-01", 0.0, "on_target"), ("PRESS-01", 0.0, "below_target")]


def test_a_plant_without_assets_succeeds_with_nothing(world: World) -> None:
    world.store.execute("truncate public.assets cascade")

    status, report = world.tick()

    assert (status, report["outcome"], report["counts"]["snapshots"]) == (200, "succeeded", 0)


def test_a_repeated_tick_changes_nothing(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 60, "11:45:00")
    _, first = world.tick()
    before = world.contents()
    floor.output("PRESS-01", 60, "11:46:00")

    status, again = world.tick()

    assert (status, again["outcome"], again["run_id"]) == (200, "duplicate", first["run_id"])
    assert again["counts"] == first["counts"]
    assert world.contents() == before


@pytest.mark.stand_in
def test_a_repeated_tick_does_not_touch_sql_server(world: World, mssql: SqlServerUnderTest) -> None:
    world.tick()
    assert mssql.stand_in is not None
    mssql.stand_in.traffic.clear()

    world.tick()

    assert mssql.stand_in.traffic.connections == 0


def test_the_next_tick_writes_its_own_snapshots(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 60, "11:50:00")
    world.tick()
    floor.output("PRESS-01", 7, "12:10:00")
    world.now += QUARTER

    status, report = world.tick(NOON_IN_CHICAGO + QUARTER)

    assert (status, report["outcome"]) == (200, "succeeded")
    found = [
        (row["snapshot_timestamp"].minute, row["output_actual"], row["slot_output"])
        for row in world.rows(SNAPSHOTS)
        if row["source_name"] == "PRESS-01"
    ]
    assert found == [(0, 60.0, 60.0), (15, 67.0, 7.0)]


def test_two_calls_go_to_supabase_and_a_third_with_a_safety_event(world: World, floor: Floor) -> None:
    world.tick()
    assert world.calls == ["claim_run", "commit_live_pulse"]
    world.calls.clear()
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:50:00")
    world.now += QUARTER

    world.tick(NOON_IN_CHICAGO + QUARTER)

    assert world.calls == ["claim_run", "record_safety_events", "commit_live_pulse"]


@pytest.mark.stand_in
def test_a_poll_is_one_connection_and_one_statement_a_query(world: World, mssql: SqlServerUnderTest) -> None:
    world.tick()

    assert mssql.stand_in is not None
    traffic = mssql.stand_in.traffic
    assert traffic.connections == 1
    asked = [statement for statement in traffic.statements if "@until" in statement.parameters]
    assert len(asked) == 6
    login = traffic.logins[0]
    assert (login.application, login.is_read_only) == ("plantpulse", True)


def test_a_safety_event_seen_by_two_polls_is_one(
    world: World, floor: Floor, capsys: pytest.CaptureFixture[str]
) -> None:
    floor.downtime("press-01 ", " safety  ISSUE", 12, "11:41:00", "Light curtain tripped")

    _, first = world.tick()
    world.now += QUARTER
    _, second = world.tick(NOON_IN_CHICAGO + QUARTER)

    assert (first["counts"]["safety_recorded"], second["counts"]["safety_recorded"]) == (1, 0)
    (event,) = world.rows("select * from public.safety_events")
    assert event["event_timestamp"] == datetime(2026, 3, 11, 16, 41, tzinfo=UTC)
    assert event["source_timestamp"] == datetime(2026, 3, 11, 11, 41)  # noqa: DTZ001 - plant-local
    assert (event["severity"], event["details"]) == ("critical", "Light curtain tripped")
    assert event["is_acknowledged"] is False
    detections = [line for line in capsys.readouterr().out.splitlines() if '"safety event"' in line]
    assert len(detections) == 1
    detection = json.loads(detections[0])
    assert (detection["severity"], detection["event"]["severity"]) == ("WARNING", "critical")


def test_a_reason_code_typed_in_hours_later_is_found(world: World, floor: Floor) -> None:
    floor.downtime("PRESS-01", "Unknown", 12, "05:00:00")
    world.tick()
    floor.run("update downtime_records set reason_code = 'Safety Issue'")
    world.now += QUARTER

    world.tick(NOON_IN_CHICAGO + QUARTER)

    (event,) = world.rows("select event_timestamp from public.safety_events")
    assert event["event_timestamp"] == datetime(2026, 3, 11, 10, 0, tzinfo=UTC)


def test_a_safety_event_outlives_what_fails_after_it(world: World, floor: Floor) -> None:
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:50:00")
    floor.run("drop table production_data")

    status, report = world.tick()

    assert (status, report["outcome"], report["error"]["is_retryable"]) == (200, "failed", False)
    assert "output.sql" in report["error"]["message"]
    assert "production_data" in report["error"]["message"]
    assert len(world.rows("select id from public.safety_events")) == 1
    assert world.rows("select id from public.live_snapshots") == []


def test_malformed_rows_are_kept_aside_and_the_others_go_on(world: World, floor: Floor) -> None:
    for minute in range(30, 60):
        floor.output("PRESS-01", 2, f"11:{minute}:00")
    floor.output("PRESS-01", -5, "11:45:00")
    floor.output(None, 5, "11:46:00")

    status, report = world.tick()

    assert (status, report["counts"]["rejected"]) == (200, 2)
    assert report["outcome"] == "partial"
    press = world.rows(SNAPSHOTS)[1]
    assert press["output_actual"] == 60.0
    kept = world.rows(
        "select query, reason, \"row\" ->> 'asset' as asset from public.rejected_records order by id"
    )
    assert {(row["query"], row["asset"]) for row in kept} == {("output", "PRESS-01"), ("output", None)}
    assert all(row["reason"] for row in kept)


def test_a_few_malformed_rows_among_many_leave_a_poll_succeeded(world: World, floor: Floor) -> None:
    world.pulse = {"rejected_share_for_partial": 0.5}
    floor.output("PRESS-01", 2, "11:40:00")
    floor.output("PRESS-01", 2, "11:50:00")
    floor.output("PRESS-01", -5, "11:45:00")

    _, report = world.tick()

    assert (report["outcome"], report["counts"]["rejected"]) == ("succeeded", 1)


def test_a_missing_optional_table_makes_a_poll_partial(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 60, "11:45:00")
    floor.run("drop table labor_records")

    status, report = world.tick()

    assert (status, report["outcome"]) == (200, "partial")
    told = {warning["code"]: warning["message"] for warning in report["warnings"]}
    assert "labor_records" in told["optional_query_failed"]
    assert [row["labor_headcount"] for row in world.rows(SNAPSHOTS)] == [None, None]
    assert world.rows(SNAPSHOTS)[1]["output_actual"] == 60.0


def test_a_truncated_output_writes_no_snapshots(world: World, floor: Floor) -> None:
    world.pulse = {"row_limit": 1}
    floor.output("PRESS-01", 30, "11:40:00")
    floor.output("PAINT-01", 30, "11:40:00")

    status, report = world.tick()

    assert (status, report["outcome"]) == (200, "partial")
    assert "result_truncated" in [warning["code"] for warning in report["warnings"]]
    assert world.rows(SNAPSHOTS) == []
    (run,) = world.rows("select snapshots_until, safety_until from public.pipeline_runs")
    assert run["snapshots_until"] is None
    assert run["safety_until"] is not None


def test_downtime_that_is_cut_off_is_unknown_and_takes_none_from_the_slots_before(
    world: World, floor: Floor
) -> None:
    floor.downtime("PRESS-01", "Jam", 7, "11:40:00")
    world.tick()
    for second in range(3):
        floor.downtime("PAINT-01", "Short stop", 0, f"11:50:0{second}")
    floor.output("PRESS-01", 30, "11:50:00")
    world.pulse = {"row_limit": 3}
    world.now += QUARTER

    _, report = world.tick(NOON_IN_CHICAGO + QUARTER)

    assert (report["outcome"], report["counts"]["snapshots_written"]) == ("partial", 2)
    assert "result_truncated" in [warning["code"] for warning in report["warnings"]]
    press = world.rows(
        "select downtime_minutes::float from public.live_snapshots join public.assets as a on a.id = asset_id"
        " where source_name = 'PRESS-01' order by snapshot_timestamp"
    )
    assert [row["downtime_minutes"] for row in press] == [7.0, None]


def test_more_safety_events_than_one_read_takes_are_read_page_by_page(world: World, floor: Floor) -> None:
    world.pulse = {"row_limit": 2}
    for hour in ("07", "08", "09", "10", "11"):
        floor.downtime("PRESS-01", "Safety Issue", 5, f"{hour}:00:00")

    _, report = world.tick()

    assert report["counts"]["safety_recorded"] == 5
    found = world.rows("select source_timestamp from public.safety_events order by source_timestamp")
    assert [row["source_timestamp"].hour for row in found] == [7, 8, 9, 10, 11]
    (run,) = world.rows("select safety_until from public.pipeline_runs")
    assert run["safety_until"] == world.now


def test_safety_events_that_no_page_can_pass_are_said_and_not_skipped(world: World, floor: Floor) -> None:
    world.pulse = {"row_limit": 2}
    for _ in range(3):
        floor.downtime("PRESS-01", "Safety Issue", 5, "08:00:00")
    floor.downtime("PRESS-01", "Safety Issue", 5, "09:00:00")

    _, report = world.tick()

    assert report["outcome"] == "partial"
    assert "safety_cut_off" in [warning["code"] for warning in report["warnings"]]
    (run,) = world.rows("select safety_until from public.pipeline_runs")
    assert run["safety_until"] == datetime(2026, 3, 11, 13, 0, tzinfo=UTC)


def test_an_unknown_asset_is_registered_but_gets_no_snapshot(world: World, floor: Floor) -> None:
    floor.output("ROBOT-9", 60, "11:45:00")

    _, report = world.tick()

    assert report["counts"]["assets_unknown"] == 1
    (robot,) = world.rows("select is_mapped, is_active from public.assets where source_name = 'ROBOT-9'")
    assert robot["is_mapped"] is False
    assert [row["source_name"] for row in world.rows(SNAPSHOTS)] == ["PAINT-01", "PRESS-01"]


def test_a_safety_event_of_an_unknown_asset_has_one(world: World, floor: Floor) -> None:
    floor.downtime("ROBOT-9", "Safety Issue", 5, "11:45:00")

    world.tick()

    (event,) = world.rows(
        "select a.source_name from public.safety_events as e join public.assets as a on a.id = e.asset_id"
    )
    assert event["source_name"] == "ROBOT-9"


def test_state_and_coverage_stand_on_the_run(world: World) -> None:
    world.tick()

    (run,) = world.rows("select * from public.pipeline_runs")
    assert (run["pipeline"], run["plant"], run["trigger"], run["attempt"]) == (
        "live_pulse",
        "north",
        "schedule",
        1,
    )
    assert run["slot"] == run["snapshots_until"] == NOON_IN_CHICAGO
    assert run["safety_until"] == NOON_IN_CHICAGO + timedelta(seconds=40)
    assert run["lease_expires_at"] - run["started_at"] == timedelta(seconds=90)
    assert set(run["timings_ms"]) == {"claim", "connect", "read", "evaluate"}


def test_a_manual_poll_writes_its_own_snapshot_and_covers_nothing(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 60, "11:45:00")
    floor.output("PRESS-01", 4, "12:00:20")

    status, report = world.ask()

    assert (status, report["outcome"], report["trigger"], report["slot"]) == (
        200,
        "succeeded",
        "manual",
        None,
    )
    press = world.rows(SNAPSHOTS)[1]
    assert press["snapshot_timestamp"] == datetime(2026, 3, 11, 17, 0, 40, tzinfo=UTC)
    assert (press["output_actual"], press["slot_output"]) == (64.0, None)
    (run,) = world.rows("select snapshots_until, slot from public.pipeline_runs")
    assert run == {"snapshots_until": None, "slot": None}


def test_a_manual_poll_with_a_source_lag_leaves_the_slots_alone(world: World, floor: Floor) -> None:
    world.settings = {"source_lag_s": 300}
    floor.output("PRESS-01", 60, "11:45:00")
    world.tick()
    before = world.rows(SNAPSHOTS)
    floor.output("PRESS-01", 7, "11:50:00")
    world.now = NOON_IN_CHICAGO + timedelta(minutes=5)

    _, report = world.ask()

    assert report["window"]["until"] == NOON_IN_CHICAGO.isoformat()
    after = world.rows(SNAPSHOTS)
    assert after[:2] == before
    assert after[2]["snapshot_timestamp"] == NOON_IN_CHICAGO + timedelta(minutes=5)


def test_an_idempotency_key_makes_repeating_harmless(world: World) -> None:
    _, first = world.ask("key-1")
    world.now += timedelta(minutes=1)
    before = world.contents()

    status, again = world.ask("key-1")
    _, other = world.ask("key-2")

    assert (status, again["outcome"], again["run_id"]) == (200, "duplicate", first["run_id"])
    assert other["run_id"] != first["run_id"]
    assert world.contents()["runs"][0] == before["runs"][0]


def test_a_double_click_is_one_poll(world: World) -> None:
    _, first = world.ask()
    world.now += timedelta(seconds=1)
    status, again = world.ask()
    world.now += timedelta(seconds=2)
    _, later = world.ask()

    assert (status, again["outcome"], again["run_id"]) == (200, "duplicate", first["run_id"])
    assert later["outcome"] == "succeeded"


@pytest.mark.parametrize(
    "slot",
    [
        NOON_IN_CHICAGO + QUARTER,  # the next run's time, as a "run now" may carry
        NOON_IN_CHICAGO + timedelta(minutes=1),  # off the grid
        NOON_IN_CHICAGO - timedelta(hours=24),  # too old
    ],
)
def test_a_time_that_is_no_slot_of_now_is_a_manual_poll(world: World, slot: datetime) -> None:
    _, report = world.tick(slot)

    assert (report["trigger"], report["slot"]) == ("manual", None)


def test_a_dry_run_shows_and_writes_nothing(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 63, "11:45:00")
    floor.output("PRESS-01", -1, "11:45:00")
    floor.downtime("ROBOT-9", "Safety Issue", 5, "11:45:00")
    before = world.contents()

    status, report = world.ask(dry_run=True)

    assert (status, report["is_dry_run"], report["run_id"], report["status"]) == (200, True, None, None)
    assert report["preview"]["snapshots"][0]["output_actual"] == 63
    assert report["preview"]["safety_events"][0]["source_asset"] == "ROBOT-9"
    assert report["preview"]["rejected_records"][0]["query"] == "output"
    assert world.contents() == before
    assert world.calls == ["claim_run", "end_dry_run"]


def test_of_40_dry_runs_at_once_one_reads_and_the_others_are_busy(
    world: World, mssql: SqlServerUnderTest
) -> None:
    connect, answered, others_answered = world.connect_source, list[dict[str, Any]](), threading.Event()
    opened = list[None]()

    def connect_when_the_others_are_answered(*arguments: Any, **more: Any) -> Any:
        opened.append(None)
        assert others_answered.wait(ENDS_S)
        return connect(*arguments, **more)

    def ask() -> None:
        answered.append(world.ask(dry_run=True)[1])
        if len(answered) >= 39:
            others_answered.set()

    world.connect_source = connect_when_the_others_are_answered
    world.pulse = {"timeout_s": 900}
    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(ENDS_S)

    assert [report["outcome"] for report in answered] == ["busy"] * 39 + ["succeeded"]
    assert len(opened) == 1
    assert mssql.stand_in is None or mssql.stand_in.traffic.connections == 1


def test_a_dry_run_neither_delays_a_poll_nor_waits_for_one(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 63, "11:45:00")
    connect, polled = world.connect_source, list[Any]()

    def connect_after_a_poll(*arguments: Any, **more: Any) -> Any:
        world.connect_source = connect
        polled.append(world.tick())
        return connect(*arguments, **more)

    world.connect_source = connect_after_a_poll
    status, report = world.ask(dry_run=True)

    assert [(one, told["outcome"]) for one, told in polled] == [(200, "succeeded")]
    assert (status, report["outcome"], report["is_dry_run"]) == (200, "succeeded", True)


def test_a_dry_run_that_fails_lets_the_next_one_begin(world: World) -> None:
    world.sql_server = {"password": "not-the-password"}
    assert world.ask(dry_run=True)[1]["outcome"] == "failed"
    world.sql_server = {}

    assert world.ask(dry_run=True)[1]["outcome"] == "succeeded"
    assert world.rows("select * from public.dry_runs") == []


def test_a_wrong_password_fails_once_a_slot(world: World, mssql: SqlServerUnderTest) -> None:
    world.sql_server = {"password": "not-the-password"}

    status, report = world.tick()
    attempts = len(mssql.stand_in.traffic.logins) if mssql.stand_in else 1
    again_status, again = world.tick()

    assert (status, report["outcome"], report["error"]["is_retryable"]) == (200, "failed", False)
    assert not mssql.stand_in or report["error"]["code"] == "source_login_failed"
    assert "not-the-password" not in json.dumps(report)
    assert (again_status, again["outcome"]) == (200, "refused")
    assert again["error"] == report["error"]
    assert attempts == 1
    assert not mssql.stand_in or len(mssql.stand_in.traffic.logins) == 1
    (run,) = world.rows("select status, error_code, is_retryable from public.pipeline_runs")
    assert run == {"status": "failed", "error_code": report["error"]["code"], "is_retryable": False}


def test_the_slot_after_a_permanent_failure_is_free(world: World) -> None:
    world.sql_server = {"password": "not-the-password"}
    world.tick()
    world.sql_server = {}
    world.now += QUARTER

    _, report = world.tick(NOON_IN_CHICAGO + QUARTER)

    assert report["outcome"] == "succeeded"


def test_an_unreachable_server_may_be_tried_again_within_the_slot(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 60, "11:45:00")
    world.sql_server = {"port": 9}

    status, report = world.tick()
    world.sql_server = {}
    again_status, again = world.tick()

    assert (status, report["outcome"], report["error"]["code"]) == (503, "failed", "source_unavailable")
    assert report["error"]["is_retryable"] is True
    assert (again_status, again["outcome"], again["attempt"]) == (200, "succeeded", 2)
    assert [row["status"] for row in world.rows("select status from public.pipeline_runs order by id")] == [
        "failed",
        "succeeded",
    ]


def test_a_plant_without_sql_server_says_so_and_claims_nothing(world: World) -> None:
    world.settings = {"sql_server": None, "missing_settings": ("MSSQL_HOST", "MSSQL_PASSWORD")}

    scheduled, report = world.tick()
    by_hand, _ = world.ask()

    assert (scheduled, by_hand, report["outcome"]) == (200, 501, "not_configured")
    assert "MSSQL_HOST, MSSQL_PASSWORD" in report["error"]["message"]
    assert world.calls == []
    assert world.contents()["runs"] == []


def test_a_plant_that_is_switched_off_is_polled_by_hand_alone(world: World) -> None:
    world.settings = {"enabled": False}

    scheduled, refused = world.tick()
    runs = world.contents()["runs"]
    by_hand, report = world.ask()

    assert (scheduled, refused["outcome"], refused["error"]["code"]) == (
        200,
        "not_configured",
        "switched_off",
    )
    assert runs == []
    assert (by_hand, report["outcome"]) == (200, "succeeded")


def test_polling_may_be_switched_off_for_all_plants(world: World) -> None:
    world.pulse = {"enabled": False}

    status, report = world.tick()

    assert (status, report["error"]["code"]) == (200, "switched_off")
    assert world.calls == []


@pytest.mark.parametrize(
    ("parameters", "field"),
    [({"plant": "south"}, "plant"), ({"plnat": "north"}, "plnat"), ({"dry_run": "yes"}, "dry_run")],
)
def test_a_malformed_request_does_nothing(world: World, parameters: dict[str, Any], field: str) -> None:
    status, body = world.tick(**parameters)

    assert (status, body["error"]["code"], body["error"]["field"]) == (400, "invalid_request", field)
    assert world.calls == []


def test_simultaneous_deliveries_poll_once(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 60, "11:45:00")
    outcomes: list[str] = []
    barrier = threading.Barrier(6)

    def deliver() -> None:
        barrier.wait()
        outcomes.append(world.tick()[1]["outcome"])

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("succeeded") == 1
    assert set(outcomes) <= {"succeeded", "busy", "duplicate"}
    assert len(world.rows("select id from public.pipeline_runs")) == 1


def test_a_poll_that_was_taken_over_writes_nothing(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 60, "11:45:00")

    @contextmanager
    def connect_while_another_takes_over(settings: Any, **arguments: Any) -> Iterator[Any]:
        world.connect_source = sqlserver.connect
        world.now += timedelta(seconds=91)
        world.tick(NOON_IN_CHICAGO)
        with sqlserver.connect(settings, **arguments) as source:
            yield source

    world.connect_source = connect_while_another_takes_over

    status, report = world.tick()

    assert (status, report["outcome"]) == (200, "abandoned")
    runs = world.rows("select id, status from public.pipeline_runs order by id")
    assert [run["status"] for run in runs] == ["abandoned", "succeeded"]
    written_by = world.rows("select distinct run_id from public.live_snapshots")
    assert written_by == [{"run_id": runs[1]["id"]}]


def test_a_busy_plant_is_told_which_run_is_busy(world: World) -> None:
    heard: list[tuple[int, dict[str, Any]]] = []

    @contextmanager
    def connect_while_others_ask(settings: Any, **arguments: Any) -> Iterator[Any]:
        heard.append(world.tick(NOON_IN_CHICAGO))
        heard.append(world.ask())
        with sqlserver.connect(settings, **arguments) as source:
            yield source

    world.connect_source = connect_while_others_ask

    _, report = world.tick()

    assert [(status, body["outcome"], body["run_id"]) for status, body in heard] == [
        (200, "busy", report["run_id"]),
        (409, "busy", report["run_id"]),
    ]


def test_a_store_that_is_down_is_worth_another_try(world: World, mssql: SqlServerUnderTest) -> None:
    down = world.supabase
    world.supabase = type(down)("http://127.0.0.1:9", down.database_url, down.keys)

    status, body = world.tick()

    assert (status, body["error"]["code"]) == (503, "store_unavailable")
    assert not mssql.stand_in or mssql.stand_in.traffic.connections == 0


@pytest.mark.waits
def test_a_slow_poll_says_so_even_when_it_fails(world: World, floor: Floor) -> None:
    world.pulse = {"warn_after_s": 1}

    @contextmanager
    def connect_slowly(settings: Any, **arguments: Any) -> Iterator[Any]:
        with sqlserver.connect(settings, **arguments) as source:
            floor.run("waitfor delay '00:00:01.1'")
            yield source

    world.connect_source = connect_slowly

    _, slow = world.tick()
    floor.run("drop table production_data")
    world.now += QUARTER
    _, failed = world.tick(NOON_IN_CHICAGO + QUARTER)

    assert (slow["outcome"], failed["outcome"]) == ("succeeded", "failed")
    for report in (slow, failed):
        assert [warning["code"] for warning in report["warnings"]].count("slow_run") == 1
    stored = world.rows("select report from public.pipeline_runs order by id")
    assert all("slow_run" in json.dumps(row["report"]) for row in stored)


def test_a_poll_without_time_to_read_keeps_time_to_say_so(world: World) -> None:
    @contextmanager
    def connect_out_of_time(settings: Any, **arguments: Any) -> Iterator[Any]:
        with sqlserver.connect(settings, seconds_left=lambda: 0.5) as source:
            yield source

    world.connect_source = connect_out_of_time

    status, report = world.tick()

    assert (status, report["outcome"], report["error"]["code"]) == (503, "failed", "out_of_time")
    assert world.calls == ["claim_run", "fail_run"]


def test_the_report_tells_the_servers_clock_and_the_memory(world: World) -> None:
    _, report = world.tick()

    engines_own = {"refused_settings"}  # never of SQL Server: test_other_engines
    assert set(report["source"]) - engines_own == {"utc_offset_minutes", "clock_skew_s"}
    assert 20 < report["peak_memory_mb"] < 2000


def test_reasons_for_being_partial_are_told(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", -1, "11:45:00")

    _, report = world.tick()

    told = {warning["code"]: warning["message"] for warning in report["warnings"]}
    assert told["rows_rejected"] == "1 rows were malformed, more than 5% of all"
