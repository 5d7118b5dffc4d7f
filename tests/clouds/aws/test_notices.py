"""Notices to an SNS topic, read from a queue that has subscribed to it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from plantpulse.clouds.aws.notices import Subscription, find_topic, publish, subscriptions_of
from plantpulse.errors import CloudRefused, ConfigurationError
from tests.clouds.conftest import ScriptedAws, sns_subscriptions

ALARMS = "arn:aws:sns:eu-central-1:123456789012:plantpulse-alarms"


@pytest.fixture
def topic(aws: Callable[[str], Any]) -> str:
    return str(aws("sns").create_topic(Name="alarms")["TopicArn"])


@pytest.fixture
def inbox(aws: Callable[[str], Any], topic: str) -> Callable[[], list[dict[str, Any]]]:
    """What a subscriber has got."""
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def read() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    return read


def test_a_notice_reaches_who_has_subscribed(topic: str, inbox: Callable[[], list[dict[str, Any]]]) -> None:
    message_id = publish(topic, "Pressluft fällt\naus: north", "two lines\nof text: ä")

    assert [(notice["MessageId"], notice["Subject"], notice["Message"]) for notice in inbox()] == [
        (message_id, "Pressluft f?llt aus: north", "two lines\nof text: ä")
    ]


def test_what_is_too_long_is_cut_and_not_refused(
    topic: str, inbox: Callable[[], list[dict[str, Any]]]
) -> None:
    publish(topic, "s" * 200, "ä" * 200_000)

    (notice,) = inbox()
    assert notice["Subject"] == "s" * 100
    assert notice["Message"] == "ä" * 131_072


def test_a_topic_that_there_is_not_is_refused(topic: str) -> None:
    with pytest.raises(CloudRefused, match=r"^SNS: "):
        publish(topic + "-nowhere", "subject", "text")


@pytest.mark.parametrize("arn", ["alarms", "arn:aws:sqs:eu-central-1:123456789012:alarms", ""])
def test_what_is_no_topic_is_refused(arn: str) -> None:
    with pytest.raises(ConfigurationError, match="must be a topic's ARN"):
        publish(arn, "subject", "text")


def test_the_topic_of_a_deployments_alarms_is_found_by_its_name(aws: Callable[[str], Any]) -> None:
    for name in ("plantpulse-2-alarms", "plantpulse-alarms-old", "plantpulse-alarms"):
        aws("sns").create_topic(Name=name)

    assert find_topic(region=None, deployment="plantpulse").endswith(":plantpulse-alarms")
    with pytest.raises(CloudRefused, match="there is no topic other-alarms; pass the ARN"):
        find_topic(region=None, deployment="other")


def test_who_has_not_confirmed_is_told_apart(scripted_aws: ScriptedAws) -> None:
    told = sns_subscriptions(
        ("email", "ada@example.com", "PendingConfirmation"), ("sqs", "inbox", f"{ALARMS}:1")
    )
    scripted_aws.answers = [(200, told)]

    assert subscriptions_of(ALARMS) == [
        Subscription("email", "ada@example.com", is_confirmed=False),
        Subscription("sqs", "inbox", is_confirmed=True),
    ]
