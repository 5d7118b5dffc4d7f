"""Slack's incoming webhooks, and those of chats that understand the same (Mattermost, Rocket.Chat).

Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and the reference of
secondary attachments, the only form that has a colour.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from plantpulse.alerts.channels.channel import SecondsLeft, Step, cut, within_s
from plantpulse.alerts.channels.http import Endpoint
from plantpulse.alerts.notices import Delivery, Notice
from plantpulse.settings import ChannelSettings
from plantpulse.settings.secret_variables import channel_secret_variable

COLORS: Final[Mapping[str, str]] = {"good": "#2eb67d", "warning": "#e8912d", "danger": "#d7263d"}
_MOST_FIELDS: Final = 20
_LONGEST_TITLE, _LONGEST_TEXT, _LONGEST_FIELD = 300, 7000, 1000
_SHORT: Final = 40  # a value of this many characters fits beside another


class Slack:
    """A channel that posts to an incoming webhook."""

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        url = settings.secret.reveal() if settings.secret else ""
        self._endpoint = Endpoint(
            name, url, channel_secret_variable(name), settings.ca_file, settings.allow_internal, (url,)
        )

    def send(self, notice: Notice, seconds_left: SecondsLeft, /) -> Delivery:
        """Post one notice. Raises: ChannelUnavailable, ChannelRefused."""
        self._endpoint.post(json.dumps(message_of(notice)).encode(), {}, within_s(seconds_left))
        return Delivery()

    def probe(self, seconds_left: SecondsLeft, /) -> Sequence[Step]:
        """Return the steps of a connection, without posting anything."""
        return self._endpoint.probe(within_s(seconds_left))


def message_of(notice: Notice) -> dict[str, Any]:
    """Return what Slack shows of a notice: a bar in its colour, title, text, and fields from facts."""
    title = escaped(cut(notice.title, _LONGEST_TITLE))
    attachment: dict[str, Any] = {
        "fallback": title,  # what a locked phone shows
        "color": COLORS[notice.color],
        "title": title,
        "text": escaped(cut(notice.text, _LONGEST_TEXT)),
        "fields": [_field(name, value) for name, value in notice.facts[:_MOST_FIELDS]],
        "mrkdwn_in": [],  # an asset's name may hold * or _
        "ts": int(notice.at.timestamp()),
    }
    return {"attachments": [attachment | ({"title_link": notice.link} if notice.link else {})]}


def escaped(text: str) -> str:
    """Return a text that Slack shows as it is: no link, no call to everybody in the channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _field(name: str, value: str) -> dict[str, Any]:
    return {
        "title": escaped(cut(name, _LONGEST_FIELD)),
        "value": escaped(cut(value, _LONGEST_FIELD)),
        "short": len(value) <= _SHORT,
    }
