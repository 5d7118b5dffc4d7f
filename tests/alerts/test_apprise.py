"""Services that Apprise knows, in a process of its own; the service is a sink on loopback."""

import os
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from devstack.mailbox import running
from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.channels.channel import Channel
from plantpulse.errors import ChannelRefused, ChannelUnavailable
from plantpulse.settings import ChannelSettings
from tests.alerts.conftest import LONG, notice, request_from, secret, talking

TOKEN = "T0PSECRETTOKEN"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def phones(url: str, *, allow_internal: bool = True) -> Channel:
    settings = ChannelSettings(kind="apprise", secret=secret(url), allow_internal=allow_internal)
    return open_channel("phones", settings)


def test_a_notice_arrives_with_title_text_and_link() -> None:
    with running() as mailbox:
        address = mailbox.url.removeprefix("http://")
        phones(f"json://{address}/{TOKEN}").send(
            notice(title="東京: stop", link="https://pulse.example/"), LONG
        )

        (arrived,) = mailbox.posts()
    assert arrived.json["title"] == "東京: stop"
    assert arrived.json["message"] == (
        "Two polls are missing.\nLook at the SQL Server.\n\nhttps://pulse.example/"
    )
    assert arrived.json["type"] == "warning"


def test_a_name_is_neither_markup_nor_a_call_to_everybody() -> None:
    with running() as mailbox:
        address = mailbox.url.removeprefix("http://")
        phones(f"json://{address}/{TOKEN}?format=html").send(
            notice(title="Press < 5 & @everyone", text="<a href='http://elsewhere.example'>Press</a>"), LONG
        )

        (arrived,) = mailbox.posts()
    assert arrived.json["title"] == "Press < 5 & @\u200beveryone"
    assert arrived.json["message"].startswith("&lt;a")
    assert "<" not in arrived.json["message"]


@pytest.mark.parametrize("option", ["", "?redirect=yes"])
def test_a_redirect_is_not_followed_whatever_the_address_says(option: str) -> None:
    with running() as mailbox:

        def redirect(client: socket.socket) -> None:
            request_from(client)
            client.sendall(f"HTTP/1.1 307 Moved\r\nLocation: {mailbox.url}/inside\r\n\r\n".encode())

        with talking(redirect) as server, pytest.raises(ChannelRefused, match="a redirect"):
            phones(f"json://127.0.0.1:{server.port}/{TOKEN}{option}").send(notice(), LONG)

        assert mailbox.posts() == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_internal_address_is_refused_at_the_connection(host: str) -> None:
    def answer(client: socket.socket) -> None:
        client.sendall(OK)

    with talking(answer) as server, pytest.raises(ChannelRefused) as refused:
        phones(f"json://{host}:{server.port}/{TOKEN}", allow_internal=False).send(notice(), LONG)

    assert "an address of a private network: check CHANNEL_SECRET__PHONES" in str(refused.value)
    assert server.connections == 0


def test_a_service_that_is_busy_says_when_to_come_again() -> None:
    def busy(client: socket.socket) -> None:
        request_from(client)
        client.sendall(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n")

    with talking(busy) as server, pytest.raises(ChannelUnavailable) as unavailable:
        phones(f"json://127.0.0.1:{server.port}/{TOKEN}").send(notice(), LONG)

    assert unavailable.value.retry_after_s == 60.0
    assert TOKEN not in str(unavailable.value)


def test_a_service_that_refuses_is_named_without_its_address() -> None:
    def refuse(client: socket.socket) -> None:
        request_from(client)
        client.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")

    with talking(refuse) as server, pytest.raises(ChannelRefused) as refused:
        phones(f"json://127.0.0.1:{server.port}/{TOKEN}").send(notice(), LONG)

    assert str(refused.value) == (
        "channel phones: JSON does not accept the key or address (401 Unauthorized): "
        "check CHANNEL_SECRET__PHONES"
    )


def test_a_service_that_is_silent_is_left_when_time_is_up() -> None:
    def silent(client: socket.socket) -> None:
        while client.recv(4096):
            pass

    with talking(silent) as server, pytest.raises(ChannelUnavailable, match=r"did not answer within 3\.0 s"):
        phones(f"json://127.0.0.1:{server.port}/{TOKEN}").send(notice(), partial(float, 3))


@pytest.mark.parametrize("url", [TOKEN, f"nosuchservice://{TOKEN}", ""])
def test_a_service_that_apprise_does_not_know_is_refused_without_the_address(url: str) -> None:
    channel = phones(url)

    with pytest.raises(ChannelRefused) as refused:
        channel.send(notice(), LONG)

    (step,) = channel.probe(LONG)
    assert str(refused.value) == "channel phones: Apprise does not know the service in CHANNEL_SECRET__PHONES"
    assert (step.name, step.state, step.message) == ("settings", "failed", str(refused.value))


def test_a_known_service_is_named_without_sending_anything() -> None:
    (step,) = phones(f"discord://123456789/{TOKEN}").probe(LONG)

    assert (step.state, step.message) == ("ok", "Apprise knows the service: Discord")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="only Linux shows processes as files")
def test_no_secret_stands_where_other_processes_can_read_it() -> None:
    seen: list[bytes] = []

    def look(client: socket.socket) -> None:
        request_from(client)
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    seen.append(file.read())
            except OSError:
                continue
        client.sendall(OK)

    with talking(look) as server:
        phones(f"json://127.0.0.1:{server.port}/{TOKEN}").send(notice(), LONG)

    assert any(b"plantpulse.alerts.channels.apprise" in line for line in seen)
    assert not any(TOKEN.encode() in line for line in seen)


def test_apprise_is_never_imported_by_who_sends() -> None:
    code = (
        "import sys; from plantpulse.alerts.channels import open_channel;"
        "from plantpulse.settings import ChannelSettings, Secret;"
        "settings = ChannelSettings(kind='apprise', secret=Secret('discord://1/2'));"
        "open_channel('a', settings).probe(lambda: 60.0);"
        "print([name for name in ('apprise', 'requests') if name in sys.modules])"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"
