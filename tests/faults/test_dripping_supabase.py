"""A Supabase that answers a byte now and then, for ever: a call ends by its time-out all the same."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from plantpulse.database.store import Supabase
from plantpulse.errors import StoreUnavailable
from plantpulse.settings import Secret, SupabaseSettings
from tests.certificates import NAME, certified, trusted_authority
from tests.patience import ENDS_S

PAUSE_S = 0.02
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
# How each reply begins, and what of it comes then for ever.
REPLIES = {
    "silence": (b"", b""),
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "header": (OK + b"X-Drip: ", b"1"),
    "headers": (OK, b"X-Drip: 1\r\n"),
    "body": (OK + b"Content-Length: 9999999\r\n\r\n", b"1"),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n1\r\n"),
    "body without an end": (OK + b"Connection: close\r\n\r\n", b"1"),
    "refusal": (b"HTTP/1.1 404 Not Found\r\nContent-Length: 9999999\r\n\r\n", b"1"),
}


@contextmanager
def dripping(beginning: bytes, drip: bytes, tls: ssl.SSLContext | None) -> Iterator[int]:
    """Begin a reply to each request on a loopback port, and let it drip until the block ends."""
    is_over = threading.Event()

    def serve(client: socket.socket) -> None:
        with suppress(OSError), tls.wrap_socket(client, server_side=True) if tls else client as channel:
            channel.recv(4096)
            channel.sendall(beginning)
            while not is_over.wait(PAUSE_S):
                channel.sendall(drip)

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        is_over.set()
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server's side of TLS, with an authority that clients of this process trust."""
    with trusted_authority(tmp_path, monkeypatch) as authority:
        yield certified(authority, NAME).context


def ending_of_a_call(url: str) -> str:
    """Return what a call is told that has half a second; raises when it does not end."""
    settings = SupabaseSettings(url=url, secret_key=Secret("sb_secret_" + "x" * 30))
    told: list[str] = []

    def call() -> None:
        with Supabase(settings, seconds_left=lambda: 0.5) as store:
            try:
                store.fail_run("f", {})
            except StoreUnavailable as error:
                told.append(str(error))

    caller = threading.Thread(target=call, daemon=True)
    caller.start()
    caller.join(ENDS_S)
    assert not caller.is_alive()
    return told[0]


@pytest.mark.parametrize("reply", REPLIES)
def test_a_call_ends_however_its_reply_drips(reply: str) -> None:
    with dripping(*REPLIES[reply], tls=None) as port:
        told = ending_of_a_call(f"http://127.0.0.1:{port}")

    assert told.startswith("Supabase at 127.0.0.1 did not answer fail_run")


@pytest.mark.parametrize("reply", REPLIES)
def test_a_call_ends_however_its_reply_drips_inside_tls(tls: ssl.SSLContext, reply: str) -> None:
    with dripping(*REPLIES[reply], tls=tls) as port:
        told = ending_of_a_call(f"https://{NAME}:{port}")

    assert told.startswith("Supabase at localhost did not answer fail_run")


def test_a_call_ends_while_tls_is_agreed_on(tls: ssl.SSLContext) -> None:
    with dripping(b"\x16\x03\x03\x40\x00", b"1", tls=None) as port:
        told = ending_of_a_call(f"https://{NAME}:{port}")

    assert told.startswith("Supabase at localhost did not answer fail_run")
