"""Realtime over a real WebSocket: keys, tokens, silence, and clients that take nothing any more."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any, LiteralString

import jwt
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from devstack.access import SupabaseAccess, make_keys
from devstack.gateway import Gateway
from devstack.realtime import Realtime
from devstack.signing import sign
from devstack.supabase import Supabase
from tests.patience import ENDS_S

USER = "5f0c7c1e-6f5d-4b0b-9f5d-0d9f5a1b2c3d"
TOPIC = "realtime:plant:northfield"
USER_LISTENS: LiteralString = f"""
create policy user_listens on realtime.messages for select to authenticated
using (realtime.topic() = 'plant:northfield' and (select auth.uid()) = '{USER}')
"""


@pytest.fixture(scope="module")
def project(local_supabase: Supabase) -> Iterator[SupabaseAccess]:
    with local_supabase.fresh_database([USER_LISTENS]) as access:
        yield access


@pytest.fixture
def impatient(project: SupabaseAccess) -> Iterator[tuple[str, Realtime]]:
    """A Realtime that hangs up after half a second of silence."""
    realtime = Realtime(project.database_url, project.keys, idle_s=0.5)
    gateway = Gateway(project.keys, 1, realtime=realtime)
    yield gateway.url, realtime
    gateway.stop()
    realtime.stop()


def address(url: str, key: str, version: str = "2.0.0") -> str:
    return f"{url.replace('http', 'ws')}/realtime/v1/websocket?apikey={key}&vsn={version}"


def opened(project: SupabaseAccess, version: str = "2.0.0") -> Connection:
    there = address(project.url, project.publishable_key, version)
    return connect(there, open_timeout=ENDS_S, max_size=None, max_queue=1)


def join(client: Connection, token: str, topic: str = TOPIC) -> Any:
    payload = {"config": {"private": True}, "access_token": token}
    client.send(json.dumps(["1", "1", topic, "phx_join", payload]))
    return heard(client)[4]


def heard(client: Connection) -> Any:
    return json.loads(client.recv(timeout=ENDS_S))


def closed(client: Connection) -> int | None:
    with pytest.raises(ConnectionClosed) as ended:
        client.recv(timeout=ENDS_S)
    return ended.value.rcvd.code if ended.value.rcvd else None


def signed(project: SupabaseAccess, **claims: Any) -> str:
    known = {"sub": USER, "role": "authenticated", "aud": "authenticated"} | claims
    return sign(known, project.keys.signing_key or "", 60)


def send(project: SupabaseAccess, event: str = "changed", payload: str = "{}") -> None:
    with project.connect() as connection:
        connection.execute("select realtime.send(%s::jsonb, %s, 'plant:northfield')", [payload, event])


@pytest.mark.parametrize("key", ["", "sb_publishable_wrong"])
def test_a_wrong_key_opens_no_socket(project: SupabaseAccess, key: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(address(project.url, key), open_timeout=ENDS_S)

    assert refused.value.response.status_code == 401


def test_a_request_that_is_no_websocket_is_told_so(project: SupabaseAccess) -> None:
    host, port = project.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=ENDS_S) as plain:
        path = f"/realtime/v1/websocket?apikey={project.publishable_key}"
        plain.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

        assert plain.recv(4096).startswith(b"HTTP/1.1 426 ")


def test_a_message_of_megabytes_is_heard_whole(project: SupabaseAccess) -> None:
    with opened(project) as client:
        assert join(client, project.user_token(USER))["status"] == "ok"

        send(project, payload=json.dumps({"text": "plantpulse" * 300_000}))

        assert len(heard(client)[4]["payload"]["text"]) == 3_000_000


def test_the_first_version_is_spoken_too(project: SupabaseAccess) -> None:
    with opened(project, "1.0.0") as client:
        payload = {"config": {"private": True}, "access_token": project.user_token(USER)}
        client.send(
            json.dumps({"topic": TOPIC, "event": "phx_join", "payload": payload, "ref": "1", "join_ref": "1"})
        )
        assert heard(client)["payload"]["status"] == "ok"

        send(project)

        assert heard(client)["payload"]["event"] == "changed"


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("hostile", "MalformedJWT: The token provided is not a valid JWT"),
        ("a.b.c", "MalformedJWT: The token provided is not a valid JWT"),
        (
            jwt.encode({"role": "authenticated", "exp": 9999999999}, "", algorithm="none"),
            "MalformedJWT: The token provided is not a valid JWT",
        ),
        (
            sign({"sub": USER, "role": "authenticated"}, "somebody else's secret, 32 bytes long", 60),
            "JwtSignatureError: Failed to validate JWT signature",
        ),
        (
            sign({"sub": USER, "role": "authenticated"}, make_keys().signing_key or "", 60),
            "JwtSignatureError: Failed to validate JWT signature",
        ),
    ],
)
def test_a_token_that_this_project_has_not_signed_joins_nothing(
    project: SupabaseAccess, token: str, why: str
) -> None:
    with opened(project) as client:
        assert join(client, token) == {"status": "error", "response": {"reason": why}}


def test_a_token_becomes_no_role_beyond_those_of_the_api(project: SupabaseAccess) -> None:
    with opened(project) as client:
        answer = join(client, signed(project, role="postgres"))

        assert answer["response"]["reason"] == "InvalidJWTToken: Fields `role` and `exp` are required in JWT"


def test_a_token_from_a_clock_that_is_ahead_is_taken(project: SupabaseAccess) -> None:
    with opened(project) as client:
        assert join(client, signed(project, iat=int(time.time()) + 3600))["status"] == "ok"


def test_a_topic_that_postgres_cannot_hold_is_refused(project: SupabaseAccess) -> None:
    with opened(project) as client:
        answer = join(client, project.user_token(USER), TOPIC + "\0")

        assert answer["status"] == "error"
        assert join(client, project.user_token(USER))["status"] == "ok"


@pytest.mark.parametrize(
    ("frame", "code"), [("{", 1008), (b"\x03", 1003), ('["1","1"]', 1008), ("x" * 1_100_000, 1009)]
)
def test_what_is_no_message_ends_the_connection(
    project: SupabaseAccess, frame: str | bytes, code: int
) -> None:
    with opened(project) as client:
        client.send(frame)

        assert closed(client) == code


def test_a_message_in_fragments_is_put_together(project: SupabaseAccess) -> None:
    with opened(project) as client:
        client.send(iter(['[null,"7",', '"phoenix",', '"heartbeat",{}]']))

        assert heard(client) == [None, "7", "phoenix", "phx_reply", {"status": "ok", "response": {}}]


def test_a_client_that_says_nothing_is_hung_up_on(
    impatient: tuple[str, Realtime], project: SupabaseAccess
) -> None:
    url, realtime = impatient
    with connect(address(url, project.publishable_key), open_timeout=ENDS_S) as client:
        assert closed(client) == 1001

    gone(realtime)


def test_a_client_that_vanished_is_forgotten(
    impatient: tuple[str, Realtime], project: SupabaseAccess
) -> None:
    url, realtime = impatient
    client = connect(address(url, project.publishable_key), open_timeout=ENDS_S)

    client.socket.shutdown(socket.SHUT_RDWR)  # without a word of WebSocket

    gone(realtime)
    client.close()


def gone(realtime: Realtime) -> None:
    deadline = time.monotonic() + ENDS_S
    while realtime.open_connections:
        assert time.monotonic() < deadline, "a connection is still there"
        time.sleep(0.01)


def test_a_client_that_takes_nothing_holds_nobody_up(project: SupabaseAccess) -> None:
    with opened(project) as stuck, opened(project) as listener:
        for client in (stuck, listener):
            assert join(client, project.user_token(USER))["status"] == "ok"
        big = json.dumps({"text": "x" * 4_000_000})

        for _ in range(8):
            send(project, payload=big)
        send(project, "last")

        events = [heard(listener)[3:5] for _ in range(9)]
        assert [payload["event"] for _, payload in events] == ["changed"] * 8 + ["last"]
        stuck.socket.shutdown(socket.SHUT_RDWR)


def test_stopping_ends_the_connections_and_every_thread(project: SupabaseAccess) -> None:
    before = set(threading.enumerate())
    realtime = Realtime(project.database_url, project.keys)
    gateway = Gateway(project.keys, 1, realtime=realtime)
    client = connect(address(gateway.url, project.publishable_key), open_timeout=ENDS_S)
    assert join(client, project.user_token(USER))["status"] == "ok"

    gateway.stop()
    realtime.stop()

    assert closed(client) is None
    client.close()
    assert set(threading.enumerate()) <= before


def test_a_send_that_cannot_be_stored_is_a_warning_and_fails_nothing(project: SupabaseAccess) -> None:
    warnings: list[str | None] = []
    with project.connect() as connection:
        connection.add_notice_handler(lambda notice: warnings.append(notice.message_primary))
        connection.execute("select realtime.send('{}', 'changed', null)")

    assert len(warnings) == 1
    assert (warnings[0] or "").startswith("ErrorSendingBroadcastMessage: ")
