"""Dead letters of SQS, on moto's server and with the real boto3."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from plantpulse.clouds.aws.dead_letters import DeadLetters
from plantpulse.errors import CloudRefused, CloudUnavailable
from tests.clouds.conftest import ScriptedAws

SLOT = {"scheduled_time": "2026-03-11T17:00:00Z", "plant": "north"}


@pytest.fixture
def queues(aws: Callable[[str], Any]) -> dict[str, str]:
    """The queues that Terraform would make, those of other deployments, and another queue; URLs by name."""
    sqs = aws("sqs")
    names = {
        "plantpulse-live-pulse-dead-letters": "plantpulse",
        "plantpulse-health-dead-letters": "plantpulse",
        "plantpulse-other": "plantpulse",
        "plantpulse-2-health-dead-letters": "plantpulse-2",
        "elsewhere-live-pulse-dead-letters": "elsewhere",
    }
    return {
        name: sqs.create_queue(QueueName=name, tags={"app": deployment})["QueueUrl"]
        for name, deployment in names.items()
    }


def send(aws: Callable[[str], Any], url: str, event: object, **attributes: str) -> None:
    aws("sqs").send_message(
        QueueUrl=url,
        MessageBody=json.dumps(event),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )


def count(aws: Callable[[str], Any], url: str) -> int:
    told = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(told["Attributes"]["ApproximateNumberOfMessages"])


def test_letters_are_listed_with_their_reasons_and_stay(
    queues: dict[str, str], aws: Callable[[str], Any], functions: ScriptedAws
) -> None:
    send(aws, queues["plantpulse-live-pulse-dead-letters"], SLOT, ErrorMessage="source_unavailable")
    send(aws, queues["plantpulse-health-dead-letters"], {}, ERROR_MESSAGE="Rate Exceeded.")
    send(aws, queues["plantpulse-other"], {"not": "ours"})
    send(aws, queues["elsewhere-live-pulse-dead-letters"], {"not": "ours"})
    send(aws, queues["plantpulse-2-health-dead-letters"], {"not": "ours"})
    letters = DeadLetters(region=None, deployment="plantpulse")

    first, second = letters.all(), letters.all()

    assert [(letter.function, letter.reason, json.loads(letter.event)) for letter in first] == [
        ("live_pulse", "source_unavailable", SLOT),
        ("health", "Rate Exceeded.", {}),
    ]
    assert sorted(second, key=lambda letter: letter.sent_at) == first
    assert count(aws, queues["plantpulse-live-pulse-dead-letters"]) == 1
    assert functions.asked == []


def test_a_letter_that_is_sent_again_is_the_same_event_and_is_gone(
    queues: dict[str, str], aws: Callable[[str], Any], functions: ScriptedAws
) -> None:
    for _ in range(12):
        send(aws, queues["plantpulse-live-pulse-dead-letters"], SLOT)
    letters = DeadLetters(region=None, deployment="plantpulse")

    sent = letters.redrive()

    assert sent == 12
    assert functions.asked == ["/2015-03-31/functions/plantpulse-live-pulse/invocations"] * 12
    assert [json.loads(body) for body in functions.bodies] == [SLOT] * 12
    assert (letters.all(), letters.redrive()) == ([], 0)


def test_only_the_function_asked_for_gets_its_letters(
    queues: dict[str, str], aws: Callable[[str], Any], functions: ScriptedAws
) -> None:
    send(aws, queues["plantpulse-live-pulse-dead-letters"], SLOT)
    send(aws, queues["plantpulse-health-dead-letters"], {})
    letters = DeadLetters(region=None, deployment="plantpulse")

    assert letters.redrive("health") == 1

    assert functions.asked == ["/2015-03-31/functions/plantpulse-health/invocations"]
    assert [letter.function for letter in letters.all()] == ["live_pulse"]


def test_no_more_letters_are_sent_than_were_asked_for(
    queues: dict[str, str], aws: Callable[[str], Any], functions: ScriptedAws
) -> None:
    for _ in range(5):
        send(aws, queues["plantpulse-live-pulse-dead-letters"], SLOT)

    assert DeadLetters(region=None, deployment="plantpulse").redrive(limit=3) == 3
    assert len(functions.asked) == 3
    assert count(aws, queues["plantpulse-live-pulse-dead-letters"]) == 2


def test_a_letter_that_lambda_did_not_take_is_kept(
    queues: dict[str, str], aws: Callable[[str], Any], functions: ScriptedAws
) -> None:
    send(aws, queues["plantpulse-live-pulse-dead-letters"], SLOT)
    functions.answers = [(403, {"__type": "AccessDeniedException", "Message": "no"})]

    with pytest.raises(CloudRefused, match="the identity may not do this"):
        DeadLetters(region=None, deployment="plantpulse").redrive()

    told = aws("sqs").get_queue_attributes(
        QueueUrl=queues["plantpulse-live-pulse-dead-letters"],
        AttributeNames=["ApproximateNumberOfMessagesNotVisible"],
    )
    assert told["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_queues_that_cannot_be_reached_are_told(
    aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    with pytest.raises(CloudUnavailable, match="SQS: AWS did not answer"):
        DeadLetters(region=None, deployment="plantpulse").all()
