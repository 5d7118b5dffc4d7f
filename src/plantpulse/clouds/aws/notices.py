"""Notices to an SNS topic, from where they go on to e-mail, phones or a chat."""

from typing import Final

from plantpulse.clouds.aws.clients import AwsError, client, refusal
from plantpulse.errors import ConfigurationError

_LONGEST_SUBJECT: Final = 100
_LONGEST_TEXT_BYTES: Final = 256 * 1024


def publish(topic_arn: str, subject: str, text: str) -> str:
    """Send one notice; returns SNS's id of it.

    A subject is cut to what SNS takes, 100 characters of one line of ASCII; a text to 256 KiB.
    Raises: ConfigurationError, CloudUnavailable, CloudRefused.
    """
    parts = topic_arn.split(":")
    if len(parts) != 6 or parts[2] != "sns":
        raise ConfigurationError("must be a topic's ARN, arn:aws:sns:<region>:<account>:<name>")
    line = " ".join(subject.encode("ascii", "replace").decode().split())
    body = text.encode()[:_LONGEST_TEXT_BYTES].decode(errors="ignore")
    try:
        answer = client("sns", region=parts[3]).publish(
            TopicArn=topic_arn, Subject=line[:_LONGEST_SUBJECT].strip(), Message=body
        )
    except AwsError as error:
        raise refusal("SNS", error) from error
    return str(answer["MessageId"])
