"""Webhooks signed as Standard Webhooks: the receiver can tell that a message is ours, and new.

The id stays the same over all tries, so that a receiver can drop what it has; the time stamp is of this try.
Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from plantpulse.alerts.channels.channel import SecondsLeft, Step, clean, within_s
from plantpulse.alerts.channels.http import Endpoint
from plantpulse.alerts.notices import Delivery, Notice
from plantpulse.errors import ChannelRefused
from plantpulse.settings import ChannelSettings
from plantpulse.settings.secret_variables import channel_secret_variable

_PREFIX: Final = "whsec_"
_SHORTEST_KEY, _LONGEST_KEY = 24, 64


class Webhook:
    """A channel that posts JSON to an address, signed with a secret that the receiver knows too."""

    def __init__(
        self, name: str, settings: ChannelSettings, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        secret = settings.secret.reveal() if settings.secret else ""
        self._key = _key_in(secret, name)
        self._now = now
        setting = f"url of {name} in plantpulse.yaml"
        self._endpoint = Endpoint(
            name, settings.target_url, setting, settings.ca_file, settings.allow_internal, (secret,)
        )

    def send(self, notice: Notice, seconds_left: SecondsLeft, /) -> Delivery:
        """Post one notice. Raises: ChannelUnavailable, ChannelRefused."""
        content = json.dumps(message_of(notice), ensure_ascii=False).encode("utf-8", "replace")
        headers = signed(content, message_id(notice.key), int(self._now().timestamp()), self._key)
        self._endpoint.post(content, headers, within_s(seconds_left))
        return Delivery()

    def probe(self, seconds_left: SecondsLeft, /) -> Sequence[Step]:
        """Return the steps of a connection, without posting anything."""
        return self._endpoint.probe(within_s(seconds_left))


def message_of(notice: Notice) -> dict[str, Any]:
    """Return a notice as JSON, for machines."""
    return {
        "type": f"alert.{notice.occasion}",
        "timestamp": notice.at.isoformat(),
        "data": {
            "severity": notice.severity,
            "plant": notice.plant,
            "thread": notice.thread,
            "title": clean(notice.title),
            "text": clean(notice.text),
            "facts": [{"name": clean(name), "value": clean(value)} for name, value in notice.facts],
            "link": notice.link,
            "alerts": list(notice.alerts),
        },
    }


def signed(content: bytes, identifier: str, timestamp_s: int, key: bytes) -> dict[str, str]:
    """Return the three headers of a signed message."""
    text = f"{identifier}.{timestamp_s}.".encode() + content
    signature = base64.b64encode(hmac.digest(key, text, "sha256")).decode()
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{signature}",
    }


def message_id(key: str) -> str:
    """Return the id of a message: the same for every try."""
    return f"msg_{sha256(key.encode()).hexdigest()[:32]}"


def _key_in(secret: str, channel: str) -> bytes:
    """Return the key in a secret. Raises: ChannelRefused, which does not quote it."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise ChannelRefused(
            f"channel {channel}: {channel_secret_variable(channel)} must be {_PREFIX} and "
            f"{_SHORTEST_KEY} to {_LONGEST_KEY} random bytes in Base64, as the receiver has it",
            stopped_at="settings",
        )
    return key
