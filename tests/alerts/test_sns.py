"""Notices to an SNS topic on moto's AWS, and to one that says what moto does not."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.channels.channel import Channel
from plantpulse.errors import ChannelRefused, ChannelUnavailable
from plantpulse.settings import ChannelSettings
from tests.alerts.conftest import LONG, notice
from tests.clouds.conftest import REGION, ScriptedAws, aws, moto_server, scripted_aws

__all__ = ["aws", "moto_server", "scripted_aws"]  # fixtures

TOPIC = f"arn:aws:sns:{REGION}:123456789012:alarms"


def channel() -> Channel:
    return open_channel("topic", ChannelSettings(kind="sns", topic_arn=TOPIC))


def test_a_notice_reaches_who_has_subscribed(aws: Callable[[str], Any]) -> None:
    sqs, sns = aws("sqs"), aws("sns")
    sns.create_topic(Name="alarms")
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)

    channel().send(notice(title="Presse 3 fällt aus", link="https://pulse.example/"), LONG)

    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    told = json.loads(message["Body"])
    assert told["Subject"] == "Presse 3 f?llt aus"
    assert told["Message"] == (
        "Presse 3 fällt aus\n\nTwo polls are missing.\nLook at the SQL Server.\n\nhttps://pulse.example/"
    )
    (step,) = channel().probe(LONG)
    assert (step.name, step.state) == ("login", "ok")


def test_a_topic_that_there_is_not_is_refused_with_what_to_do(aws: Callable[[str], Any]) -> None:
    assert aws("sns")

    with pytest.raises(ChannelRefused, match=r"^channel topic: SNS: .*check topic_arn$"):
        channel().send(notice(), LONG)

    (step,) = channel().probe(LONG)
    assert step.state == "failed"


def test_a_busy_topic_is_tried_again_later_and_not_twice_at_once(scripted_aws: ScriptedAws) -> None:
    scripted_aws.answers = [(503, "")]

    with pytest.raises(ChannelUnavailable, match=r"^channel topic: SNS: AWS refused"):
        channel().send(notice(), LONG)

    assert len(scripted_aws.asked) == 1
