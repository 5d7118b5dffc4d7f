"""PagerDuty's Events API v2: an alert triggers an incident, and its end resolves it.

Source: https://developer.pagerduty.com/docs/events-api-v2-overview
"""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from plantpulse.alerts.channels.channel import SecondsLeft, Step, cut, within_s
from plantpulse.alerts.channels.http import Endpoint
from plantpulse.alerts.notices import Delivery, Notice
from plantpulse.settings import ChannelSettings
from plantpulse.settings.secret_variables import channel_secret_variable

_LONGEST_SUMMARY, _LONGEST_KEY, _LONGEST_TEXT, _MOST_FACTS = 1024, 255, 20_000, 100


class PagerDuty:
    """A channel that sends events to a service's integration."""

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        self._key = settings.secret.reveal() if settings.secret else ""
        self._endpoint = Endpoint(
            name,
            settings.target_url,
            f"url, and the routing key in {channel_secret_variable(name)}",
            settings.ca_file,
            settings.allow_internal,
            (self._key,),
        )

    def send(self, notice: Notice, seconds_left: SecondsLeft, /) -> Delivery:
        """Trigger or resolve an incident. Raises: ChannelUnavailable, ChannelRefused."""
        self._endpoint.post(json.dumps(event_of(notice, self._key)).encode(), {}, within_s(seconds_left))
        return Delivery()

    def probe(self, seconds_left: SecondsLeft, /) -> Sequence[Step]:
        """Return the steps of a connection, without sending an event."""
        return self._endpoint.probe(within_s(seconds_left))


def event_of(notice: Notice, routing_key: str) -> dict[str, Any]:
    """Return the event for a notice; all notices of one thread are one incident."""
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": "resolve" if notice.occasion == "resolved" else "trigger",
        "dedup_key": dedup_key(notice.thread),
        "client": "plantpulse",
        "payload": {
            "summary": cut(notice.title, _LONGEST_SUMMARY),
            "source": notice.plant or "plantpulse",
            "severity": notice.severity,
            "timestamp": notice.at.isoformat(),
            "custom_details": {
                **dict(notice.facts[:_MOST_FACTS]),
                "text": cut(notice.text, _LONGEST_TEXT),
            },
        },
    }
    return event | ({"client_url": notice.link, "links": [_link(notice.link)]} if notice.link else {})


def dedup_key(thread: str) -> str:
    """Return a thread as PagerDuty's key: the thread itself, or its hash if it is too long."""
    key = f"plantpulse/{thread}"
    return key if len(key) <= _LONGEST_KEY else f"plantpulse/{sha256(thread.encode()).hexdigest()}"


def _link(url: str) -> dict[str, str]:
    return {"href": url, "text": "plantpulse"}
