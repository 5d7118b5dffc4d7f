"""A connection to a server: looked up, checked, connected, encrypted, and cut when its time is up.

SMTP and HTTP share it. A socket's time-out bounds one read alone, so a server that drips could hold a call
for ever: a timer cuts the socket. The address that is connected to is the one that was checked, because a
second look-up could say something else.
"""

import socket
import ssl
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple

import certifi

from plantpulse.alerts.channels.addresses import is_internal, look_up
from plantpulse.alerts.channels.channel import Step
from plantpulse.deadlines import Deadline, call_after
from plantpulse.errors import ChannelRefused, ChannelUnavailable

_MOST_ADDRESSES: Final = 4
_LONGEST_CONNECT_S: Final = 5.0


class Server(NamedTuple):
    """Where a channel is. `setting` names what to check when it is not there."""

    channel: str
    host: str
    port: int
    setting: str
    ca_file: Path | None = None
    allow_internal: bool = False


class Line:
    """One connection for one call; leave it to close it.

    `steps` tells what has succeeded. `is_cut` says that time was up.
    """

    def __init__(self, server: Server, within_s: float) -> None:
        self.server = server
        self.within_s = within_s
        self.is_cut = False
        self.steps: list[Step] = []
        self.socket: socket.socket | None = None
        self._readers: list[BinaryIO] = []
        self._until_s = time.monotonic() + within_s
        self._deadline: Deadline | None = None

    def __enter__(self) -> "Line":
        self._deadline = call_after(self.within_s, self._cut)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._deadline:
            self._deadline.call_off()
        for reader in self._readers:
            reader.close()
        if self.socket:
            self.socket.close()

    @property
    def connected(self) -> socket.socket:
        """Return the open socket."""
        assert self.socket is not None  # noqa: S101 - `connect` comes first
        return self.socket

    def reader(self) -> BinaryIO:
        """Return a file of what the server says from now on; it is closed with the line."""
        self._readers.append(self.connected.makefile("rb"))
        return self._readers[-1]

    def passed(self, step: str, message: str) -> None:
        """Note a step that has succeeded."""
        self.steps.append(Step(step, "ok", message))

    def unavailable(self, step: str, words: str, *, retry_after_s: float | None = None) -> ChannelUnavailable:
        """Return the error of a step that may succeed later; when time is up, that is the reason."""
        # On a busy machine the socket's own time-out may come before the one that cuts.
        if self.is_cut or self._left_s() <= 0:
            words = f"{self.server.host} did not answer completely within {self.within_s:.1f} s"
        return ChannelUnavailable(
            f"channel {self.server.channel}: {words}", stopped_at=step, retry_after_s=retry_after_s
        )

    def refused(self, step: str, words: str) -> ChannelRefused:
        """Return the error of a step that fails again until somebody acts."""
        return ChannelRefused(f"channel {self.server.channel}: {words}", stopped_at=step)

    def connect(self) -> None:
        """Find the server's addresses, check them, and connect to one of them.

        Raises: ChannelUnavailable; ChannelRefused for an internal address that is not allowed.
        """
        found = self._look_up()
        told = ""
        for at, (family, kind, protocol, _, address) in enumerate(found):
            try:
                self._try(socket.socket(family, kind, protocol), address, 1 / (len(found) - at))
            except OSError as error:
                told = _reason(error)
            else:
                self.passed("tcp", f"port {self.server.port} of {address[0]} answers")
                return
        server = self.server
        words = f"port {server.port} of {server.host} does not answer ({told}): check {server.setting}"
        raise self.unavailable("tcp", f"{words}, and the firewall between here and there")

    def encrypt(self) -> None:
        """Start TLS, and verify the server's certificate. Raises: ChannelUnavailable, ChannelRefused."""
        host = self.server.host
        try:
            context = trust(self.server.ca_file)
        except OSError as error:
            raise self.refused("tls", f"ca_file cannot be read ({_reason(error)})") from error
        try:
            # The handshake comes later: a cut must find the new socket, as the old one is detached.
            self.socket = tls = context.wrap_socket(
                self.connected, server_hostname=host, do_handshake_on_connect=False
            )
            if self.is_cut:
                self._cut()
            tls.do_handshake()
        except ssl.SSLCertVerificationError as error:
            words = f"the certificate of {host} is refused: {error.verify_message}"
            advice = f"check {self.server.setting}, or set ca_file to the authority behind it"
            raise self.refused("tls", f"{words}; {advice}") from error
        except (OSError, ValueError) as error:
            raise self.unavailable(
                "tls", f"no TLS with {host} ({_reason(error)}): check {self.server.setting}"
            ) from error
        if self.is_cut:
            raise self.unavailable("tls", "")
        self.passed("tls", f"{tls.version()}, certificate verified")

    def _look_up(self) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        server = self.server
        try:
            found = look_up(server.host, server.port, self._left_s())
        except OSError as error:
            raise self.unavailable(
                "dns", f"{server.host} cannot be resolved ({_reason(error)}): check {server.setting}"
            ) from error
        addresses = sorted({str(one[4][0]) for one in found})
        if not server.allow_internal and (inside := list(filter(is_internal, addresses))):
            words = f"{server.host} is {inside[0]}, an address of a private network"
            raise self.refused("dns", f"{words}: check {server.setting}, or set allow_internal: true")
        self.passed("dns", f"{server.host} is {', '.join(addresses[:3])}")
        return found[:_MOST_ADDRESSES]

    def _try(self, one: socket.socket, address: tuple[str, int], share: float) -> None:
        try:
            one.settimeout(max(min(_LONGEST_CONNECT_S, self._left_s() * share), 0.001))
            one.connect(address)
            one.settimeout(max(self._left_s(), 0.001))
        except OSError:
            one.close()
            raise
        self.socket = one
        if self.is_cut:
            self._cut()

    def _left_s(self) -> float:
        return self._until_s - time.monotonic()

    def _cut(self) -> None:
        self.is_cut = True
        if self.socket:
            with suppress(OSError):  # closed meanwhile
                # Not TLS's own shutdown(): it may be in the middle of reading.
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return whom TLS trusts: the public authorities, or those in a file alone. Raises: OSError."""
    if ca_file is None:
        return _public_trust()
    context = ssl.create_default_context(cafile=str(ca_file))
    # Authorities that firms run for themselves often lack what newer versions of Python insist on.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    return context


@cache
def _public_trust() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer"
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
