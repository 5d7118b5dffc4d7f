"""Health as it is deployed: `main.py` under the real functions-framework, over a real Supabase project."""

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from devstack.function import Function, schedule_headers
from devstack.processes import Children
from plantpulse import database
from plantpulse.health.service import HealthService
from plantpulse.schedules.slots import slot_at_or_before
from tests.functions.conftest import Floor, Request, World
from tests.patience import ENDS_S

ROOT = Path(__file__).parents[2]
MAIN = ROOT / "functions" / "health" / "main.py"
QUARTER = timedelta(minutes=15)
CONFIG = """\
plants:
  north: {time_zone: America/Chicago, sql_server: {host: sql.north.example, user: reader, database: mes}}
  south: {time_zone: Europe/Berlin, sql_server: {host: sql.south.example, user: reader, database: mes}}
  east: {time_zone: Asia/Kolkata}
  west: {time_zone: Australia/Lord_Howe, enabled: false}
"""

Serve = Callable[..., httpx.Client]


@pytest.fixture
def environment(supabase: SupabaseAccess, tmp_path: Path) -> dict[str, str]:
    """What Terraform would set: health is not told how to log in to a SQL Server."""
    (tmp_path / "plantpulse.yaml").write_text(CONFIG, encoding="utf-8")
    return {
        "PATH": os.environ["PATH"],
        "PLANTPULSE_CONFIG": str(tmp_path / "plantpulse.yaml"),
        "SUPABASE_URL": supabase.url,
        "SUPABASE_SECRET_KEY": supabase.secret_key,
    }


@pytest.fixture
def serve(environment: Mapping[str, str], tmp_path: Path) -> Iterator[Serve]:
    """Start the function with more settings, as a process of its own."""
    with Children(tmp_path) as children:
        clients = []

        def start(**more: str) -> httpx.Client:
            function = Function(children, MAIN, {**environment, **more})
            clients.append(httpx.Client(base_url=function.url, timeout=ENDS_S))
            return clients[-1]

        yield start
        for client in clients:
            client.close()


@pytest.fixture
def store(supabase: SupabaseAccess) -> Iterator[psycopg.Connection[DictRow]]:
    with supabase.connect() as connection:
        yield connection


def record(store: psycopg.Connection[DictRow], plant: str, slot: datetime, *, failed: bool = False) -> None:
    """Record a poll of a slot that began three seconds later and took two."""
    store.execute(
        """
        insert into public.pipeline_runs (
          pipeline, plant, trigger, slot, status, fence, started_at, lease_expires_at, finished_at,
          snapshots_until, error_code, error_message, is_retryable
        )
        select
          'live_pulse', %(plant)s, 'schedule', slot, case when failed then 'failed' else 'succeeded' end,
          gen_random_uuid(), slot + interval '3 s', slot + interval '93 s', slot + interval '5 s',
          case when not failed then slot end, case when failed then 'source_unavailable' end,
          case when failed then 'no answer from sql.north.example' end, case when failed then true end
        from (select %(slot)s::timestamptz as slot, %(failed)s::boolean as failed) as poll
        """,
        {"plant": plant, "slot": slot, "failed": failed},
    )


def states(view: Mapping[str, Any]) -> dict[str, str]:
    return {one["plant"]: one["state"] for one in view["pipelines"] if one["pipeline"] == "live_pulse"}


def test_it_tells_the_plants_apart_over_http(serve: Serve, store: psycopg.Connection[DictRow]) -> None:
    latest = slot_at_or_before(datetime.now(UTC), QUARTER)
    record(store, "north", latest - QUARTER, failed=True)
    record(store, "north", latest)
    record(store, "south", latest - timedelta(days=2))
    function = serve()

    answer = function.get("/")

    assert answer.status_code == 503
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"].startswith("application/json")
    view = answer.json()
    assert view["status"] == "unhealthy"
    assert states(view) == {
        "north": "running",
        "south": "down",
        "east": "not_configured",
        "west": "stopped",
    }
    north = view["pipelines"][0]
    assert north["last_poll_timestamp"] == (latest + timedelta(seconds=3)).isoformat()
    assert north["last_success_timestamp"] == (latest + timedelta(seconds=5)).isoformat()
    assert (north["polls_executed"], north["polls_failed"], north["consecutive_failures"]) == (2, 1, 0)
    assert north["duration_ms"] == {"p50": 2000, "p95": 2000}
    assert north["last_error"]["code"] == "source_unavailable"
    assert "example" not in answer.text


def test_a_head_has_the_same_status_and_no_body(serve: Serve, store: psycopg.Connection[DictRow]) -> None:
    record(store, "south", datetime(2026, 1, 1, tzinfo=UTC))
    function = serve()

    ill = function.head("/")
    record(store, "south", slot_at_or_before(datetime.now(UTC), QUARTER))
    well = function.head("/")

    assert (ill.status_code, ill.content) == (503, b"")
    assert (well.status_code, well.content) == (200, b"")


def test_bad_requests_are_refused_over_http(serve: Serve, store: psycopg.Connection[DictRow]) -> None:
    function = serve()

    answers = [
        function.put("/"),
        function.delete("/"),
        function.get("/metrics"),
        function.post("/", content=b"{"),
        function.post("/", json={"plant": "north"}),
        function.post("/", content=b"x" * 65_537),
    ]

    assert [answer.status_code for answer in answers] == [405, 405, 404, 400, 400, 413]
    assert {answer.json()["error"]["code"] for answer in answers} == {"invalid_request"}
    assert answers[0].headers["Allow"] == "GET, HEAD, POST"
    assert store.execute("select from public.watched_pipelines").fetchall() == []


def test_a_scheduler_hears_200_though_a_plant_is_down(
    serve: Serve, store: psycopg.Connection[DictRow]
) -> None:
    record(store, "south", datetime(2026, 1, 1, tzinfo=UTC))
    function = serve()

    scheduled = function.post("/", headers=schedule_headers(datetime.now(UTC)), content=b"")
    by_hand = function.post("/", content=b"")

    assert (scheduled.status_code, scheduled.json()["status"]) == (200, "unhealthy")
    assert (by_hand.status_code, by_hand.json()["status"]) == (503, "unhealthy")


def test_a_scheduled_call_leaves_for_pages_how_the_plants_are(
    serve: Serve, store: psycopg.Connection[DictRow]
) -> None:
    slot = slot_at_or_before(datetime.now(UTC), QUARTER)
    record(store, "north", slot)
    function = serve()

    function.get("/")
    assert store.execute("select from public.pipeline_states").fetchall() == []
    function.post("/", headers=schedule_headers(datetime.now(UTC)), content=b"")

    rows = store.execute(
        "select plant, state, next_at - due_at < interval '16 minutes' as is_soon, interval_minutes"
        " from public.pipeline_states where pipeline in ('live_pulse', 'health') order by plant"
    ).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        ("(no plant)", "running", None, None),
        ("east", "not_configured", True, 15),
        ("north", "running", True, 15),
        ("south", "new", True, 15),
        ("west", "stopped", None, 15),
    ]


def test_a_supabase_that_is_not_there_is_unhealthy(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    function = serve(SUPABASE_URL=f"http://127.0.0.1:{port}")

    answer = function.get("/")

    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert answer.json()["error"]["code"] == "store_unavailable"
    assert states(answer.json()) == {
        "north": "unknown",
        "south": "unknown",
        "east": "unknown",
        "west": "stopped",
    }
    assert "127.0.0.1" not in answer.text


def test_a_supabase_that_does_not_answer_is_not_waited_for_longer_than_a_look_takes(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connections wait in its queue, unanswered
        function = serve(SUPABASE_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")

        answer = function.get("/")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unavailable")


def test_a_key_that_is_refused_is_unhealthy_and_not_shown(serve: Serve) -> None:
    answer = serve(SUPABASE_SECRET_KEY="sb_secret_of_another_project").get("/")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_refused")
    assert "sb_secret" not in answer.text


def test_settings_that_are_wrong_are_unhealthy(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "plantpulse.yaml").write_text("plants: {north: {time_zone: Nowhere}}\n", encoding="utf-8")

    answer = serve().get("/")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "configuration_error")
    assert answer.json()["pipelines"] == []


def test_lambda_answers_a_function_url_and_a_schedule(main: ModuleType) -> None:
    event = {"rawPath": "/", "headers": {}, "requestContext": {"http": {"method": "GET"}}}

    over_http = main.handle_event(event, None)
    scheduled = main.handle_event({"scheduled_time": "2026-11-20T10:10:00Z"}, None)

    assert over_http["statusCode"] == 200
    assert json.loads(over_http["body"])["status"] == scheduled["status"] == "degraded"
    assert states(scheduled)["north"] == "new"


def test_it_follows_real_polls_through_their_states(world: World, floor: Floor) -> None:
    """The plant polled through the real adapters, and the clock moved by the test."""
    floor.output("PRESS-01", 25, "11:50:00")
    service = HealthService(database.connect, load_settings=world.load_settings, clock=lambda: world.now)
    noon = datetime(2026, 3, 11, 17, 0, tzinfo=UTC)

    def look(at: datetime) -> dict[str, Any]:
        world.now = at
        body, _, _ = service.http(Request(method="GET"))
        view: dict[str, Any] = json.loads(body)["pipelines"][0]
        return view

    before = look(noon - timedelta(minutes=5))
    world.now = noon + timedelta(seconds=40)
    world.tick()
    after = look(noon + timedelta(minutes=10))
    due = look(noon + timedelta(minutes=17))
    gone = look(noon + timedelta(minutes=45))

    assert [one["state"] for one in (before, after, due, gone)] == ["new", "running", "late", "down"]
    assert after["data_until"] == "2026-03-11T17:00:00+00:00"
    assert after["data_age_s"] == 600
    assert after["counts"]["snapshots_written"] == 2
    assert (after["is_data_behind"], after["last_poll_success"]) == (False, True)
    assert gone["next_poll_scheduled"] == "2026-03-11T18:00:00+00:00"
