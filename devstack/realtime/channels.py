"""The channels that one connection has joined: who hears what, and until when; no I/O, no clock.

As the hosted Realtime does: a join is judged under the caller's token, a newer token is judged again, and a
channel ends with its token. Messages from clients, presence and postgres_changes are refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from devstack.realtime.messages import Message, reply

PREFIX: Final = "realtime:"
_MOST_CHANNELS: Final = 100
_NO_TOPIC: Final = "TopicNameRequired: You must provide a topic name"
_TOO_MANY: Final = "ChannelRateLimitReached: Too many channels"
_NO_CHANGES: Final = "RealtimeDisabledForConfiguration: postgres_changes are not imitated here"


class Refused(Exception):
    """A token does not let its bearer hear a topic; the message is what Realtime tells the client."""


@dataclass(frozen=True)
class Broadcast:
    """What `realtime.send` has stored."""

    message_id: str
    topic: str
    event: str
    payload: Mapping[str, Any]
    is_private: bool


# From token, topic and whether the channel is private to when the token expires, in seconds of the epoch.
# Raises Refused.
Judge = Callable[[str, str, bool], float]


@dataclass(frozen=True)
class _Joined:
    join_ref: str | None
    is_private: bool
    expires_at: float


class Channels:
    """The channels of one connection; `judge` says who may join."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._joined: dict[str, _Joined] = {}

    @property
    def next_expiry(self) -> float | None:
        """When the first channel ends with its token, in seconds of the epoch."""
        return min((joined.expires_at for joined in self._joined.values()), default=None)

    def receive(self, message: Message) -> list[Message]:
        """Return what a message of the client is answered with."""
        if message.topic == "phoenix" and message.event == "heartbeat":
            return [reply(message, "ok", {})]
        if message.event == "phx_join":
            return self._join(message)
        joined = self._joined.get(message.topic)
        if joined is None:
            return [reply(message, "error", {"reason": "unmatched topic"})]
        if message.event == "phx_leave":
            del self._joined[message.topic]
            return [reply(message, "ok", {}), _closed(message.topic, joined)]
        if message.event == "access_token":
            return self._renew(message, joined)
        return [reply(message, "error", {"reason": "not imitated here"})]

    def deliver(self, broadcast: Broadcast) -> list[Message]:
        """Return what the client is told of a broadcast: nothing unless it hears that topic."""
        topic = PREFIX + broadcast.topic
        joined = self._joined.get(topic)
        if joined is None or joined.is_private != broadcast.is_private:
            return []
        told = {
            "type": "broadcast",
            "event": broadcast.event,
            "payload": broadcast.payload,
            "meta": {"id": broadcast.message_id},
        }
        return [Message(topic, "broadcast", told)]

    def expire(self, now: float) -> list[Message]:
        """Leave the channels whose token has expired; return what the client is told."""
        gone = [topic for topic, joined in self._joined.items() if joined.expires_at <= now]
        return [told for topic in gone for told in self._shut(topic, "Token has expired 0 seconds ago")]

    def _join(self, message: Message) -> list[Message]:
        config = message.payload.get("config")
        wanted = config if isinstance(config, dict) else {}
        is_private = wanted.get("private") is True
        before = self._joined.pop(message.topic, None)
        ended = [_closed(message.topic, before)] if before else []
        try:
            self._refuse_early(message.topic, wanted)
            token = _text(message.payload.get("access_token"))
            expires_at = self._judge(token, message.topic.removeprefix(PREFIX), is_private)
        except Refused as refused:
            return [*ended, reply(message, "error", {"reason": str(refused)})]
        self._joined[message.topic] = _Joined(message.join_ref, is_private, expires_at)
        return [*ended, reply(message, "ok", {"postgres_changes": []})]

    def _refuse_early(self, topic: str, wanted: Mapping[str, Any]) -> None:
        if not topic.startswith(PREFIX):
            raise Refused("unmatched topic")
        if topic == PREFIX:
            raise Refused(_NO_TOPIC)
        if wanted.get("postgres_changes"):
            raise Refused(_NO_CHANGES)
        if len(self._joined) >= _MOST_CHANNELS:
            raise Refused(_TOO_MANY)

    def _renew(self, message: Message, joined: _Joined) -> list[Message]:
        token = _text(message.payload.get("access_token"))
        if token.startswith("sb_"):
            return []  # a client that has signed out sends its key; the old token counts until it expires
        try:
            expires_at = self._judge(token, message.topic.removeprefix(PREFIX), joined.is_private)
        except Refused as refused:
            return self._shut(message.topic, str(refused))
        self._joined[message.topic] = replace(joined, expires_at=expires_at)
        return []

    def _shut(self, topic: str, why: str) -> list[Message]:
        joined = self._joined.pop(topic)
        channel = topic.removeprefix(PREFIX)
        told = {"extension": "system", "status": "error", "message": why, "channel": channel}
        return [Message(topic, "system", told), _closed(topic, joined)]


def _closed(topic: str, joined: _Joined) -> Message:
    return Message(topic, "phx_close", {}, joined.join_ref, joined.join_ref)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
