"""Requests to a publisher of series: bounded in time and size, tried again, and silent about the key.

What an answer means is the API's own business: `Http.get` returns it, whether the publisher agreed or not.
Only what says nothing about the question is an error here: no connection, a time-out, 429, a server's fault.

Some APIs want their key in the URL, and httpx has it in its log and in its exceptions. So that log is
silenced, and no exception of httpx is the cause or the context of one that leaves this module.
"""

import logging
import ssl
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

import httpx

from plantpulse import __version__
from plantpulse.connections import Connections, trust
from plantpulse.errors import (
    ConfigurationError,
    OutOfTime,
    PlantpulseError,
    PublisherBusy,
    PublisherRefused,
    PublisherUnavailable,
    UnreadableReply,
    one_line,
)
from plantpulse.retry import Pacing, retried
from plantpulse.retry_after import retry_after_s
from plantpulse.series.sources.addresses import checked_address, is_loopback
from plantpulse.series.sources.inflation import BrokenOff, TooLarge, content_of
from plantpulse.series.sources.redaction import Redaction
from plantpulse.settings import Secret

TRIES: Final = 3
FIRST_WAIT_S: Final = 2.0
TRY_TIMEOUT_S: Final = 60.0  # for one try, from the connection to the last byte
CONNECT_TIMEOUT_S: Final = 10.0
SHORTEST_TRY_S: Final = 0.5  # with less time left no try is started
MOST_REDIRECTS: Final = 3
LONGEST_EXCERPT: Final = 2000  # letters of a reply that are kept with an error
_MOST_LOOKED_AT: Final = 65_536  # bytes; so many more than an excerpt that no secret is cut at its end

_PASSING: Final = frozenset({408, 425})  # beside all from 500; 429 has an error of its own
_CODINGS: Final[Mapping[str, bool]] = {"": False, "identity": False, "gzip": True, "x-gzip": True}
_LOGS_WITH_URLS: Final = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")

Values = Mapping[str, str | Secret]


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


for _name in _LOGS_WITH_URLS:
    logging.getLogger(_name).addFilter(_is_warning)


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An answer. `content` is no longer compressed; it may repeat the key, so show only an excerpt of it.

    `api_ms` is how long its tries took together, without the waits between them.
    """

    status: int
    content: bytes = field(repr=False)
    content_type: str
    received_at: datetime
    api_ms: int
    tries: int


@dataclass(slots=True)
class _Asked:
    """One question, and what its tries have cost so far."""

    request: Callable[[], httpx.Request]
    most_bytes: int
    tries: int = 0
    api_s: float = 0.0


@dataclass(repr=False, eq=False)
class Http:
    """A connection to one publisher for one run and one thread; close it after the run.

    `name` is for messages. `secrets` are taken out of every text that leaves. `requests_a_minute` are spread
    evenly, since a publisher may count by the second; None sets no bound. `clock` tells when a reply came.
    Raises: ConfigurationError if the address cannot be used; it must be https, or on this machine.
    """

    name: str
    base_url: str
    secrets: Sequence[Secret]
    seconds_left: Callable[[], float]
    clock: Callable[[], datetime]
    pacing: Pacing | None = None
    transport: httpx.BaseTransport | None = None
    requests_a_minute: int | None = None
    monotonic: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        address = checked_address(self.name, self.base_url)
        self.redacted = Redaction(self.secrets)
        self._told = f"{self.name} at {address.host}"
        self._pacing = self.pacing or Pacing()
        self._next_at_s = self.monotonic()
        self._connections = Connections()
        self._client = httpx.Client(
            headers={"User-Agent": f"plantpulse/{__version__}", "Accept-Encoding": "gzip"},
            event_hooks={"request": [self._connections.follow]},
            transport=self.transport,
            trust_env=not is_loopback(address.host),  # no proxy gets what is not encrypted
            verify=trust(address.scheme),
        )

    def __enter__(self) -> "Http":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def get(
        self, path: str = "", params: Values | None = None, headers: Values | None = None, *, most_bytes: int
    ) -> HttpReply:
        """Return the answer to a request, also if it is a refusal (4xx) that only its API can explain.

        `path` follows the base URL. A key in `params` or `headers` is given as a Secret.

        Raises: PublisherUnavailable after the last try; PublisherBusy at once; OutOfTime if the run has no
        time for a try; PublisherRefused for a redirect to elsewhere or a certificate that nobody vouches for;
        UnreadableReply for more than `most_bytes`; ConfigurationError for a key that no request can carry.
        """
        asked = _Asked(lambda: self._request(path, params or {}, headers or {}), most_bytes)
        return retried(
            lambda: self._try(asked),
            name=f"A request to {self._told}",
            seconds_left=self.seconds_left,
            pacing=self._pacing,
            but_not=(PublisherBusy, OutOfTime),
            attempts=TRIES,
            first_wait_s=FIRST_WAIT_S,
        )

    def excerpt(self, content: bytes) -> str:
        """Return the beginning of a reply as text, without secrets."""
        beginning = content[:_MOST_LOOKED_AT].decode("utf-8", "replace")
        return self.redacted(beginning)[:LONGEST_EXCERPT]

    def _try(self, asked: _Asked) -> HttpReply:
        self._keep_the_pace()
        left_s = self.seconds_left()
        if left_s < SHORTEST_TRY_S:
            raise self._out_of_time()
        asked.tries += 1
        began_s = self.monotonic()
        outcome = self._outcome(asked, min(TRY_TIMEOUT_S, left_s))
        asked.api_s += self.monotonic() - began_s
        if isinstance(outcome, PlantpulseError):
            raise outcome
        content, response = outcome
        content_type = response.headers.get("Content-Type", "")
        ms = round(1000 * asked.api_s)
        return HttpReply(response.status_code, content, content_type, self.clock(), ms, asked.tries)

    def _keep_the_pace(self) -> None:
        """Wait until the next request may be sent. Raises: OutOfTime rather than wait in vain."""
        if self.requests_a_minute is None:
            return
        wait_s = self._next_at_s - self.monotonic()
        if wait_s > 0:
            if wait_s >= self.seconds_left():
                raise self._out_of_time()
            self._pacing.sleep(wait_s)
        self._next_at_s = self.monotonic() + 60 / self.requests_a_minute

    def _out_of_time(self) -> OutOfTime:
        return OutOfTime(f"{self._told} was not asked: the run has {max(self.seconds_left(), 0):.1f} s left")

    def _outcome(self, asked: _Asked, timeout_s: float) -> tuple[bytes, httpx.Response] | PlantpulseError:
        """Return content and head of the answer, or an error that has no exception of httpx behind it."""
        connect_s = min(CONNECT_TIMEOUT_S, timeout_s)
        self._client.timeout = httpx.Timeout(timeout_s, connect=connect_s)
        outcome: tuple[bytes, httpx.Response] | PlantpulseError
        with self._connections.bounded(timeout_s):
            try:
                outcome = self._exchange(asked)
            except PlantpulseError as error:
                outcome = error.with_traceback(None)  # its frames have the request, and so the key
            except httpx.RequestError as error:
                within_s = connect_s if isinstance(error, httpx.ConnectTimeout) else timeout_s
                outcome = self._failure(error, within_s)
        return self._late(timeout_s) if self._connections.is_cut else outcome

    def _late(self, within_s: float) -> PublisherUnavailable:
        return PublisherUnavailable(f"{self._told} did not answer completely within {within_s:.1f} s")

    def _failure(self, error: httpx.RequestError, within_s: float) -> PlantpulseError:
        if isinstance(error, httpx.TimeoutException):
            return self._late(within_s)
        said = one_line(self.redacted(str(error)))
        if isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol):
            return self._unusable()
        if _is_about_a_certificate(error):
            return PublisherRefused(f"{self._told} shows a certificate that is not trusted: {said}")
        words = f"{self._told} did not answer: {type(error).__name__}"
        return PublisherUnavailable(f"{words} ({said})" if said else words)

    def _unusable(self) -> ConfigurationError:
        return ConfigurationError(f"{self._told}: its key or address has letters that no request can carry")

    def _request(self, path: str, params: Values, headers: Values) -> httpx.Request:
        url = self.base_url.rstrip("/") + (f"/{path.lstrip('/')}" if path else "")
        try:
            return self._client.build_request("GET", url, params=_plain(params), headers=_plain(headers))
        except (httpx.InvalidURL, UnicodeError):
            pass  # its text has the key
        raise self._unusable()

    def _exchange(self, asked: _Asked) -> tuple[bytes, httpx.Response]:
        """Return content and head of the answer; a redirect on the same host is followed."""
        request = asked.request()
        first = request
        for _ in range(MOST_REDIRECTS + 1):
            response = self._client.send(request, stream=True)
            try:
                if response.next_request is None:
                    self._refuse_failures(response)
                    return self._content(response, asked.most_bytes), response
                request = response.next_request
            finally:
                response.close()
            self._refuse_other_hosts(first.url, request.url)
        raise PublisherRefused(f"{self._told} redirects more than {MOST_REDIRECTS} times")

    def _refuse_other_hosts(self, asked: httpx.URL, target: httpx.URL) -> None:
        if (target.scheme, target.host, target.port) != (asked.scheme, asked.host, asked.port):
            where = one_line(self.redacted(f"{target.scheme}://{target.host}"))
            raise PublisherRefused(f"{self._told} redirects to {where}, which is not followed: check its URL")

    def _refuse_failures(self, response: httpx.Response) -> None:
        """Raises: PublisherBusy, PublisherUnavailable, PublisherRefused unless the status is 2xx or 4xx."""
        status = response.status_code
        words = f"{self._told} answered {_named(status)}"
        wait_s = retry_after_s(response.headers, self.clock())
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise PublisherBusy(f"{words}: it gets too many requests", retry_after_s=wait_s)
        if status in _PASSING or status >= 500:
            raise PublisherUnavailable(words, retry_after_s=wait_s)
        if 300 <= status < 400:
            raise PublisherRefused(f"{words}, but does not say where to go: check its URL")

    def _content(self, response: httpx.Response, most_bytes: int) -> bytes:
        coding = response.headers.get("Content-Encoding", "").strip().lower()
        if coding not in _CODINGS:
            raise UnreadableReply(f"{self._told} sent an encoding that nobody asked for: {one_line(coding)}")
        is_read = response.is_stream_consumed  # by a transport that is no network; what it was is inflated
        parts = [response.content] if is_read else response.iter_raw()
        is_plain = is_read or response.headers.get("Content-Length") == "0"
        try:
            return content_of(parts, most_bytes, is_gzip=_CODINGS[coding] and not is_plain)
        except TooLarge:
            words = f"{self._told} sent more than {most_bytes:,} bytes"
            raise UnreadableReply(words) from None
        except BrokenOff:
            raise PublisherUnavailable(f"{self._told} broke off its answer") from None
        except zlib.error:
            raise UnreadableReply(f"{self._told} sent a body that is not gzip, as it says it is") from None


def _plain(values: Values) -> dict[str, str]:
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in values.items()}


def _is_about_a_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
