"""The messages of Phoenix's channel protocol, as Realtime speaks it over a WebSocket; no I/O.

Source: https://supabase.com/docs/guides/realtime/protocol
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# What a client asks for with `vsn`: messages are objects in the first version, arrays in the second.
OBJECTS: Final = "1.0.0"
ARRAYS: Final = "2.0.0"
VERSIONS: Final = (OBJECTS, ARRAYS)


class Malformed(Exception):
    """What came is no message."""


@dataclass(frozen=True)
class Message:
    """One message; `ref` is answered by the reply with the same, `join_ref` names the join of its channel."""

    topic: str
    event: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    ref: str | None = None
    join_ref: str | None = None


def decode(text: str, version: str) -> Message:
    """Return the message in a text frame. Raises: Malformed."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("the frame holds no JSON") from None
    if version == OBJECTS and isinstance(read, dict):
        read = [read.get(name) for name in ("join_ref", "ref", "topic", "event", "payload")]
    if not isinstance(read, list) or len(read) != 5:
        raise Malformed(f"the frame holds no message of version {version}")
    join_ref, ref, topic, event, payload = read
    if not isinstance(topic, str) or not isinstance(event, str):
        raise Malformed("topic and event must be texts")
    return Message(topic, event, payload if isinstance(payload, dict) else {}, _ref(ref), _ref(join_ref))


def encode(message: Message, version: str) -> str:
    """Return a message as the text of a frame."""
    if version == OBJECTS:
        return json.dumps(vars(message))
    return json.dumps([message.join_ref, message.ref, message.topic, message.event, message.payload])


def reply(to: Message, status: str, response: Mapping[str, Any]) -> Message:
    """Return the reply to a message, `ok` or `error`."""
    payload = {"status": status, "response": response}
    return Message(to.topic, "phx_reply", payload, to.ref, to.join_ref)


def _ref(value: object) -> str | None:
    return None if value is None else str(value)[:255]
