"""Whom a call to Supabase trusts: nobody whose certificate is another's, or unknown."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import trustme

from plantpulse.database import Supabase
from plantpulse.errors import StoreUnavailable
from plantpulse.retry import Pacing
from plantpulse.settings import Secret, SupabaseSettings
from tests.answering import KEY, serving
from tests.certificates import NAME, certified, trusted_authority

AT_ONCE = Pacing(sleep=lambda _: None, jitter=lambda: 0.0)


def secured(context: ssl.SSLContext, seen: list[bytes]) -> AbstractContextManager[int]:
    """Answer every client that goes on after the handshake; yield the port."""

    def talk(client: socket.socket) -> None:
        with context.wrap_socket(client, server_side=True) as channel:
            seen.append(channel.recv(4096))
            channel.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{"answer": "claimed"}')
            channel.recv(1)

    return serving(talk)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[trustme.CA]:
    """An authority that this process trusts."""
    with trusted_authority(tmp_path, monkeypatch) as trusted:
        yield trusted


def claim(port: int) -> dict[str, object]:
    settings = SupabaseSettings(url=f"https://{NAME}:{port}", secret_key=Secret(KEY))
    with Supabase(settings, seconds_left=lambda: 60.0, pacing=AT_ONCE) as store:
        return store.claim_run({})


def test_a_project_with_its_own_certificate_is_asked(authority: trustme.CA) -> None:
    seen: list[bytes] = []

    with secured(certified(authority, NAME).context, seen) as port:
        assert claim(port) == {"answer": "claimed"}

    assert seen[0].startswith(b"POST /rest/v1/rpc/claim_run HTTP/1.1\r\n")


@pytest.mark.parametrize("is_known", [True, False])
def test_nobody_else_hears_the_key(authority: trustme.CA, is_known: bool) -> None:
    seen: list[bytes] = []
    other = certified(authority, "other.example") if is_known else certified(trustme.CA(), NAME)

    with (
        secured(other.context, seen) as port,
        pytest.raises(StoreUnavailable, match="did not answer claim_run: SSLCertVerificationError"),
    ):
        claim(port)

    assert seen == []
