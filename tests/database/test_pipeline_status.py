"""What a look at the pipelines is told: health's summary and the hours of a day, and nothing is written."""

from collections.abc import Callable
from typing import Any

from tests.database.api import Api
from tests.database.conftest import Connection

NOW = "2026-11-22T12:00:00Z"
ASKED = [{"pipeline": "live_pulse", "plant": "northfield"}, {"pipeline": "cleanup", "plant": "*"}]


def ran(database: Connection, status: str, *times: str, plant: str = "northfield") -> None:
    for at in times:
        database.execute(
            """
            insert into public.pipeline_runs
                (pipeline, plant, trigger, fence, started_at, lease_expires_at, status, finished_at,
                 error_code, error_message, is_retryable)
            select 'live_pulse', %s, 'manual', gen_random_uuid(), at, at + '1 minute'::interval, %s,
                   at + '2 seconds'::interval, 'x', 'x', true
            from (select %s::timestamptz as at) as run
            """,
            (plant, status, at),
        )


def look(service: Api, asked: list[dict[str, str]] | None = None) -> list[dict[str, Any]]:
    answer = service.call("pipeline_status", p_pipelines=ASKED if asked is None else asked, p_now=NOW)
    pipelines: list[dict[str, Any]] = answer["pipelines"]
    return pipelines


def test_runs_are_counted_by_the_hour_back_from_now(service: Api, database: Connection) -> None:
    ran(database, "succeeded", "2026-11-22T11:59:00Z", "2026-11-22T11:01:00Z", "2026-11-22T11:00:00Z")
    ran(database, "failed", "2026-11-22T10:30:00Z")
    ran(database, "abandoned", "2026-11-22T10:15:00Z")
    ran(database, "partial", "2026-11-21T12:00:01Z")
    ran(database, "failed", "2026-11-21T12:00:00Z", "2026-11-22T12:00:01Z")
    ran(database, "failed", "2026-11-22T11:30:00Z", plant="southfield")

    [pulse, cleanup] = look(service)

    assert pulse["hours"] == [
        {"hours_ago": 0, "succeeded": 2, "partial": 0, "failed": 0},
        {"hours_ago": 1, "succeeded": 1, "partial": 0, "failed": 2},
        {"hours_ago": 23, "succeeded": 0, "partial": 1, "failed": 0},
    ]
    assert cleanup["hours"] == []


def test_a_pipeline_is_watched_since_its_first_run_where_health_has_not_looked_yet(
    service: Api, database: Connection, count: Callable[[str], int]
) -> None:
    ran(database, "succeeded", "2026-11-22T09:00:00Z", "2026-11-20T08:00:00Z")

    [pulse, cleanup] = look(service)

    assert pulse["watched_since"] == "2026-11-20T08:00:00+00:00"
    assert cleanup["watched_since"] is None
    assert count("watched_pipelines") == 0


def test_the_rest_is_healths_own_summary(service: Api, database: Connection) -> None:
    ran(database, "succeeded", "2026-11-22T09:00:00Z")
    health = service.call(
        "pipeline_health", p_pipelines=[{**one, "is_stopped": False} for one in ASKED[:1]], p_now=NOW
    )

    [pulse] = look(service, ASKED[:1])

    assert {name: value for name, value in pulse.items() if name != "hours"} == health["pipelines"][0]


def test_nothing_asked_is_nothing_told(service: Api) -> None:
    assert look(service, []) == []
