"""Posts to an HTTP endpoint: TLS verified, redirects refused, and all of it within one span of time.

`http.client` over our own connection: the address is the one that was checked, the deadline counts headers
and body that drip, and SMTP uses the same (docs/decisions/0079-channels-open-their-own-sockets.md).
Proxies that the environment names are not used, because they would look the host up anew.
"""

import http.client
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from plantpulse import __version__
from plantpulse.alerts.channels.channel import Step, failed, quoted
from plantpulse.alerts.channels.line import Line, Server
from plantpulse.alerts.channels.verdicts import judge
from plantpulse.errors import ChannelRefused, ChannelUnavailable

_PORTS: Final[Mapping[str, int]] = {"https": 443, "http": 80}
_MOST_READ: Final = 2000  # bytes of an answer that is no success; the others are not read


@dataclass(frozen=True, repr=False)
class Endpoint:
    """Where a channel posts to. `setting` names what holds the address, `secrets` is never shown."""

    channel: str
    url: str
    setting: str
    ca_file: Path | None = None
    allow_internal: bool = False
    secrets: Sequence[str] = ()

    def post(self, content: bytes, headers: Mapping[str, str], within_s: float) -> None:
        """Post a message; a success is 2xx. Raises: ChannelUnavailable, ChannelRefused."""
        self.ask(content, headers, within_s)

    def ask(self, content: bytes, headers: Mapping[str, str], within_s: float) -> bytes:
        """Post a message, and return the beginning of what is answered. Raises: as `post` does."""
        parts = self._parts()
        with Line(self._server(parts), within_s) as line:
            self._connect(line, parts)
            return self._exchange(line, parts, content, headers)

    def probe(self, within_s: float) -> Sequence[Step]:
        """Return the steps of a connection, without posting anything."""
        try:
            parts = self._parts()
            with Line(self._server(parts), within_s) as line:
                try:
                    self._connect(line, parts)
                except (ChannelRefused, ChannelUnavailable) as error:
                    return [*line.steps, failed(error)]
                return line.steps
        except ChannelRefused as error:
            return [failed(error)]

    def _parts(self) -> SplitResult:
        """Return the parts of the address. Raises: ChannelRefused, which does not quote it."""
        try:
            parts = urlsplit(self.url)
            is_usable = bool(parts.hostname) and parts.port != 0 and parts.scheme in _PORTS
        except ValueError:
            is_usable = False
        if not is_usable or not (self.url.isascii() and self.url.isprintable()) or " " in self.url:
            raise self._refused("must be a URL such as https://hooks.example.com/...")
        if parts.username is not None or parts.password is not None:
            raise self._refused("must be a URL without a user before its host")
        if parts.scheme == "http" and not self.allow_internal:
            raise self._refused("must begin with https://; only allow_internal: true posts without TLS")
        return parts

    def _refused(self, words: str) -> ChannelRefused:
        return ChannelRefused(f"channel {self.channel}: {self.setting} {words}", stopped_at="settings")

    def _server(self, parts: SplitResult) -> Server:
        port = parts.port or _PORTS[parts.scheme]
        host = parts.hostname or ""
        return Server(self.channel, host, port, self.setting, self.ca_file, self.allow_internal)

    def _connect(self, line: Line, parts: SplitResult) -> None:
        line.connect()
        if parts.scheme == "https":
            line.encrypt()

    def _exchange(self, line: Line, parts: SplitResult, content: bytes, headers: Mapping[str, str]) -> bytes:
        connection = http.client.HTTPConnection(line.server.host, line.server.port)
        connection.sock = line.connected
        place = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        try:
            connection.request("POST", place, content, self._headers(parts, headers))
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            # Its text may quote what was answered.
            words = f"{line.server.host} gave no answer that is HTTP ({type(error).__name__})"
            raise _unanswered(line, words) from None
        else:
            with response:
                if line.is_cut:  # what looks like its headers may be half of them
                    raise _unanswered(line, "")
                return self._judge(line, response)
        finally:
            connection.close()

    def _headers(self, parts: SplitResult, headers: Mapping[str, str]) -> dict[str, str]:
        return {
            "Host": parts.netloc,
            "User-Agent": f"plantpulse/{__version__}",
            "Content-Type": "application/json",
            "Connection": "close",
            **headers,
        }

    def _judge(self, line: Line, response: http.client.HTTPResponse) -> bytes:
        """Return what was answered. Raises: ChannelUnavailable, ChannelRefused unless it is a success."""
        status, body = response.status, b""
        with suppress(OSError, http.client.HTTPException, ValueError):  # the status says enough
            body = response.read(_MOST_READ)
        answered = {"Retry-After": response.headers.get("Retry-After", "")}
        answered["Date"] = response.headers.get("Date", "")
        said = quoted(body, self.url, *self.secrets)
        verdict = judge(status, said, answered, datetime.now(UTC))
        if verdict is None:
            return body
        words = f"{line.server.host} {verdict.words}"
        if verdict.is_transient:
            error = ChannelUnavailable(
                f"channel {self.channel}: {words}", stopped_at="send", retry_after_s=verdict.retry_after_s
            )
            raise error
        raise line.refused("send", f"{words}: check {self.setting}")


def _unanswered(line: Line, words: str) -> ChannelUnavailable:
    """Return the error of a message that was handed over, and whose answer is missing."""
    error = line.unavailable("send", words)
    error.is_perhaps_sent = True
    return error
