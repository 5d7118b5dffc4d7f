"""Both versions of Phoenix's messages are read and written; what is none is refused."""

import pytest

from devstack.realtime.messages import ARRAYS, OBJECTS, Malformed, Message, decode, encode, reply

JOIN = Message("realtime:plant:a", "phx_join", {"config": {"private": True}}, "2", "1")


def test_a_message_of_the_second_version_is_an_array() -> None:
    text = '["1", "2", "realtime:plant:a", "phx_join", {"config": {"private": true}}]'

    assert decode(text, ARRAYS) == JOIN
    assert encode(JOIN, ARRAYS) == text


def test_a_message_of_the_first_version_is_an_object() -> None:
    text = (
        '{"topic": "realtime:plant:a", "event": "phx_join", "payload": {"config": {"private": true}},'
        ' "ref": "2", "join_ref": "1"}'
    )

    assert decode(text, OBJECTS) == JOIN
    assert encode(JOIN, OBJECTS) == text


def test_refs_may_be_numbers_or_absent() -> None:
    assert decode('[null, 7, "phoenix", "heartbeat", {}]', ARRAYS) == Message("phoenix", "heartbeat", {}, "7")
    assert decode('{"topic": "phoenix", "event": "heartbeat"}', OBJECTS) == Message("phoenix", "heartbeat")


def test_a_payload_that_is_no_object_is_empty() -> None:
    assert decode('["1", "2", "realtime:a", "phx_join", "hostile"]', ARRAYS).payload == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "[1,2,3,4]",
        "{}",
        '["1","2",3,"phx_join",{}]',
        '["1","2","t",null,{}]',
        "[" * 100_000,
    ],
)
@pytest.mark.parametrize("version", [ARRAYS, OBJECTS])
def test_what_is_no_message_is_malformed(text: str, version: str) -> None:
    with pytest.raises(Malformed):
        decode(text, version)


def test_a_reply_has_the_refs_of_what_it_answers() -> None:
    assert reply(JOIN, "ok", {}) == Message(
        "realtime:plant:a", "phx_reply", {"status": "ok", "response": {}}, "2", "1"
    )
