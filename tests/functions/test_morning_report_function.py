"""The Morning Report as it is deployed: `main.py` under functions-framework, and as Lambda calls it."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import httpx
import pytest

from plantpulse.schedules.schedules import DailyAt
from tests.functions.mornings import Mornings, Week, week, world

__all__ = ["week", "world"]

MAIN = Path(__file__).parents[2] / "functions" / "morning_report" / "main.py"
CHICAGO = ZoneInfo("America/Chicago")


def latest_morning() -> datetime:
    """Return the slot that a scheduler would have sent last, by the real clock."""
    return DailyAt.local_time("06:00", "America/Chicago").slot_at_or_before(datetime.now(UTC))


def day_before(morning: datetime) -> str:
    return f"{morning.astimezone(CHICAGO) - timedelta(days=1):%Y-%m-%d}"


@pytest.fixture
def environment(world: Mornings, week: Week, tmp_path: Path) -> dict[str, str]:
    """What Terraform would set, and nothing else; PRESS-01 made 12 units yesterday."""
    week.output("PRESS-01", 12, f"{day_before(latest_morning())}T12:00:00")
    (tmp_path / "plantpulse.yaml").write_text(
        "plants: {north: {time_zone: America/Chicago}}\nmorning_report: {look_back_days: 0}\n",
        encoding="utf-8",
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


def test_a_scheduled_request_reports_and_a_second_one_changes_nothing(
    framework: httpx.Client, world: Mornings
) -> None:
    morning = latest_morning()
    headers = {"X-CloudScheduler-ScheduleTime": morning.isoformat()}

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
    assert world.summary(day=day_before(morning))["actual"] == 12


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", b"", 405),
        ("POST", "/anything", b"", 404),
        ("POST", "/", b"{", 400),
        ("POST", "/", b'{"date": "tomorrow"}', 400),
        ("POST", "/", b'{"date": "2999-01-01"}', 400),
        ("POST", "/", b"x" * 70_000, 413),
    ],
)
def test_a_malformed_request_is_refused_and_does_nothing(
    framework: httpx.Client, world: Mornings, method: str, path: str, body: bytes, status: int
) -> None:
    answer = framework.request(method, path, content=body)

    assert answer.status_code == status
    assert answer.json()["error"]["code"] == "invalid_request"
    assert world.summaries() == []


def test_a_schedule_event_reports_and_a_second_one_changes_nothing(main: ModuleType, world: Mornings) -> None:
    event = {"plant": "north", "scheduled_time": latest_morning().isoformat()}

    first, second = main.handle_event(event, None), main.handle_event(event, None)

    assert (first["outcome"], first["trigger"], second["outcome"]) == ("succeeded", "schedule", "duplicate")
    assert len(world.summaries()) == 2


def test_a_function_url_reports_a_day_for_whom_aws_has_let_in_and_for_nobody_else(
    main: ModuleType, world: Mornings
) -> None:
    day, caller = day_before(latest_morning()), "arn:aws:iam::123456789012:user/planner"
    event = {
        "requestContext": {"http": {"method": "POST"}},
        "rawPath": "/",
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"date": day}),
    }
    known = {"http": {"method": "POST"}, "authorizer": {"iam": {"userArn": caller}}}

    unknown_answer = main.handle_event(event, None)
    before = world.summaries()
    answer = main.handle_event(event | {"requestContext": known}, None)

    assert (unknown_answer["statusCode"], before) == (401, [])
    assert answer["statusCode"] == 200
    report = json.loads(answer["body"])
    assert report["trigger"] == "manual"
    assert caller in report["requested_by"]
    assert world.days() == [day]
