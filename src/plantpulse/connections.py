"""The sockets under an HTTP client, for a call that must end by its time-out, and whom TLS trusts.

A client bounds each read alone: a reply that drips, headers or body, would hold a call for ever. So the
sockets are noted as they are connected, and shut down when a call's time is up.
"""

import os
import socket
import ssl
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Protocol

from plantpulse.deadlines import bounded

_CONNECTED = ("connect_tcp.complete", "start_tls.complete")


class Traced(Protocol):
    """The part of httpx's request that says whom it tells of its connections."""

    @property
    def extensions(self) -> MutableMapping[str, Any]: ...


class Connections:
    """The sockets that a client has connected; its calls are made one after the other.

    `is_cut` says that the last call's time was up: what it brought may have come to its end by the cut.
    """

    def __init__(self) -> None:
        self.is_cut = False
        self._sockets: list[socket.socket] = []

    def follow(self, request: Traced) -> None:
        """Have the sockets of a request noted (an event hook of httpx)."""
        request.extensions["trace"] = self._trace

    def note(self, connected: socket.socket) -> None:
        """Note a socket of the call that is made."""
        self._sockets = [*(one for one in self._sockets if one.fileno() >= 0), connected]
        if self.is_cut:
            self._cut()

    @contextmanager
    def bounded(self, seconds: float) -> Iterator[None]:
        """Give what is called inside `seconds` in all."""
        self.is_cut = False
        with bounded(seconds, self._cut):
            yield

    def _trace(self, event: str, told: Mapping[str, Any]) -> None:
        if event.endswith(_CONNECTED):
            self.note(told["return_value"].get_extra_info("socket"))

    def _cut(self) -> None:
        self.is_cut = True
        for one in self._sockets:
            with suppress(OSError):  # closed, or detached as TLS took it over
                # Not TLS's own shutdown(): it may be in the middle of reading.
                socket.socket.shutdown(one, socket.SHUT_RDWR)


@cache
def trust(scheme: str) -> ssl.SSLContext:
    """Return the TLS trust store; it is built once per process, as that takes longer than a small commit.

    It is the one of `certifi`, unless SSL_CERT_FILE or SSL_CERT_DIR name another, as for most programs.
    Without TLS the store is empty, which costs nothing.
    """
    if scheme != "https":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or folder:
        return ssl.create_default_context(cafile=file or None, capath=None if file else folder)
    import certifi  # noqa: PLC0415 - only where there is TLS

    return ssl.create_default_context(cafile=certifi.where())
