"""Schedules of EventBridge, on moto's server and with the real boto3."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from plantpulse.clouds.aws import schedules as schedules_module
from plantpulse.clouds.aws.schedules import AwsSchedules, next_run
from plantpulse.clouds.schedules import Schedule
from plantpulse.entry import invocations
from plantpulse.errors import CloudRefused, CloudUnavailable
from tests.clouds.conftest import ScriptedAws

NOW = datetime(2026, 3, 11, 17, 1, tzinfo=UTC)
LIVE_PULSE = "arn:aws:lambda:eu-central-1:123456789012:function:plantpulse-live-pulse"


@pytest.fixture
def schedules(aws: Callable[[str], Any]) -> AwsSchedules:
    """The schedules that Terraform would make, and one of another deployment."""
    scheduler = aws("scheduler")
    for group in ("plantpulse", "other"):
        scheduler.create_schedule_group(Name=group)
    add(scheduler, "live_pulse-north", "cron(0,15,30,45 * * * ? *)", "Etc/UTC", plant="north")
    add(scheduler, "morning_report-north", "cron(0 6 * * ? *)", "America/Chicago", plant="north")
    add(scheduler, "health", "cron(* * * * ? *)", "Etc/UTC")
    add(scheduler, "live_pulse-elsewhere", "cron(0 * * * ? *)", "Etc/UTC", group="other")
    return AwsSchedules(region=None, deployment="plantpulse", clock=lambda: NOW)


def add(
    scheduler: Any, name: str, cron: str, zone: str, plant: str | None = None, group: str = "plantpulse"
) -> None:
    event = {"scheduled_time": "<aws.scheduler.scheduled-time>"} | ({"plant": plant} if plant else {})
    scheduler.create_schedule(
        Name=name,
        GroupName=group,
        Description=f"what {name} is for",
        ScheduleExpression=cron,
        ScheduleExpressionTimezone=zone,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": LIVE_PULSE,
            "RoleArn": "arn:aws:iam::123456789012:role/scheduler",
            "Input": json.dumps(event),
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 600},
            "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-central-1:123456789012:letters"},
        },
    )


def test_the_deployments_own_schedules_are_told_with_their_next_times(schedules: AwsSchedules) -> None:
    assert schedules.all() == [
        Schedule("health", "cron(* * * * ? *)", "Etc/UTC", True, datetime(2026, 3, 11, 17, 2, tzinfo=UTC)),
        Schedule(
            "live_pulse-north", "cron(0,15,30,45 * * * ? *)", "Etc/UTC", True,
            datetime(2026, 3, 11, 17, 15, tzinfo=UTC),
        ),
        Schedule(
            "morning_report-north", "cron(0 6 * * ? *)", "America/Chicago", True,
            datetime(2026, 3, 12, 11, 0, tzinfo=UTC),
        ),
    ]  # fmt: skip


def test_a_schedule_that_is_stopped_keeps_all_the_rest(
    schedules: AwsSchedules, aws: Callable[[str], Any]
) -> None:
    def described() -> dict[str, Any]:
        found = aws("scheduler").get_schedule(Name="live_pulse-north", GroupName="plantpulse")
        return {
            key: value
            for key, value in found.items()
            if key not in {"ResponseMetadata", "LastModificationDate"}
        }

    before = described()
    schedules.stop("live_pulse-north")
    stopped = described()
    schedules.start("live_pulse-north")

    assert stopped == before | {"State": "DISABLED"}
    assert described() == before


def test_a_schedule_that_is_stopped_has_no_next_time_and_harms_no_other(schedules: AwsSchedules) -> None:
    schedules.stop("live_pulse-north")

    assert {s.name: (s.is_running, s.next_run_at is None) for s in schedules.all()} == {
        "health": (True, False),
        "live_pulse-north": (False, True),
        "morning_report-north": (True, False),
    }


def test_running_now_calls_the_function_as_the_schedule_would_but_for_no_slot(
    schedules: AwsSchedules, functions: ScriptedAws
) -> None:
    schedules = AwsSchedules(region=None, deployment="plantpulse")

    schedules.run_now("live_pulse-north")
    schedules.run_now("health")

    called = f"/2015-03-31/functions/{quote(LIVE_PULSE, safe='')}/invocations"
    assert functions.asked == [called, called]
    assert [json.loads(body) for body in functions.bodies] == [{"plant": "north"}, {}]


def test_the_slots_time_is_the_field_that_the_functions_read() -> None:
    assert schedules_module._SLOT == invocations.SCHEDULED_TIME_FIELD


def test_a_schedule_that_there_is_not_is_refused(schedules: AwsSchedules) -> None:
    for change in (schedules.stop, schedules.start, schedules.run_now):
        with pytest.raises(
            CloudRefused, match=r"EventBridge Scheduler: there is none with that name \(Resource"
        ):
            change("live_pulse-south")


def test_a_deployment_that_there_is_not_is_refused_or_has_nothing(aws: Callable[[str], Any]) -> None:
    assert AwsSchedules(region=None, deployment="nowhere").all() == []


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AccessDeniedException", CloudRefused),
        (500, "InternalServerException", CloudUnavailable),
        (429, "ThrottlingException", CloudUnavailable),
    ],
)
def test_errors_say_whether_to_try_again(
    scripted_aws: ScriptedAws, status: int, code: str, error: type[Exception]
) -> None:
    scripted_aws.answers = [(status, {"__type": code, "Message": "no"})]

    with pytest.raises(error, match=f"EventBridge Scheduler: .*{code}"):
        AwsSchedules(region=None, deployment="plantpulse").all()


def test_without_a_region_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    with pytest.raises(CloudRefused, match="there is no region: set AWS_REGION"):
        AwsSchedules(region=None, deployment="plantpulse")


@pytest.mark.parametrize(
    ("expression", "zone", "now", "due"),
    [
        ("cron(0,15,30,45 * * * ? *)", "Etc/UTC", "2026-03-11T23:59:00+00:00", "2026-03-12T00:00:00+00:00"),
        ("cron(0 6 * * ? *)", "Europe/Berlin", "2026-03-28T12:00:00+00:00", "2026-03-29T04:00:00+00:00"),
        ("cron(0 6 * * ? *)", "Europe/Berlin", "2026-03-29T04:00:00+00:00", "2026-03-30T04:00:00+00:00"),
        ("cron(0 6 * * ? *)", "Europe/Berlin", "2026-10-24T12:00:00+00:00", "2026-10-25T05:00:00+00:00"),
        ("cron(45 0,3,6,9,12 * * ? *)", "Etc/UTC", "2026-03-11T00:45:00+00:00", "2026-03-11T03:45:00+00:00"),
        ("cron(0 6 ? * MON *)", "America/New_York", "2026-03-02T11:00:00+00:00", "2026-03-09T10:00:00+00:00"),
        ("cron(45 5 1 * ? *)", "Europe/Berlin", "2026-03-11T00:45:00+00:00", "2026-04-01T03:45:00+00:00"),
        ("rate(5 minutes)", "Etc/UTC", "2026-03-11T00:45:00+00:00", None),
        ("cron(0 6 * * ? 2030)", "Etc/UTC", "2026-03-11T00:45:00+00:00", None),
        ("cron(0 66 * * ? *)", "Etc/UTC", "2026-03-11T00:45:00+00:00", None),
    ],
)  # fmt: skip
def test_the_next_time_is_read_off_the_cron_line(
    expression: str, zone: str, now: str, due: str | None
) -> None:
    found = next_run(expression, zone, datetime.fromisoformat(now))

    assert (found.isoformat() if found else None) == due
