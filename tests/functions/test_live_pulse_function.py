"""Live Pulse as it is deployed: `main.py` under the real functions-framework, and as Lambda calls it."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from plantpulse.schedules.slots import slot_at_or_before
from tests.functions.conftest import World

ROOT = Path(__file__).parents[2]
MAIN = ROOT / "functions" / "live_pulse" / "main.py"


def latest_slot() -> str:
    """Return the slot that a scheduler would have sent last, by the real clock."""
    return slot_at_or_before(datetime.now(UTC), timedelta(minutes=15)).isoformat()


@pytest.fixture
def environment(world: World, tmp_path: Path) -> dict[str, str]:
    """What Terraform would set, and nothing else."""
    (tmp_path / "plantpulse.yaml").write_text(
        "plants: {north: {time_zone: America/Chicago}}\n", encoding="utf-8"
    )
    return {
        "PATH": os.environ["PATH"],
        "PLANTPULSE_CONFIG": str(tmp_path / "plantpulse.yaml"),
        "SUPABASE_URL": world.supabase.url,
        "SUPABASE_SECRET_KEY": world.supabase.secret_key,
        "MSSQL_HOST": world.reader.host,
        "MSSQL_PORT": str(world.reader.port),
        "MSSQL_USER": world.reader.user,
        "MSSQL_PASSWORD": world.reader.password,
        "MSSQL_DATABASE": world.reader.database,
        "MSSQL_ENCRYPTION": world.encryption,
    }


def test_a_scheduled_request_polls_and_a_second_one_changes_nothing(
    framework: httpx.Client, world: World
) -> None:
    headers = {"X-CloudScheduler-ScheduleTime": latest_slot(), "Content-Type": "application/octet-stream"}

    first = framework.post("/", headers=headers)
    before = world.contents()
    second = framework.post("/", headers=headers)

    assert (first.status_code, first.json()["outcome"], first.json()["trigger"]) == (
        200,
        "succeeded",
        "schedule",
    )
    assert (second.status_code, second.json()["outcome"]) == (200, "duplicate")
    assert world.contents() == before
    assert len(before["snapshots"]) == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", b"", 405),
        ("PUT", "/", b"", 405),
        ("POST", "/anything", b"", 404),
        ("POST", "/", b"{", 400),
        ("POST", "/", b'{"plnat": "north"}', 400),
        ("POST", "/", b"x" * 65_537, 413),
    ],
)
def test_a_malformed_request_is_refused_over_http(
    framework: httpx.Client, world: World, method: str, path: str, body: bytes, status: int
) -> None:
    answer = framework.request(method, path, content=body)

    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "field"}
    assert world.contents()["runs"] == []


def test_a_manual_request_is_answered_with_the_report(framework: httpx.Client) -> None:
    answer = framework.post("/", json={"plant": "north"}, headers={"Idempotency-Key": "k-1"})
    again = framework.post("/", json={"plant": "north"}, headers={"Idempotency-Key": "k-1"})

    assert (answer.status_code, answer.json()["trigger"]) == (200, "manual")
    assert (again.json()["outcome"], again.json()["run_id"]) == ("duplicate", answer.json()["run_id"])


def test_an_eventbridge_event_polls_once(main: ModuleType, world: World) -> None:
    event = {"scheduled_time": latest_slot(), "plant": "north"}

    first = main.handle_event(event, None)
    second = main.handle_event(event, None)

    assert (first["outcome"], first["trigger"], second["outcome"]) == ("succeeded", "schedule", "duplicate")
    assert len(world.contents()["snapshots"]) == 2
    json.dumps(first)


def test_a_function_url_request_is_a_manual_poll(main: ModuleType) -> None:
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": "/",
        "headers": {"content-type": "application/json", "idempotency-key": "k-1"},
        "requestContext": {
            "http": {"method": "POST", "path": "/"},
            "authorizer": {"iam": {"userArn": "arn:aws:iam::123456789012:user/ada"}},
        },
        "body": '{"plant": "north"}',
        "isBase64Encoded": False,
    }

    response = main.handle_event(event, None)

    assert response["statusCode"] == 200
    report = json.loads(response["body"])
    assert (report["trigger"], report["requested_by"]) == (
        "manual",
        "arn:aws:iam::123456789012:user/ada (unverified)",
    )


def test_a_direct_call_may_ask_for_a_span(main: ModuleType, world: World) -> None:
    slot = latest_slot()

    report = main.handle_event({"plant": "north", "from": slot, "until": slot}, None)

    assert (report["outcome"], report["trigger"]) == ("partial", "manual")
    assert report["span"] == {"from": slot, "until": slot}
    assert world.contents()["snapshots"] == []  # the plant's tables are empty: nobody can tell zero from gone


def test_importing_the_function_reads_no_settings_and_opens_nothing() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(MAIN.parent)!r}); import main; print(main.handle_http.__name__)"
    )

    done = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, check=True)

    assert done.stdout == "handle_http\n"
    assert done.stderr == ""
