"""A topic of AWS SNS, which forwards notices to phones, mailboxes and queues."""

from collections.abc import Sequence

from plantpulse.alerts.channels.channel import SecondsLeft, Step, failed, within_s
from plantpulse.alerts.notices import Delivery, Notice
from plantpulse.errors import (
    ChannelRefused,
    ChannelUnavailable,
    CloudUnavailable,
    ConfigurationError,
    PlantpulseError,
)
from plantpulse.settings import ChannelSettings


class Sns:
    """A channel that publishes to a topic; the function's own identity must be allowed to."""

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        self._name = name
        self._topic = settings.topic_arn or ""

    def send(self, notice: Notice, seconds_left: SecondsLeft, /) -> Delivery:
        """Publish one notice. Raises: ChannelUnavailable, ChannelRefused."""
        body = f"{notice.title}\n\n{notice.text}" + (f"\n\n{notice.link}" if notice.link else "")
        try:
            from plantpulse.clouds.aws import notices  # noqa: PLC0415 - boto3 for who needs it

            notices.publish(self._topic, notice.title, body, within_s=within_s(seconds_left))
        except PlantpulseError as error:
            raise self._translated(error) from error
        return Delivery()

    def probe(self, seconds_left: SecondsLeft, /) -> Sequence[Step]:
        """Return whether the topic is there and may be read, without publishing anything."""
        try:
            from plantpulse.clouds.aws import notices  # noqa: PLC0415 - as above

            found = notices.subscriptions_of(self._topic, within_s=within_s(seconds_left))
        except PlantpulseError as error:
            return [failed(self._translated(error))]
        confirmed = sum(one.is_confirmed for one in found)
        return [Step("login", "ok", f"the topic has {confirmed} confirmed subscriptions")]

    def _translated(self, error: PlantpulseError) -> ChannelUnavailable | ChannelRefused:
        words = f"channel {self._name}: {error}"
        if isinstance(error, CloudUnavailable):
            return ChannelUnavailable(words, stopped_at="send")
        advice = (
            ""
            if isinstance(error, ConfigurationError)
            else "; grant sns:Publish on the topic, and check topic_arn"
        )
        return ChannelRefused(f"{words}{advice}", stopped_at="send")
