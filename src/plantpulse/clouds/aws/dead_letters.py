"""Dead letters: events that neither the scheduler nor Lambda could deliver, in one SQS queue per function.

A letter's body is the original event. It is sent to its function again and then deleted. The run protocol
makes this harmless to repeat.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from plantpulse.clouds.aws.clients import AwsError, client, refusal

TAG: Final = "app"  # Terraform's tag on all resources, with the deployment's name
_SUFFIX: Final = "-dead-letters"
_AT_ONCE: Final = 10  # SQS returns no more in one answer
_HIDDEN_S: Final = 60  # how long a letter is hidden from other readers, unless it is put back


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One undelivered event: its function, its time, AWS's reason if known, and the event."""

    function: str
    sent_at: datetime
    reason: str | None
    event: str


@dataclass(frozen=True, slots=True)
class _Queue:
    url: str
    function: str


class DeadLetters:
    """The dead-letter queues of one deployment, `<deployment>-<function>-dead-letters`, tagged with it.

    The name alone is not enough: `plantpulse-2-health-dead-letters` may belong to another deployment.
    """

    def __init__(self, *, region: str | None, deployment: str) -> None:
        """Prepare the clients without a connection. Raises: CloudRefused."""
        self._deployment = deployment
        try:
            self._queues = client("sqs", region=region)
            self._functions = client("lambda", region=region)
        except AwsError as error:
            raise refusal("SQS", error) from error

    def all(self, limit: int = 100) -> list[DeadLetter]:
        """Return up to `limit` letters of each function, oldest first; they stay in the queue.

        Raises: CloudUnavailable, CloudRefused.
        """
        letters: list[DeadLetter] = []
        try:
            for queue in self._all_queues():
                messages = list(self._taken(queue, limit))
                self._put_back(queue, messages)
                letters += [_letter(queue, message) for message in messages]
        except AwsError as error:
            raise refusal("SQS", error) from error
        return sorted(letters, key=lambda letter: letter.sent_at)

    def redrive(self, function: str | None = None, limit: int = 100) -> int:
        """Send up to `limit` letters of one function, or of each, again; return how many were sent.

        A letter is deleted after Lambda has accepted it. Raises: CloudUnavailable, CloudRefused; unsent
        letters then reappear by themselves.
        """
        count = 0
        try:
            for queue in self._all_queues():
                if function in {None, queue.function}:
                    for message in self._taken(queue, limit):
                        self._send_again(queue, message)
                        count += 1
        except AwsError as error:
            raise refusal("AWS", error) from error
        return count

    def _all_queues(self) -> list[_Queue]:
        prefix = f"{self._deployment}-"
        pages = self._queues.get_paginator("list_queues").paginate(QueueNamePrefix=prefix)
        urls = [url for page in pages for url in page.get("QueueUrls", [])]
        names = {url: url.rpartition("/")[2] for url in urls}
        return [
            _Queue(url, name.removeprefix(prefix).removesuffix(_SUFFIX).replace("-", "_"))
            for url, name in sorted(names.items())
            if name.endswith(_SUFFIX) and self._is_own(url)
        ]

    def _is_own(self, url: str) -> bool:
        tags = self._queues.list_queue_tags(QueueUrl=url).get("Tags", {})
        return bool(tags.get(TAG) == self._deployment)

    def _taken(self, queue: _Queue, limit: int) -> Iterator[dict[str, Any]]:
        """Yield up to `limit` messages, each hidden from others for a while."""
        taken = 0
        while taken < limit:
            answer = self._queues.receive_message(
                QueueUrl=queue.url,
                MaxNumberOfMessages=min(_AT_ONCE, limit - taken),
                VisibilityTimeout=_HIDDEN_S,
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
            messages = answer.get("Messages", [])
            if not messages:
                return
            taken += len(messages)
            yield from messages

    def _put_back(self, queue: _Queue, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            self._queues.change_message_visibility(
                QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )

    def _send_again(self, queue: _Queue, message: dict[str, Any]) -> None:
        self._functions.invoke(
            FunctionName=f"{self._deployment}-{queue.function.replace('_', '-')}",
            InvocationType="Event",
            Payload=message["Body"].encode(),
        )
        self._queues.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])


def _letter(queue: _Queue, message: dict[str, Any]) -> DeadLetter:
    sent_ms = int(message["Attributes"]["SentTimestamp"])
    noted = message.get("MessageAttributes", {})
    # Lambda writes ErrorMessage, EventBridge Scheduler ERROR_MESSAGE.
    reasons = [noted[name].get("StringValue") for name in ("ErrorMessage", "ERROR_MESSAGE") if name in noted]
    return DeadLetter(
        function=queue.function,
        sent_at=datetime.fromtimestamp(sent_ms / 1000, tz=UTC),
        reason=next(iter(reasons), None),
        event=message["Body"],
    )
