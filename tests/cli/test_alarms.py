"""`plantpulse alarms test`: on moto's AWS, and on one that says what moto does not."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.cli.conftest import CommandLine
from tests.clouds.conftest import (
    REGION,
    ScriptedAws,
    environment_of,
    running_moto,
    running_script,
    sns_answer,
    sns_subscriptions,
)

ALARMS = f"arn:aws:sns:{REGION}:123456789012:plantpulse-alarms"


@pytest.fixture
def deployed(bare: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """An AWS account that the command line finds by its environment. Gives clients of it."""
    with running_moto() as address:
        bare.environ |= environment_of(address)
        for name, value in environment_of(address).items():
            monkeypatch.setenv(name, value)
        yield boto3.client


@pytest.fixture
def sns(bare: CommandLine) -> Iterator[ScriptedAws]:
    """An SNS that answers as a test wants it."""
    with running_script() as server:
        bare.environ |= environment_of(f"http://127.0.0.1:{server.server_port}")
        yield server


def test_a_notice_reaches_who_hears_the_alarms(bare: CommandLine, deployed: Callable[[str], Any]) -> None:
    topic = deployed("sns").create_topic(Name="plantpulse-alarms")["TopicArn"]
    sqs = deployed("sqs")
    inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    deployed("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    sent = bare("alarms", "test", "--json")

    (message,) = sqs.receive_message(QueueUrl=inbox)["Messages"]
    notice = json.loads(message["Body"])
    assert (sent.exit_code, sent.json["topic"], sent.json["message_id"]) == (0, topic, notice["MessageId"])
    assert sent.json["subscriptions"] == [{"protocol": "sqs", "endpoint": arn, "is_confirmed": True}]
    assert "a test of the alarms" in notice["Subject"]
    assert "Nothing is wrong" in notice["Message"]


def test_a_mail_that_nobody_confirmed_is_told_and_ends_with_1(bare: CommandLine, sns: ScriptedAws) -> None:
    sns.answers = [
        (200, sns_subscriptions(("email", "ada@example.com", "PendingConfirmation"))),
        (200, sns_answer("Publish", "<MessageId>7</MessageId>")),
    ]

    told = bare("alarms", "test", "--topic", ALARMS)

    assert told.exit_code == 1
    assert "ada@example.com  email  not yet" in told.out
    assert "nobody receives it" in told.out
    assert b"Action=Publish" in sns.bodies[1]


def test_a_deployment_without_a_topic_of_its_own_is_told_to_name_one(
    bare: CommandLine, deployed: Callable[[str], Any]
) -> None:
    told = bare("alarms", "test", "--deployment", "other")

    assert told.exit_code == 1
    assert "there is no topic other-alarms; pass the ARN in alarms.topic as --topic" in told.err


def test_what_is_no_topic_is_a_wrong_setting(bare: CommandLine, deployed: Callable[[str], Any]) -> None:
    told = bare("alarms", "test", "--topic", "alarms")

    assert (told.exit_code, told.out) == (3, "")
    assert "must be a topic's ARN" in told.err
