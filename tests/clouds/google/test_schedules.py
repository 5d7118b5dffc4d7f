"""Schedules of Cloud Scheduler: Google's own client against a server on loopback."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from plantpulse.clouds.google.schedules import GoogleSchedules
from plantpulse.clouds.schedules import Schedule
from plantpulse.errors import CloudRefused, CloudUnavailable
from tests.clouds.google.cloud_scheduler import CloudScheduler, cloud_scheduler


@pytest.fixture
def google() -> Iterator[CloudScheduler]:
    """The jobs that Terraform would make, and some of other deployments."""
    with cloud_scheduler() as running:
        running.add(
            "plantpulse-live_pulse-north", "0,15,30,45 * * * *", "Etc/UTC",
            scheduleTime="2026-03-11T17:15:00Z", lastAttemptTime="2026-03-11T17:00:00.123456789Z",
            status={"code": 14},
        )  # fmt: skip
        running.add(
            "plantpulse-health", "* * * * *", "Etc/UTC",
            scheduleTime="2026-03-11T17:02:00Z", lastAttemptTime="2026-03-11T17:01:00Z", status={},
        )  # fmt: skip
        running.add(
            "plantpulse-morning_report-north", "0 6 * * *", "America/Chicago",
            scheduleTime="2026-03-12T11:00:00Z", state="PAUSED",
        )  # fmt: skip
        running.add("elsewhere-live_pulse-north", "* * * * *", "Etc/UTC", deployment="elsewhere")
        running.add("plantpulse-2-live_pulse-north", "* * * * *", "Etc/UTC", deployment="plantpulse-2")
        yield running


def test_the_deployments_own_schedules_are_told_with_their_times(google: CloudScheduler) -> None:
    assert google.schedules().all() == [
        Schedule(
            "health", "* * * * *", "Etc/UTC", True,
            datetime(2026, 3, 11, 17, 2, tzinfo=UTC), datetime(2026, 3, 11, 17, 1, tzinfo=UTC), "OK",
        ),
        Schedule(
            "live_pulse-north", "0,15,30,45 * * * *", "Etc/UTC", True,
            datetime(2026, 3, 11, 17, 15, tzinfo=UTC), datetime(2026, 3, 11, 17, 0, 0, 123456, tzinfo=UTC),
            "UNAVAILABLE",
        ),
        Schedule("morning_report-north", "0 6 * * *", "America/Chicago", False, None, None, None),
    ]  # fmt: skip


def test_stopping_and_starting_touch_the_one_schedule_alone(google: CloudScheduler) -> None:
    def states() -> dict[str, str]:
        return {name: job["state"] for name, job in google.jobs.items()}

    before = states()
    google.schedules().stop("live_pulse-north")
    stopped = states()
    google.schedules().start("live_pulse-north")

    assert stopped == before | {"plantpulse-live_pulse-north": "PAUSED"}
    assert states() == before
    assert google.was_run == []


def test_running_now_is_asked_of_the_scheduler(google: CloudScheduler) -> None:
    google.schedules().run_now("morning_report-north")

    assert google.was_run == ["plantpulse-morning_report-north"]


@pytest.mark.parametrize(
    ("refusal", "error", "told"),
    [
        (
            (403, "PERMISSION_DENIED"),
            CloudRefused,
            r"refused \(Forbidden\): .*roles/cloudscheduler\.admin",
        ),
        ((401, "UNAUTHENTICATED"), CloudRefused, "gcloud auth application-default login"),
        ((404, "NOT_FOUND"), CloudRefused, "check the project, the region and the name of the deployment"),
        ((400, "INVALID_ARGUMENT"), CloudRefused, r"refused \(BadRequest\)$"),
        ((429, "RESOURCE_EXHAUSTED"), CloudUnavailable, "did not answer"),
        ((500, "INTERNAL"), CloudUnavailable, "did not answer"),
        ((503, "UNAVAILABLE"), CloudUnavailable, "did not answer"),
    ],
)
def test_errors_say_whether_to_try_again(
    google: CloudScheduler, refusal: tuple[int, str], error: type[Exception], told: str
) -> None:
    google.refusal = refusal

    with pytest.raises(error, match=told):
        google.schedules().all()
    with pytest.raises(error, match=told):
        google.schedules().stop("live_pulse-north")


def test_a_schedule_that_there_is_not_is_refused(google: CloudScheduler) -> None:
    with pytest.raises(CloudRefused, match="Cloud Scheduler refused"):
        google.schedules().start("live_pulse-south")


def test_a_scheduler_that_nobody_answers_for_is_told() -> None:
    with pytest.raises(CloudUnavailable, match="Cloud Scheduler did not answer"):
        CloudScheduler("http://127.0.0.1:1").schedules().all()


def test_without_credentials_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")

    with pytest.raises(CloudRefused, match="there are no credentials for Google Cloud"):
        GoogleSchedules(project="factory", region="europe-west3", deployment="plantpulse")


def test_where_the_client_is_not_installed_that_is_said() -> None:
    code = (
        "import sys; sys.modules['google.cloud.scheduler_v1'] = None\n"
        "from plantpulse.errors import ConfigurationError\n"
        "try: import plantpulse.clouds.google.schedules\n"
        "except ConfigurationError as error: print(error)"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout == "google-cloud-scheduler is not installed: `pip install 'plantpulse[gcp]'`\n"
