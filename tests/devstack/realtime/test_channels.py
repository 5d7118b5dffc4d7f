"""Who has joined what, and until when."""

from typing import Any

import pytest

from devstack.realtime.channels import Broadcast, Channels, Refused
from devstack.realtime.messages import Message

TOPIC = "realtime:plant:a"
RUN = Broadcast("id-1", "plant:a", "changed", {"what": "run"}, is_private=True)
EXPIRIES = {"short": 100.0, "long": 200.0}


def judge(token: str, topic: str, is_private: bool) -> float:
    if topic == "plant:b" or token not in EXPIRIES:
        raise Refused(f"not {topic} with {token!r}")
    return EXPIRIES[token]


@pytest.fixture
def channels() -> Channels:
    return Channels(judge)


def join(topic: str = TOPIC, ref: str = "1", **payload: Any) -> Message:
    given = {"config": {"private": True}, "access_token": "short"} | payload
    return Message(topic, "phx_join", given, ref, ref)


def status(messages: list[Message]) -> list[Any]:
    return [message.payload.get("status", message.event) for message in messages]


def reason(messages: list[Message]) -> Any:
    return messages[-1].payload["response"]["reason"]


def test_a_heartbeat_is_answered(channels: Channels) -> None:
    assert channels.receive(Message("phoenix", "heartbeat", {}, "9")) == [
        Message("phoenix", "phx_reply", {"status": "ok", "response": {}}, "9")
    ]


def test_who_has_joined_hears_the_topic_and_no_other(channels: Channels) -> None:
    assert channels.deliver(RUN) == []
    assert status(channels.receive(join())) == ["ok"]

    told = {"type": "broadcast", "event": "changed", "payload": {"what": "run"}, "meta": {"id": "id-1"}}
    assert channels.deliver(RUN) == [Message(TOPIC, "broadcast", told)]
    assert channels.deliver(Broadcast("id-2", "plant:c", "changed", {}, is_private=True)) == []
    assert channels.deliver(Broadcast("id-3", "plant:a", "changed", {}, is_private=False)) == []


def test_who_is_refused_hears_nothing(channels: Channels) -> None:
    assert reason(channels.receive(join("realtime:plant:b"))) == "not plant:b with 'short'"
    assert reason(channels.receive(join(access_token={"hostile": 1}))) == "not plant:a with ''"
    assert channels.deliver(RUN) == []


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (join("realtime:"), "TopicNameRequired: You must provide a topic name"),
        (join("elsewhere"), "unmatched topic"),
        (
            join(config={"postgres_changes": [{"event": "*"}]}),
            "RealtimeDisabledForConfiguration: postgres_changes are not imitated here",
        ),
        (Message(TOPIC, "broadcast", {}), "unmatched topic"),
    ],
)
def test_what_is_not_imitated_is_refused(channels: Channels, message: Message, why: str) -> None:
    assert reason(channels.receive(message)) == why


def test_messages_of_clients_are_refused(channels: Channels) -> None:
    channels.receive(join())

    assert (
        reason(channels.receive(Message(TOPIC, "broadcast", {"event": "x"}, "2", "1"))) == "not imitated here"
    )


def test_a_second_join_replaces_the_first(channels: Channels) -> None:
    channels.receive(join(ref="1"))

    told = channels.receive(join(ref="2"))

    assert status(told) == ["phx_close", "ok"]
    assert [message.join_ref for message in told] == ["1", "2"]
    assert len(channels.deliver(RUN)) == 1


def test_who_has_left_hears_nothing(channels: Channels) -> None:
    channels.receive(join())

    assert status(channels.receive(Message(TOPIC, "phx_leave", {}, "2", "1"))) == ["ok", "phx_close"]
    assert channels.deliver(RUN) == []


def test_a_channel_ends_with_its_token(channels: Channels) -> None:
    channels.receive(join())
    assert channels.next_expiry == 100.0
    assert channels.expire(99.9) == []

    told = channels.expire(100.0)

    assert [message.event for message in told] == ["system", "phx_close"]
    assert told[0].payload["message"] == "Token has expired 0 seconds ago"
    assert channels.deliver(RUN) == []
    assert channels.next_expiry is None


def test_a_newer_token_prolongs_it(channels: Channels) -> None:
    channels.receive(join())

    assert channels.receive(Message(TOPIC, "access_token", {"access_token": "long"}, "2", "1")) == []
    assert channels.expire(199.9) == []
    assert len(channels.deliver(RUN)) == 1


def test_a_newer_token_that_is_refused_ends_it(channels: Channels) -> None:
    channels.receive(join())

    told = channels.receive(Message(TOPIC, "access_token", {"access_token": "stolen"}, "2", "1"))

    assert [message.event for message in told] == ["system", "phx_close"]
    assert channels.deliver(RUN) == []


def test_the_key_instead_of_a_token_changes_nothing(channels: Channels) -> None:
    channels.receive(join())

    assert (
        channels.receive(Message(TOPIC, "access_token", {"access_token": "sb_publishable_x"}, "2", "1")) == []
    )
    assert channels.next_expiry == 100.0


def test_a_connection_joins_a_hundred_topics(channels: Channels) -> None:
    for number in range(100):
        assert status(channels.receive(join(f"realtime:plant:{number}x"))) == ["ok"]

    assert reason(channels.receive(join())) == "ChannelRateLimitReached: Too many channels"
