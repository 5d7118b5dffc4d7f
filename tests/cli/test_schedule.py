"""`plantpulse schedule` and `plantpulse dead-letters`, on moto's AWS."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.cli.conftest import CommandLine
from tests.clouds.conftest import REGION, ScriptedAws, environment_of, running_moto, running_script

ON_AWS = ("--cloud", "aws", "--region", REGION)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with running_moto() as address:
        yield address


@pytest.fixture
def functions() -> Iterator[ScriptedAws]:
    """Lambda: takes every event and notes it."""
    with running_script() as server:
        server.answers = [(202, {})]
        yield server


@pytest.fixture
def deployed(
    moto: str, functions: ScriptedAws, bare: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Any]:
    """A deployment with two plants; the command line finds it by its environment. Gives clients of it."""
    surroundings = environment_of(moto)
    bare.environ |= surroundings | {"AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{functions.server_port}"}
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    return _with_schedules(boto3.client)


def _with_schedules(client: Callable[[str], Any]) -> Callable[[str], Any]:
    scheduler = client("scheduler")
    for found in scheduler.list_schedules()["Schedules"]:
        scheduler.delete_schedule(Name=found["Name"], GroupName=found["GroupName"])
    if "plantpulse" not in [group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"]]:
        scheduler.create_schedule_group(Name="plantpulse")
    for name in ("live_pulse-north", "live_pulse-north-2", "live_pulse-south", "health"):
        plant = name.split("-")[1:2]
        scheduler.create_schedule(
            Name=name,
            GroupName="plantpulse",
            ScheduleExpression="cron(0 * * * ? *)",
            ScheduleExpressionTimezone="Etc/UTC",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={
                "Arn": f"arn:aws:lambda:{REGION}:123456789012:function:plantpulse-live-pulse",
                "RoleArn": "arn:aws:iam::123456789012:role/scheduler",
                "Input": json.dumps({"plant": plant[0]} if plant else {}),
            },
        )
    return client


def states(client: Callable[[str], Any]) -> dict[str, str]:
    return {found["Name"]: found["State"] for found in client("scheduler").list_schedules()["Schedules"]}


def test_status_shows_when_everything_is_due(bare: CommandLine, deployed: Callable[[str], Any]) -> None:
    told = bare("schedule", "status", *ON_AWS, "--json")

    assert told.exit_code == 0
    assert [(one["name"], one["pipeline"], one["plant"]) for one in told.json["schedules"]] == [
        ("health", "health", None),
        ("live_pulse-north", "live_pulse", "north"),
        ("live_pulse-north-2", "live_pulse", "north"),
        ("live_pulse-south", "live_pulse", "south"),
    ]
    assert all(one["next_run_at"].endswith(":00:00+00:00") for one in told.json["schedules"])


def test_status_is_a_table_for_people(bare: CommandLine, deployed: Callable[[str], Any]) -> None:
    bare("schedule", "stop", *ON_AWS, "--plant", "south")

    told = bare("schedule", "status", *ON_AWS, "--pipeline", "live_pulse")

    lines = [re.split(r"  +", line) for line in told.out.splitlines() if "live_pulse" in line]
    assert [(line[1], line[2]) for line in lines] == [
        ("north", "on schedule"),
        ("north", "on schedule"),
        ("south", "stopped"),
    ]


def test_stop_and_start_reach_the_plant_asked_for_and_no_other(
    bare: CommandLine, deployed: Callable[[str], Any]
) -> None:
    stopped = bare("schedule", "stop", *ON_AWS, "--plant", "north", "--json")
    between = states(deployed)
    started = bare("schedule", "start", *ON_AWS, "--json")

    assert stopped.json == {"stopped": ["live_pulse-north", "live_pulse-north-2"]}
    assert between == {
        "health": "ENABLED",
        "live_pulse-north": "DISABLED",
        "live_pulse-north-2": "DISABLED",
        "live_pulse-south": "ENABLED",
    }
    assert len(started.json["started"]) == 4
    assert set(states(deployed).values()) == {"ENABLED"}


def test_run_now_calls_each_plant_once(
    bare: CommandLine, deployed: Callable[[str], Any], functions: ScriptedAws
) -> None:
    told = bare("schedule", "run-now", *ON_AWS, "--pipeline", "live_pulse", "--json")

    assert told.json == {"called": ["live_pulse-north", "live_pulse-south"]}
    assert [json.loads(body) for body in functions.bodies] == [{"plant": "north"}, {"plant": "south"}]


def test_a_plant_without_schedules_is_refused_and_nothing_changes(
    bare: CommandLine, deployed: Callable[[str], Any]
) -> None:
    told = bare("schedule", "stop", *ON_AWS, "--plant", "west", "--json")

    assert (told.exit_code, told.json["error"]["code"]) == (2, "invalid_request")
    assert "there is no schedule of plant west; there are: north, south" in told.json["error"]["message"]
    assert set(states(deployed).values()) == {"ENABLED"}


@pytest.mark.parametrize(
    ("options", "field"),
    [((), "project"), (("--project", "factory"), "region"), (("--region", "r"), "project")],
)
def test_google_needs_a_project_and_a_region(bare: CommandLine, options: tuple[str, ...], field: str) -> None:
    told = bare("schedule", "status", "--cloud", "gcp", *options, "--json")

    assert (told.exit_code, told.json["error"]["field"]) == (2, field)


def test_google_without_credentials_says_how_to_log_in(bare: CommandLine) -> None:
    bare.environ["GOOGLE_APPLICATION_CREDENTIALS"] = "/nowhere.json"

    told = bare("schedule", "status", "--cloud", "gcp", "--project", "factory", "--region", "europe-west3")

    assert told.exit_code == 1
    assert "gcloud auth application-default login" in told.err


def test_a_cloud_that_does_not_answer_is_a_reason_to_try_again(bare: CommandLine) -> None:
    bare.environ |= environment_of("http://127.0.0.1:1")

    told = bare("schedule", "status", *ON_AWS, "--json")

    assert (told.exit_code, told.json["error"]["code"]) == (75, "cloud_unavailable")


def test_dead_letters_are_listed_and_sent_again(
    bare: CommandLine, deployed: Callable[[str], Any], functions: ScriptedAws
) -> None:
    sqs = deployed("sqs")
    name, tags = "plantpulse-live-pulse-dead-letters", {"app": "plantpulse"}
    url = sqs.create_queue(QueueName=name, tags=tags)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody='{"plant": "north"}')

    listed = bare("dead-letters", "list", "--region", REGION, "--json")
    table = bare("dead-letters", "list", "--region", REGION)
    sent = bare("dead-letters", "redrive", "--region", REGION, "--function", "live_pulse", "--json")
    after = bare("dead-letters", "list", "--region", REGION)

    assert [(one["function"], one["event"]) for one in listed.json["dead_letters"]] == [
        ("live_pulse", '{"plant": "north"}')
    ]
    assert '{"plant": "north"}' in table.out
    assert sent.json == {"redriven": 1}
    assert functions.bodies == [b'{"plant": "north"}']
    assert after.out == "no dead letters: every event was delivered\n"
