"""Slack, PagerDuty and signed webhooks to sinks on loopback: what arrives, and what an answer means."""

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from devstack.mailbox import running
from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.channels.addresses import is_internal
from plantpulse.alerts.channels.pagerduty import dedup_key, event_of
from plantpulse.alerts.channels.slack import message_of
from plantpulse.alerts.channels.verdicts import judge
from plantpulse.alerts.channels.webhook import Webhook
from plantpulse.alerts.notices import Notice
from plantpulse.errors import ChannelRefused, ChannelUnavailable
from plantpulse.settings import ChannelSettings
from tests.alerts.conftest import (
    LONG,
    SHORT,
    Authority,
    drip,
    notice,
    request_from,
    secret,
    talking,
)

TOKEN = "T0PSECRETTOKEN"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the example of the specification
NOW = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)


def slack(url: str, **other: Any) -> ChannelSettings:
    return ChannelSettings(kind="slack", secret=secret(url), **{"allow_internal": True} | other)


def webhook(url: str, **other: Any) -> ChannelSettings:
    return ChannelSettings(kind="webhook", url=url, secret=secret(KEY), **{"allow_internal": True} | other)


def post(port: int, given: Notice | None = None, seconds_left: Callable[[], float] = LONG) -> None:
    """Post a notice to a chat on loopback; its address has a token."""
    open_channel("team", slack(f"http://127.0.0.1:{port}/services/{TOKEN}")).send(
        given or notice(), seconds_left
    )


def post_to(settings: ChannelSettings) -> None:
    open_channel("team", settings).send(notice(), LONG)


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    def script(client: socket.socket) -> None:
        request_from(client)
        client.sendall(answer)

    return script


def test_slack_gets_the_notice_in_its_colour_with_fields_from_facts() -> None:
    told = notice(
        facts=[("Output", "120 records"), ("Downtime", "3 records")], link="https://pulse.example/n"
    )

    with running() as mailbox:
        open_channel("team", slack(f"{mailbox.url}/services/x")).send(told, LONG)

        (arrived,) = mailbox.posts("/services/x")
    assert arrived.headers["Content-Type"] == "application/json"
    assert arrived.json == {
        "attachments": [
            {
                "fallback": "No data from north since 05:15",
                "color": "#e8912d",
                "title": "No data from north since 05:15",
                "title_link": "https://pulse.example/n",
                "text": "Two polls are missing.\nLook at the SQL Server.",
                "fields": [
                    {"title": "Output", "value": "120 records", "short": True},
                    {"title": "Downtime", "value": "3 records", "short": True},
                ],
                "mrkdwn_in": [],
                "ts": 1795930200,
            }
        ]
    }


@pytest.mark.parametrize(
    ("color", "shown"), [("good", "#2eb67d"), ("warning", "#e8912d"), ("danger", "#d7263d")]
)
def test_slack_shows_green_orange_and_red(color: str, shown: str) -> None:
    assert message_of(notice(color=color))["attachments"][0]["color"] == shown


def test_no_name_can_call_everybody_in_slack_or_make_a_link() -> None:
    name = "<!channel> & <https://evil.example|press>"
    shown = "&lt;!channel&gt; &amp; &lt;https://evil.example|press&gt;"

    (attachment,) = message_of(notice(title=name, text=name, facts=[(name, name)]))["attachments"]

    assert (attachment["title"], attachment["text"]) == (shown, shown)
    assert attachment["fields"] == [{"title": shown, "value": shown, "short": False}]


def test_pagerduty_gets_one_incident_for_a_thread_and_its_end() -> None:
    settings = {"kind": "pagerduty", "secret": secret("R0UT1NGKEY"), "allow_internal": True}

    with running() as mailbox:
        channel = open_channel("on_call", ChannelSettings(url=f"{mailbox.url}/v2/enqueue", **settings))  # type: ignore[arg-type]
        channel.send(notice(plant="north", severity="critical", facts=[("Asset", "Press 3")]), LONG)
        channel.send(notice(occasion="repeat"), LONG)
        channel.send(notice(occasion="resolved"), LONG)

        events = [arrived.json for arrived in mailbox.posts("/v2/enqueue")]
    assert [event["event_action"] for event in events] == ["trigger", "trigger", "resolve"]
    assert {event["dedup_key"] for event in events} == {"plantpulse/north/pipeline/overdue"}
    assert {event["routing_key"] for event in events} == {"R0UT1NGKEY"}
    assert events[0]["payload"] == {
        "summary": "No data from north since 05:15",
        "source": "north",
        "severity": "critical",
        "timestamp": "2026-11-29T05:30:00+00:00",
        "custom_details": {"Asset": "Press 3", "text": "Two polls are missing.\nLook at the SQL Server."},
    }


def test_pagerdutys_limits_are_kept() -> None:
    event = event_of(notice(title="t" * 2000), "key")

    assert len(event["payload"]["summary"]) == 1024
    assert len(dedup_key("k" * 300)) <= 255
    assert dedup_key("k" * 300) != dedup_key("k" * 301)


def test_a_webhook_is_signed_as_the_published_library_checks_it() -> None:
    alerts = [{"id": 7, "rule": "pipeline/overdue"}]

    with running() as mailbox:
        Webhook("own", webhook(f"{mailbox.url}/hook")).send(notice(title="東京 “ç”", alerts=alerts), LONG)

        (arrived,) = mailbox.posts("/hook")
    verified = Verifier(KEY).verify(arrived.body, dict(arrived.headers))
    assert verified == arrived.json
    assert verified["type"] == "alert.fired"
    assert verified["data"]["title"] == "東京 “ç”"
    assert verified["data"]["alerts"] == alerts


def test_a_second_try_has_the_same_id_and_a_new_time_stamp() -> None:
    times = iter([NOW, NOW.replace(minute=30)])

    with running() as mailbox:
        channel = Webhook("own", webhook(mailbox.url), now=lambda: next(times))
        channel.send(notice(), LONG)
        channel.send(notice(), LONG)

        first, second = (arrived.headers for arrived in mailbox.posts())
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 1800
    assert first["webhook-signature"] != second["webhook-signature"]


@pytest.mark.parametrize("text", ["hunter2", "whsec_", "whsec_???", "whsec_c2hvcnQ=", "whsec_" + "QUJD" * 40])
def test_a_key_that_is_none_is_refused_by_the_variables_name(text: str) -> None:
    with pytest.raises(ChannelRefused, match="CHANNEL_SECRET__OWN must be whsec_") as refused:
        open_channel("own", ChannelSettings(kind="webhook", url="https://h.example/", secret=secret(text)))

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("status", ["200 OK", "202 Accepted", "204 No Content"])
def test_a_success_is_every_status_from_200_to_299(status: str) -> None:
    with talking(answering(f"HTTP/1.1 {status}\r\n\r\n".encode())) as server:
        post(server.port)

        assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "told", "wait_s"),
    [
        (b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\n\r\n", "429 Too Many Requests", 30.0),
        (
            b"HTTP/1.1 503 Service Unavailable\r\nDate: Sun, 29 Nov 2026 06:00:00 GMT\r\n"
            b"Retry-After: Sun, 29 Nov 2026 06:02:00 GMT\r\n\r\n",
            "503 Service Unavailable",
            120.0,
        ),
        (b"HTTP/1.1 500 Oops\r\n\r\nbroken", "500 Internal Server Error broken", None),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 99\r\n\r\nhalf", "500 Internal Server Error", None),
        (b"", "gave no answer that is HTTP (RemoteDisconnected)", None),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "gave no answer that is HTTP (BadStatusLine)", None),
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 200, "gave no answer that is HTTP", None),
    ],
)
def test_a_passing_trouble_is_tried_again_not_before_the_server_wants_it(
    answer: bytes, told: str, wait_s: float | None
) -> None:
    with talking(answering(answer)) as server, pytest.raises(ChannelUnavailable) as unavailable:
        post(server.port)

    assert told in str(unavailable.value)
    assert unavailable.value.retry_after_s == wait_s
    assert TOKEN not in str(unavailable.value)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\ninvalid_token", "does not accept the key or address (403"),
        (b"HTTP/1.1 404 Not Found\r\n\r\nno_service", "has nothing at this address (404 Not Found no_"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n/services/T0PSECRETTOKEN is bad", "/(hidden)/(hidden) is bad"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/T0PSECRETTOKEN\r\n\r\n",
            "answers with a redirect (302), which is not followed",
        ),
    ],
)  # fmt: skip
def test_what_fails_for_good_says_what_to_check_and_not_the_address(answer: bytes, told: str) -> None:
    with talking(answering(answer)) as server, pytest.raises(ChannelRefused) as refused:
        post(server.port)

    assert told in str(refused.value)
    assert str(refused.value).startswith("channel team: 127.0.0.1 ")
    assert str(refused.value).endswith("check CHANNEL_SECRET__TEAM")
    assert TOKEN not in str(refused.value)
    assert server.connections == 1


def test_what_another_side_says_is_cut_and_on_one_line() -> None:
    flood = b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x\n\x1b[31m" * 5000

    with talking(answering(flood)) as server, pytest.raises(ChannelRefused) as refused:
        post(server.port)

    assert len(str(refused.value)) < 400
    assert str(refused.value).isprintable()


def drip_headers(client: socket.socket) -> None:
    request_from(client)
    drip(client, b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")


def drip_status(client: socket.socket) -> None:
    request_from(client)
    client.sendall(b"HTTP/1.1 200 ")
    drip(client, b"O", b"\r\n\r\n")


def be_silent(client: socket.socket) -> None:
    while client.recv(4096):
        pass


@pytest.mark.parametrize("script", [drip_headers, drip_status, be_silent])
def test_a_call_ends_by_its_time_whatever_the_server_does(script: Callable[[socket.socket], None]) -> None:
    with talking(script) as server, pytest.raises(ChannelUnavailable) as unavailable:
        post(server.port, seconds_left=SHORT)

    assert "127.0.0.1 did not answer completely within 0.5 s" in str(unavailable.value)


def test_a_body_without_an_end_holds_nothing_up() -> None:
    def endless(status: bytes) -> Callable[[socket.socket], None]:
        def script(client: socket.socket) -> None:
            request_from(client)
            client.sendall(b"HTTP/1.1 " + status + b"\r\n\r\n")
            while True:
                client.sendall(b"more " * 10_000)

        return script

    with talking(endless(b"200 OK")) as server:
        post(server.port)
    with talking(endless(b"500 Oops")) as server, pytest.raises(ChannelUnavailable, match="more more"):
        post(server.port)


def test_an_error_that_drips_is_judged_by_its_status() -> None:
    def script(client: socket.socket) -> None:
        request_from(client)
        client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 999\r\n\r\n")
        drip(client, b"x")

    with talking(script) as server, pytest.raises(ChannelRefused, match="404 Not Found"):
        post(server.port, seconds_left=partial(float, 5))  # enough for its status on a busy machine


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0.0.0.0"],  # noqa: S104
)
def test_an_internal_address_is_refused_however_it_is_written(host: str) -> None:
    with talking(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as server, pytest.raises(ChannelRefused) as refused:
        post_to(slack(f"https://{host}:{server.port}/", allow_internal=False))

    assert "an address of a private network: check CHANNEL_SECRET__TEAM" in str(refused.value)
    assert refused.value.stopped_at == "dns"
    assert server.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
        "168.63.129.16", "224.0.0.1", "255.255.255.255", "0.0.0.0", "198.18.0.1",  # noqa: S104
        "192.0.0.192",
        "::1", "::", "fe80::1%eth0", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::",
        "2002:a00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)  # fmt: skip
def test_addresses_of_private_networks_are_internal(address: str) -> None:
    assert is_internal(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "52.85.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"],
)
def test_addresses_of_the_internet_are_not(address: str) -> None:
    assert not is_internal(address)


def test_a_host_is_looked_up_once_and_what_was_checked_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.99", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)

    with running() as mailbox:
        port = mailbox.url.rpartition(":")[2]
        open_channel("team", slack(f"http://hooks.example:{port}/x")).send(notice(), LONG)

        (arrived,) = mailbox.posts()
    assert asked == ["hooks.example"]
    assert arrived.headers["Host"] == f"hooks.example:{port}"


def test_tls_is_verified_against_the_name_in_the_address(authority: Authority) -> None:
    def secure(*names: str) -> Callable[[socket.socket], None]:
        def script(client: socket.socket) -> None:
            with authority.context(*names).wrap_socket(client, server_side=True) as tls:
                request_from(tls)
                tls.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        return script

    with talking(secure("localhost")) as server:
        trusted = slack(f"https://localhost:{server.port}/", ca_file=authority.file)
        open_channel("team", trusted).send(notice(), LONG)
        probed = open_channel("team", trusted).probe(LONG)
    with talking(secure("elsewhere.example")) as server, pytest.raises(ChannelRefused, match="is refused"):
        post_to(slack(f"https://localhost:{server.port}/", ca_file=authority.file))

    assert [(step.name, step.state) for step in probed] == [("dns", "ok"), ("tcp", "ok"), ("tls", "ok")]


@pytest.mark.parametrize(
    "url",
    [
        TOKEN,
        f"ftp://h.example/{TOKEN}",
        f"https:///{TOKEN}",
        f"https://h.example:0/{TOKEN}",
        f"https://h.example:99999/{TOKEN}",
        f"https://h.example/{TOKEN}\r\nHost: x",
        f"https://h.example/ {TOKEN}",
        f"https://{TOKEN}@h.example/",
        f"https://h.example/ü{TOKEN}",
        f"http://h.example/{TOKEN}",
    ],
)
def test_a_secret_that_is_no_address_is_refused_without_being_quoted(url: str) -> None:
    channel = open_channel("team", ChannelSettings(kind="slack", secret=secret(url)))

    with pytest.raises(ChannelRefused, match=r"^channel team: CHANNEL_SECRET__TEAM must ") as refused:
        channel.send(notice(), LONG)

    (probed,) = channel.probe(LONG)
    assert (probed.name, probed.state) == ("settings", "failed")
    assert TOKEN not in str(refused.value) + probed.message


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_these_statuses_pass(status: int) -> None:
    verdict = judge(status, "", {}, NOW)

    assert verdict is not None
    assert verdict.is_transient


@pytest.mark.parametrize("status", [300, 301, 307, 308, 400, 401, 403, 404, 405, 410, 413, 422])
def test_these_statuses_stay(status: int) -> None:
    verdict = judge(status, "", {}, NOW)

    assert verdict is not None
    assert not verdict.is_transient


def test_what_is_no_text_in_a_notice_is_posted_all_the_same() -> None:
    with running() as mailbox:
        open_channel("team", slack(mailbox.url)).send(notice(title="a\udcffb\x00c", text="\ud800"), LONG)

        (arrived,) = mailbox.posts()
    assert json.loads(arrived.body)["attachments"][0]["title"] == "a?b c"
