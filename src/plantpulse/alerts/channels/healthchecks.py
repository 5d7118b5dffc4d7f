"""The dead man's switch: it expects a call every minute, and tells people when none comes.

It speaks the protocol of healthchecks: a call to the address means success, to `/fail` below it failure. The
service answers `OK` alone when it has counted the call; a page of a proxy or a limit has another body.
Source: https://healthchecks.io/docs/http_api/
"""

from collections.abc import Sequence

from plantpulse.alerts.channels.channel import SecondsLeft, Step, within_s
from plantpulse.alerts.channels.http import Endpoint
from plantpulse.alerts.notices import Delivery, Notice
from plantpulse.errors import ChannelRefused
from plantpulse.settings import ChannelSettings
from plantpulse.settings.secret_variables import channel_secret_variable

COUNTED = b"OK"


class Healthchecks:
    """A switch that is called; it is told of no alert."""

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        self._name, self._settings = name, settings
        self._url = settings.secret.reveal().rstrip("/") if settings.secret else ""

    def ping(self, seconds_left: SecondsLeft, /, *, is_well: bool) -> None:
        """Say that health could look and send, or that it could not.

        Raises: ChannelUnavailable; ChannelRefused, also where the answer is not `OK`.
        """
        endpoint = self._endpoint(self._url if is_well else f"{self._url}/fail")
        answer = endpoint.ask(b"", {"Content-Type": "text/plain"}, within_s(seconds_left))
        if answer.strip() != COUNTED:
            raise ChannelRefused(
                f"channel {self._name}: the dead man's switch did not answer OK: check "
                f"{channel_secret_variable(self._name)}",
                stopped_at="send",
            )

    def send(self, _notice: Notice, seconds_left: SecondsLeft, /) -> Delivery:
        """Call the switch, for a test: it has no messages. Raises: as `ping` does."""
        self.ping(seconds_left, is_well=True)
        return Delivery()

    def probe(self, seconds_left: SecondsLeft, /) -> Sequence[Step]:
        """Return the steps of a connection, without calling anything."""
        return self._endpoint(self._url).probe(within_s(seconds_left))

    def _endpoint(self, url: str) -> Endpoint:
        settings, variable = self._settings, channel_secret_variable(self._name)
        return Endpoint(self._name, url, variable, settings.ca_file, settings.allow_internal, (self._url,))
