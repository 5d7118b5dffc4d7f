"""The page of pipelines: what health judged, a strip of the last day, and the runs that went wrong."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection

ApiOf = Callable[[str], Api]

NOW = datetime(2026, 11, 22, 12, 7, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("members", "assets", "watched")


@pytest.fixture
def watched(database: Connection) -> None:
    database.execute(
        "insert into public.watched_pipelines (pipeline, plant, watched_since, is_stopped)"
        " select name, 'northfield', %s, false from unnest(array['live_pulse', 'morning_report']) as name",
        (NOW - timedelta(days=5),),
    )


def judge(
    service: Api,
    at: datetime,
    *states: dict[str, Any],
    pipeline: str = "live_pulse",
    plant: str = "northfield",
) -> None:
    known = {
        "pipeline": pipeline,
        "plant": plant,
        "state": "running",
        "is_data_behind": False,
        "due_at": "2026-11-22T12:15:00+00:00",
        "late_at": "2026-11-22T12:17:00+00:00",
        "next_at": "2026-11-22T12:15:30+00:00",
        "interval_minutes": 15,
    }
    told = [known | one for one in states or ({},)]
    service.call("keep_pipeline_states", p_states=told, p_now=at.isoformat())


def add_run(
    database: Connection,
    slot: datetime,
    status: str,
    *,
    pipeline: str = "live_pulse",
    plant: str = "northfield",
    attempt: int = 1,
    code: str = "source_unavailable",
    message: str = "no answer",
    report: str = "{}",
) -> int:
    """Insert a scheduled run that began five seconds after its slot (more if tried again) and took two."""
    starts_at = slot + timedelta(seconds=5 + 60 * (attempt - 1))
    is_bad = status == "failed"
    row = database.execute(
        """
        insert into public.pipeline_runs (
          pipeline, plant, trigger, slot, attempt, status, fence, started_at, lease_expires_at, finished_at,
          error_code, error_message, is_retryable, report
        )
        values (%s, %s, 'schedule', %s, %s, %s, gen_random_uuid(), %s, %s, %s, %s, %s, %s, %s)
        returning id
        """,
        (
            pipeline,
            plant,
            slot,
            attempt,
            status,
            starts_at,
            starts_at + timedelta(seconds=90),
            None if status == "running" else starts_at + timedelta(seconds=2),
            code if is_bad else None,
            message if is_bad else None,
            True if is_bad else None,
            None if status == "running" else report,
        ),
    ).fetchone()
    assert row is not None
    return int(row["id"])


def page(api: Api, plant: str | None = "northfield", at: datetime = NOW) -> dict[str, Any]:
    found: dict[str, Any] = api.call("board_pipelines", p_plant=plant, p_now=at.isoformat())
    return found


def ago(minutes: float) -> datetime:
    """Return the slot so many minutes before noon."""
    return NOW.replace(minute=0) - timedelta(minutes=minutes)


def test_a_pipeline_is_shown_with_its_state_and_its_day(
    api_of: ApiOf, service: Api, database: Connection
) -> None:
    for minutes in range(0, 24 * 60, 15):
        if minutes not in (30, 60, 90):
            add_run(database, ago(minutes), "succeeded")
    failed = add_run(database, ago(30), "failed")
    add_run(database, ago(60), "partial", report='{"warnings": [{"code": "rows_rejected", "message": "7"}]}')
    judge(service, NOW - timedelta(minutes=1))

    found = page(api_of("viewer"))

    assert (found["now"], found["looked_at"], found["stale_after"], found["is_stale"]) == (
        "2026-11-22T12:07:00+00:00",
        "2026-11-22T12:06:00+00:00",
        "2026-11-22T12:09:00+00:00",
        False,
    )
    assert found["plant"]["role"] == "viewer"
    [pipeline] = found["pipelines"]
    assert pipeline.pop("day") == {"executed": 95, "failed": 1, "p50_ms": 2000, "p95_ms": 2000}
    assert pipeline == {
        "pipeline": "live_pulse",
        "plant": "northfield",
        "state": "running",
        "judged": "running",
        "since": None,
        "next_at": "2026-11-22T12:15:30+00:00",
        "interval_minutes": 15,
        "is_data_behind": False,
        "data_until": None,
        "last_success_at": "2026-11-22T12:00:07+00:00",
        "last_run": {"status": "succeeded", "started_at": "2026-11-22T12:00:05+00:00"},
        "running_since": None,
        "consecutive_failures": 0,
        "last_error": {
            "code": "source_unavailable",
            "at": "2026-11-22T11:30:07+00:00",
            "is_retryable": True,
            "run_id": failed,
        },
        "strip": "#" * 89 + ".#~#x##",
        "strip_from": "2026-11-21T12:15:00+00:00",
        "cell_minutes": 15,
    }
    assert found["runs_left_off"] == 0
    first, second = found["runs"]
    assert first == {
        "run_id": failed,
        "pipeline": "live_pulse",
        "plant": "northfield",
        "trigger": "schedule",
        "slot": "2026-11-22T11:30:00+00:00",
        "status": "failed",
        "error_code": "source_unavailable",
        "error_message": "no answer",
        "is_retryable": True,
        "warnings": [],
        "started_at": "2026-11-22T11:30:05+00:00",
        "finished_at": "2026-11-22T11:30:07+00:00",
        "duration_ms": 2000,
        "attempt": 1,
        "made_up_at": "2026-11-22T11:45:07+00:00",
    }
    assert (second["status"], second["warnings"]) == ("partial", ["rows_rejected"])


def test_of_a_slot_that_was_tried_again_the_last_attempt_is_in_the_strip(
    service: Api, database: Connection
) -> None:
    add_run(database, ago(15), "failed")
    add_run(database, ago(15), "succeeded", attempt=2)
    add_run(database, ago(0), "running")
    judge(service, NOW)

    assert page(service)["pipelines"][0]["strip"][-3:] == ".#>"


def test_a_present_cell_without_a_run_is_a_gap_only_when_it_is_late(
    service: Api, database: Connection
) -> None:
    add_run(database, ago(15), "succeeded")
    judge(service, NOW)
    assert page(service)["pipelines"][0]["strip"][-2:] == "#-"

    judge(service, NOW + timedelta(seconds=1), {"state": "late", "due_at": "2026-11-22T12:00:00+00:00"})
    [late] = page(service, at=NOW + timedelta(seconds=2))["pipelines"]
    assert (late["state"], late["since"], late["strip"][-2:]) == ("late", "2026-11-22T12:00:00+00:00", "#.")


@pytest.mark.parametrize(
    ("interval", "cells", "cell"),
    [(1, 96, 15), (15, 96, 15), (60, 24, 60), (1440, 7, 1440), (10080, 7, 1440)],
)
def test_a_cell_is_as_long_as_the_interval(service: Api, interval: int, cells: int, cell: int) -> None:
    judge(service, NOW, {"interval_minutes": interval})

    [pipeline] = page(service, None)["pipelines"]

    assert (len(pipeline["strip"]), pipeline["cell_minutes"]) == (cells, cell)


def test_a_daily_pipeline_shows_a_week(service: Api, database: Connection) -> None:
    for days in (1, 2, 4):
        add_run(database, ago(6 * 60 + 24 * 60 * days), "succeeded", pipeline="morning_report")
    judge(service, NOW, {"pipeline": "morning_report", "interval_minutes": 1440})

    assert page(service)["pipelines"][0]["strip"] == "-.#.##-"


def test_nobody_knows_a_state_when_health_has_not_looked_for_three_minutes(service: Api) -> None:
    judge(service, NOW)

    fresh = page(service, None, NOW + timedelta(minutes=3))
    stale = page(service, None, NOW + timedelta(minutes=3, seconds=1))

    assert (fresh["is_stale"], fresh["pipelines"][0]["state"]) == (False, "running")
    assert (stale["is_stale"], stale["pipelines"][0]["state"], stale["pipelines"][0]["judged"]) == (
        True,
        "unknown",
        "running",
    )


def test_what_health_does_not_judge_any_more_goes_away(service: Api, database: Connection) -> None:
    judge(service, NOW, {}, {"plant": "closed"})
    for minutes in range(10, 140, 10):
        judge(service, NOW + timedelta(minutes=minutes))

    found = page(service, None, NOW + timedelta(minutes=130))

    assert [one["plant"] for one in found["pipelines"]] == ["northfield"]
    judge(service, NOW + timedelta(days=1, minutes=1))
    kept = database.execute("select plant from public.pipeline_states order by plant").fetchall()
    assert [row["plant"] for row in kept] == ["(no plant)", "northfield"]


def test_what_is_judged_as_before_is_not_written_again(service: Api) -> None:
    def written(at: datetime, **state: Any) -> int:
        told = [
            {
                "pipeline": "cleanup",
                "plant": "(all plants)",
                "state": "running",
                "is_data_behind": False,
                **state,
            }
        ]
        number: int = service.call("keep_pipeline_states", p_states=told, p_now=at.isoformat())["written"]
        return number

    assert written(NOW) == 2
    assert written(NOW + timedelta(minutes=1)) == 1  # that health looked
    assert written(NOW) == 0  # an older look
    assert written(NOW + timedelta(minutes=2), state="late") == 2
    assert written(NOW + timedelta(minutes=70), state="late") == 2


def test_without_a_judgement_what_is_watched_is_shown_as_unknown(service: Api) -> None:
    found = page(service)

    assert (found["looked_at"], found["is_stale"]) == (None, True)
    assert [(one["state"], one["judged"]) for one in found["pipelines"]] == [
        ("unknown", None),
        ("unknown", None),
    ]


@pytest.fixture
def every_plant(service: Api, database: Connection) -> None:
    judge(
        service,
        NOW,
        {},
        {"plant": "southfield"},
        {"plant": "(no plant)", "pipeline": "energy_actuals"},
        {"plant": "(all plants)", "pipeline": "cleanup"},
    )
    for plant, pipeline in (
        ("northfield", "live_pulse"),
        ("southfield", "live_pulse"),
        ("(no plant)", "energy_actuals"),
        ("(all plants)", "cleanup"),
    ):
        add_run(database, ago(15), "failed", plant=plant, pipeline=pipeline)


@pytest.mark.usefixtures("every_plant")
@pytest.mark.parametrize(
    ("role", "plants"),
    [
        ("viewer", ["live_pulse northfield", "energy_actuals None"]),
        ("operator", ["live_pulse northfield", "energy_actuals None"]),
        ("manager", ["live_pulse northfield", "energy_actuals None"]),
        ("neighbour", ["live_pulse southfield", "energy_actuals None"]),
        ("stranger", []),
        (
            "director",
            ["live_pulse northfield", "live_pulse southfield", "cleanup None", "energy_actuals None"],
        ),
    ],
)
def test_each_sees_the_pipelines_and_runs_that_they_may_read(
    api_of: ApiOf, role: str, plants: list[str]
) -> None:
    found = page(api_of(role), None)

    assert [f"{one['pipeline']} {one['plant']}" for one in found["pipelines"]] == plants
    assert sorted(f"{one['pipeline']} {one['plant']}" for one in found["runs"]) == sorted(plants)


@pytest.mark.usefixtures("every_plant")
@pytest.mark.parametrize(
    ("role", "plant"),
    [
        ("viewer", "southfield"),
        ("stranger", "northfield"),
        ("neighbour", "northfield"),
        ("director", "westfield"),
        ("director", "(no plant)"),
        ("viewer", "<script>"),
    ],
)
def test_a_plant_that_is_not_ones_own_looks_like_none(api_of: ApiOf, role: str, plant: str) -> None:
    assert page(api_of(role), plant) == {"now": "2026-11-22T12:07:00+00:00", "plant": None}


def test_more_than_a_thousand_failures_are_counted_and_the_newest_shown(
    service: Api, database: Connection
) -> None:
    judge(service, NOW)
    message = "<script>alert(1)</script>\u202e" + "x" * 1_000_000
    database.execute(
        """
        insert into public.pipeline_runs (
          pipeline, plant, trigger, status, fence, started_at, lease_expires_at, finished_at, error_code,
          error_message, is_retryable
        )
        select 'live_pulse', 'northfield', 'manual', 'failed', gen_random_uuid(), at, at + interval '9 s', at,
          'x', case when number = 1 then %s else 'no' end, true
        from generate_series(1, 1300) as number
        cross join lateral (select %s - number * interval '1 minute') as run (at)
        """,
        (message, NOW),
    )

    found = page(service)

    assert (len(found["runs"]), found["runs_left_off"]) == (200, 1100)
    assert found["runs"][0]["error_message"] == message[:2000]
