"""Notices to an SNS topic, which forwards them to e-mail, phones or a chat."""

from dataclasses import dataclass
from typing import Final

from plantpulse.clouds.aws.clients import AwsError, client, refusal
from plantpulse.errors import CloudRefused, ConfigurationError

_LONGEST_SUBJECT: Final = 100
_LONGEST_TEXT_BYTES: Final = 256 * 1024
_SUFFIX: Final = "-alarms"
_PENDING: Final = "PendingConfirmation"  # instead of a subscription's ARN


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who receives a topic's notices, and whether they have confirmed."""

    protocol: str
    endpoint: str
    is_confirmed: bool


def find_topic(*, region: str | None, deployment: str) -> str:
    """Return the ARN of the topic of a deployment's alarms, `<deployment>-alarms`.

    Raises: CloudUnavailable, CloudRefused (also without such a topic: alarms may have their own).
    """
    try:
        pages = client("sns", region=region).get_paginator("list_topics").paginate()
        arns = [str(topic["TopicArn"]) for page in pages for topic in page["Topics"]]
    except AwsError as error:
        raise refusal("SNS", error) from error
    for arn in arns:
        if arn.rpartition(":")[2] == deployment + _SUFFIX:
            return arn
    raise CloudRefused(
        f"SNS: there is no topic {deployment}{_SUFFIX}; pass the ARN in alarms.topic as --topic"
    )


def subscriptions_of(topic_arn: str, *, within_s: float | None = None) -> list[Subscription]:
    """Return the subscribers of a topic. Raises: ConfigurationError, CloudUnavailable, CloudRefused."""
    sns = client("sns", region=_region(topic_arn), within_s=within_s)
    try:
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
        found = [one for page in pages for one in page["Subscriptions"]]
    except AwsError as error:
        raise refusal("SNS", error) from error
    return [
        Subscription(one["Protocol"], one["Endpoint"], one["SubscriptionArn"] != _PENDING) for one in found
    ]


def publish(topic_arn: str, subject: str, text: str, *, within_s: float | None = None) -> str:
    """Send one notice, and return SNS's id of it.

    SNS limits the subject to 100 ASCII characters on one line, and the text to 256 KiB; longer ones are cut.
    Raises: ConfigurationError, CloudUnavailable, CloudRefused.
    """
    sns = client("sns", region=_region(topic_arn), within_s=within_s)
    line = " ".join(subject.encode("ascii", "replace").decode().split())
    body = text.encode()[:_LONGEST_TEXT_BYTES].decode(errors="ignore")
    try:
        answer = sns.publish(TopicArn=topic_arn, Subject=line[:_LONGEST_SUBJECT].strip(), Message=body)
    except AwsError as error:
        raise refusal("SNS", error) from error
    return str(answer["MessageId"])


def _region(topic_arn: str) -> str:
    parts = topic_arn.split(":")
    if len(parts) != 6 or parts[2] != "sns":
        raise ConfigurationError("must be a topic's ARN, arn:aws:sns:<region>:<account>:<name>")
    return parts[3]
