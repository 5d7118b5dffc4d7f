"""The dead man's switch hears of success and of failure, and only its own OK counts."""

import socket
from collections.abc import Callable

import pytest

from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.switch import pinging
from plantpulse.errors import ChannelRefused, ChannelUnavailable
from plantpulse.settings import ChannelSettings, Settings
from tests.alerts.conftest import LONG, SHORT, Authority, request_from, secret, talking

TOKEN = "5c2b9b2e-0000-4000-8000-000000000000"


def switch(port: int, **other: object) -> ChannelSettings:
    url = f"http://127.0.0.1:{port}/ping/{TOKEN}"
    return ChannelSettings(kind="healthchecks", secret=secret(url), allow_internal=True, **other)  # type: ignore[arg-type] # a test names them


def answering(answer: bytes, heard: list[bytes]) -> Callable[[socket.socket], None]:
    def script(client: socket.socket) -> None:
        heard.append(request_from(client).split(b" HTTP/")[0])
        client.sendall(answer)

    return script


def ok(body: bytes = b"OK", status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body)


@pytest.mark.parametrize(("is_well", "path"), [(True, ""), (False, "/fail")])
def test_it_hears_whether_health_could_look_and_send(is_well: bool, path: str) -> None:
    heard: list[bytes] = []
    with talking(answering(ok(), heard)) as end:
        pinging(open_channel)(
            Settings(plants={}, channels={"switch": switch(end.port)}), LONG, is_well=is_well
        )

    assert heard == [f"POST /ping/{TOKEN}{path}".encode()]


@pytest.mark.parametrize("body", [b"", b"OK (rate limited)", b"<html>OK</html>", b"not found"])
def test_any_other_answer_is_no_success_although_its_status_is_200(body: bytes) -> None:
    with talking(answering(ok(body), [])) as end, pytest.raises(ChannelRefused) as refused:
        open_channel("switch", switch(end.port)).send(None, LONG)  # type: ignore[arg-type] # it has no messages

    assert "did not answer OK" in str(refused.value)
    assert TOKEN not in str(refused.value)


def test_a_switch_that_is_down_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with talking(answering(ok(b"busy", b"503 Service Unavailable"), [])) as end:
        pinging(open_channel)(Settings(plants={}, channels={"switch": switch(end.port)}), LONG, is_well=True)

    told = capsys.readouterr().out
    assert "dead man's switch not called" in told
    assert TOKEN not in told


def test_a_switch_that_is_silent_is_not_waited_for(authority: Authority) -> None:
    def silent(client: socket.socket) -> None:
        client.recv(1)
        client.recv(65536)
        while client.recv(65536):
            pass

    assert authority is not None
    with talking(silent) as end, pytest.raises(ChannelUnavailable):
        open_channel("switch", switch(end.port)).send(None, SHORT)  # type: ignore[arg-type] # as above


def test_one_that_is_off_is_not_called() -> None:
    heard: list[bytes] = []
    with talking(answering(ok(), heard)) as end:
        settings = Settings(plants={}, channels={"switch": switch(end.port, enabled=False)})
        pinging(open_channel)(settings, LONG, is_well=True)

    assert heard == []


def test_it_is_told_of_no_alert() -> None:
    assert not switch(1).is_told
