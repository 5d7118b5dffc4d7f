"""Cleanup as it is deployed: `main.py` under the real functions-framework, and as Lambda calls it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from plantpulse.schedules.slots import slot_at_or_before

ROOT = Path(__file__).parents[2]
MAIN = ROOT / "functions" / "cleanup" / "main.py"
SNAPSHOTS = "select snapshot_timestamp from public.live_snapshots"


def latest_slot() -> str:
    """Return the slot that a scheduler would have sent last, by the real clock."""
    return slot_at_or_before(datetime.now(UTC), timedelta(minutes=60)).isoformat()


@pytest.fixture
def store(supabase: SupabaseAccess) -> Iterator[psycopg.Connection[DictRow]]:
    """A project with a snapshot of half an hour and two of three hours ago."""
    with supabase.connect() as connection:
        connection.execute(
            """
            with press as (
              insert into public.assets (plant, name, source_name) values ('north', 'Press', 'PRESS-01')
              returning id
            )
            insert into public.live_snapshots (
              asset_id, snapshot_timestamp, window_start, output_actual, output_target, status
            )
            select press.id, at, at - interval '30 min', 5, 5, 'on_target'
            from press
            cross join unnest(array[
              now() - interval '30 min', now() - interval '180 min', now() - interval '190 min'
            ]) as at
            """
        )
        yield connection


@pytest.fixture
def environment(supabase: SupabaseAccess, tmp_path: Path) -> dict[str, str]:
    """What Terraform would set, and nothing else: a cleanup knows no SQL Server."""
    (tmp_path / "plantpulse.yaml").write_text(
        "plants: {north: {time_zone: America/Chicago}, south: {time_zone: UTC}}\n", encoding="utf-8"
    )
    return {
        "PATH": os.environ["PATH"],
        "PLANTPULSE_CONFIG": str(tmp_path / "plantpulse.yaml"),
        "SUPABASE_URL": supabase.url,
        "SUPABASE_SECRET_KEY": supabase.secret_key,
        "SNAPSHOT_RETENTION_HOURS": "2",
    }


def test_a_scheduled_request_cleans_up_and_a_second_one_changes_nothing(
    framework: httpx.Client, store: psycopg.Connection[DictRow]
) -> None:
    headers = {"X-CloudScheduler-ScheduleTime": latest_slot(), "Content-Type": "application/octet-stream"}

    first = framework.post("/", headers=headers)
    second = framework.post("/", headers=headers)

    assert (first.status_code, first.json()["outcome"], first.json()["trigger"]) == (
        200,
        "succeeded",
        "schedule",
    )
    assert (first.json()["counts"]["live_snapshots_removed"], first.json()["finished"]) == (2, True)
    assert (second.status_code, second.json()["outcome"]) == (200, "duplicate")
    assert len(store.execute(SNAPSHOTS).fetchall()) == 1


def test_a_manual_dry_run_changes_nothing(
    framework: httpx.Client, store: psycopg.Connection[DictRow]
) -> None:
    answer = framework.post("/", json={"dry_run": True})

    assert (answer.status_code, answer.json()["counts"]["live_snapshots_expired"]) == (200, 2)
    assert len(store.execute(SNAPSHOTS).fetchall()) == 3


def test_an_eventbridge_event_cleans_up_once(main: ModuleType, store: psycopg.Connection[DictRow]) -> None:
    event = {"scheduled_time": latest_slot()}

    first = main.handle_event(event, None)
    second = main.handle_event(event, None)

    assert (first["outcome"], first["trigger"], second["outcome"]) == ("succeeded", "schedule", "duplicate")
    assert len(store.execute(SNAPSHOTS).fetchall()) == 1


def function_url_event(**context: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": "/",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/"}, **context},
        "body": "",
        "isBase64Encoded": False,
    }


def test_a_function_url_request_is_a_manual_cleanup(
    main: ModuleType, store: psycopg.Connection[DictRow]
) -> None:
    ada = {"iam": {"userArn": "arn:aws:iam::123456789012:user/ada"}}

    response = main.handle_event(function_url_event(authorizer=ada), None)

    assert response["statusCode"] == 200
    report = json.loads(response["body"])
    assert (report["trigger"], report["requested_by"]) == (
        "manual",
        "arn:aws:iam::123456789012:user/ada (unverified)",
    )
    assert len(store.execute(SNAPSHOTS).fetchall()) == 1


def test_a_caller_whom_nobody_vouches_for_removes_nothing(
    main: ModuleType, store: psycopg.Connection[DictRow]
) -> None:
    response = main.handle_event(function_url_event(), None)

    assert response["statusCode"] == 401
    assert len(store.execute(SNAPSHOTS).fetchall()) == 3


def test_set_to_users_it_lets_nobody_in_because_it_knows_none(
    main: ModuleType, store: psycopg.Connection[DictRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MANUAL_CALLS", "supabase_user")
    forged = function_url_event()
    forged["headers"]["x-cloudscheduler-scheduletime"] = latest_slot()

    refused = main.handle_event(forged, None)
    scheduled = main.handle_event({"scheduled_time": latest_slot()}, None)

    assert (refused["statusCode"], json.loads(refused["body"])["error"]["code"]) == (
        500,
        "configuration_error",
    )
    assert scheduled["error"]["code"] == "configuration_error"
    assert len(store.execute(SNAPSHOTS).fetchall()) == 3


def test_the_function_needs_neither_the_driver_nor_a_sql_server() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(MAIN.parent)!r}); import main;"
        " print('pymssql' in sys.modules, 'plantpulse.live_pulse' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("False False\n", "")
