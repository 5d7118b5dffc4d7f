"""The proxy of the environment: which one is meant, and that calls go through it."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from httpx._utils import get_environment_proxies

from plantpulse.database import Supabase
from plantpulse.database.proxies import Proxy, proxy_for
from plantpulse.errors import ConfigurationError, StoreUnavailable
from plantpulse.retry import Pacing
from tests.answering import Asked, Told, answering, as_json, serving
from tests.certificates import NAME, certified, trusted_authority

URL = "https://abc.supabase.co"
AT_ONCE = Pacing(sleep=lambda _: None, jitter=lambda: 0.0)
REPLY = b'HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{"answer": "claimed"}'


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"PATH": "/bin"}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, Proxy("proxy.example", 3128)),
        ({"https_proxy": "proxy.example:3128"}, Proxy("proxy.example", 3128)),
        ({"HTTP_PROXY": "http://proxy.example:3128"}, None),
        ({"ALL_PROXY": "http://proxy.example"}, Proxy("proxy.example", 80)),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "supabase.co"}, None),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "other.co"}, Proxy("proxy.example", 80)),
        (
            {"HTTPS_PROXY": "http://ada:p%40ss@proxy.example"},
            Proxy("proxy.example", 80, {"Proxy-Authorization": "Basic YWRhOnBAc3M="}),
        ),
    ],
)
def test_the_variables_mean_what_they_mean_to_other_programs(
    environ: dict[str, str], proxy: Proxy | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert proxy_for(URL, environ) == proxy

    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    theirs = get_environment_proxies()
    is_bypassed = any(mounted.strip("*").removeprefix("all://").strip("*.") in URL
                      for mounted, address in theirs.items() if address is None)  # fmt: skip
    named = theirs.get("https://") or theirs.get("all://")
    assert bool(named and not is_bypassed) == (proxy is not None)


@pytest.mark.parametrize("address", ["socks5://proxy.example", "https://proxy.example", "http://"])
def test_a_proxy_of_another_kind_is_refused_without_its_words(address: str) -> None:
    with pytest.raises(ConfigurationError, match="must be named as http://host:port") as refusal:
        proxy_for(URL, {"HTTPS_PROXY": address})

    assert "proxy.example" not in str(refusal.value)


def test_a_password_of_a_proxy_is_not_shown() -> None:
    assert "YWRh" not in repr(proxy_for(URL, {"HTTPS_PROXY": "http://ada:pass@proxy.example"}))


def head_of(client: socket.socket) -> str:
    """Return a request's lines up to the empty one."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    return head.decode()


def test_a_call_without_tls_is_asked_of_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Asked] = []

    def answer(request: Asked) -> Told:
        asked.append(request)
        return as_json({"answer": "claimed"})

    with answering(answer) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("http://", "http://ada:pass@"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        project = replace(proxy, url="http://abc.example:8000")
        with Supabase(project, seconds_left=lambda: 60.0) as store:
            assert store.claim_run({}) == {"answer": "claimed"}

    assert asked[0].path == "http://abc.example:8000/rest/v1/rpc/claim_run"
    assert asked[0].headers["host"] == "abc.example:8000"
    assert asked[0].headers["proxy-authorization"] == "Basic YWRhOnBhc3M="


def test_a_call_with_tls_goes_through_the_proxy_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads: list[str] = []

    def serve(client: socket.socket) -> None:
        heads.append(head_of(client))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with certified(authority, NAME).context.wrap_socket(client, server_side=True) as channel:
            heads.append(head_of(channel))
            channel.sendall(REPLY)
            channel.recv(1)

    with (
        trusted_authority(tmp_path, monkeypatch) as authority,
        serving(serve) as port,
        answering(lambda _: as_json({})) as some,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:pass@127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        project = replace(some, url=f"https://{NAME}:8443")
        with Supabase(project, seconds_left=lambda: 60.0) as store:
            assert store.claim_run({}) == {"answer": "claimed"}

    assert heads[0].startswith(f"CONNECT {NAME}:8443 HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic YWRhOnBhc3M=" in heads[0]
    assert heads[1].startswith("POST /rest/v1/rpc/claim_run HTTP/1.1\r\n")
    assert f"Host: {NAME}:8443\r\n" in heads[1]
    assert "Proxy-Authorization" not in heads[1]


def test_a_proxy_that_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(client: socket.socket) -> None:
        head_of(client)
        client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        client.recv(1)

    with serving(serve) as port, answering(lambda _: as_json({})) as some:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        project = replace(some, url="https://abc.example")
        with (
            Supabase(project, seconds_left=lambda: 60.0, pacing=AT_ONCE) as store,
            pytest.raises(StoreUnavailable, match="because the proxy refused: 407"),
        ):
            store.claim_run({})
