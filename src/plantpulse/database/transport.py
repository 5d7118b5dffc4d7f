"""Requests to Supabase's Data API: keys, time-outs, retries, and the meaning of refusals.

Only `postgrest` is used, the part of supabase-py for SQL functions: the whole package takes twice as long to
import, and every poll is a cold start. Each SQL function is one transaction and harmless to repeat, so every
call is retried if its reply was lost. `pipelines` knows the functions; this module does not.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import httpx
from postgrest import SyncPostgrestClient, SyncRequestBuilder, SyncSelectRequestBuilder
from postgrest.exceptions import APIError

from plantpulse import __version__
from plantpulse.connections import Connections, trust
from plantpulse.errors import (
    ConfigurationError,
    OutOfTime,
    PlantpulseError,
    StatementTimedOut,
    StoreRefused,
    StoreUnavailable,
    one_line,
)
from plantpulse.retry import ATTEMPTS, Errors, Pacing, retried
from plantpulse.settings import SupabaseSettings

Json = Any
Select = Callable[[SyncRequestBuilder], SyncSelectRequestBuilder]

PAGE_ROWS = 1000  # the Data API's default page; a project may change it
CONNECT_TIMEOUT_S = 5.0
SHORTEST_CALL_S = 0.5  # with less time left no call is started
RESERVED_FOR_FAILING_S = 2.0  # time that every other call leaves for recording a failure
CALL_TIMEOUT_S = (
    35.0  # more than the SQL functions' own statement time-out of 30 s, so that the server answers first
)

# Beside the classes: an asset that was deleted meanwhile (23503), a database that is read-only for a while
# (25006), a lock that was not to be had (55P03).
_TRANSIENT_SQLSTATES = ("08", "40", "53", "57", "23503", "25006", "55P03")
_TRANSIENT_POSTGREST_CODES = ("PGRST000", "PGRST001", "PGRST002", "PGRST003")
_TRANSIENT_HTTP = (408, 425, 429)  # beside all from 500, which speak of servers and gateways
_PAUSED_HTTP = 540
_UNREADABLE = "Supabase returned no JSON that can be read for"
_STATEMENT_TIMED_OUT = "57014"
_SQLSTATE = re.compile(r"[0-9A-Z]{5}")

_ADVICE = {
    "42501": "the key lacks a grant: use the secret key, and apply the newest migrations",
    "PGRST202": "the SQL function is missing: apply the newest migrations",
    "PGRST301": "the key was refused: check SUPABASE_SECRET_KEY",
}


_LISTS_OF_OBJECTS: Final = frozenset(
    {
        "assets",
        "shift_patterns",
        "closed_days",
        "cost_centers",
        "new_events",
        "pipelines",
        "rows",
        "errors",
        "events",
    }
)
# What the parts of answers are, in whichever function's answer they are.
_KINDS: Final[Mapping[str, type]] = {
    **dict.fromkeys(("answer", "role", "server_version"), str),
    **dict.fromkeys(("run", "report", "snapshots", "summaries", "asset_names", "fingerprints"), dict),
    **dict.fromkeys(
        (*_LISTS_OF_OBJECTS, "planned_assets", "report_dates", "plants", "tables", "functions"), list
    ),
    **dict.fromkeys(("updated", "removed"), int),
}


class Answer(dict[str, Json]):
    """The object that an SQL function returned; what it should have and lacks is an error of Supabase's."""

    function: str

    @classmethod
    def of(cls, function: str, content: dict[str, Json]) -> "Answer":
        """Return the answer of a function, its inner objects as answers too."""
        inner = {name: cls.of(function, value) for name, value in content.items() if isinstance(value, dict)}
        answer = cls(content | inner)
        answer.function = function
        return answer

    def check(self) -> "Answer":
        """Return the answer. Raises: StoreRefused if one of its parts is of another kind."""
        for name, value in self.items():
            kind = _KINDS.get(name)
            if kind is None or value is None:
                continue
            is_right = isinstance(value, kind)
            if is_right and name in _LISTS_OF_OBJECTS:
                is_right = all(isinstance(one, dict) for one in value)
            if not is_right:
                raise StoreRefused(
                    f"Supabase's answer to {self.function} has a malformed {name}: "
                    "check SUPABASE_URL, and apply the newest migrations"
                )
        return self

    def __missing__(self, name: str) -> Json:
        raise StoreRefused(
            f"Supabase's answer to {self.function} has no {name}: "
            "check SUPABASE_URL, and apply the newest migrations"
        )


class Transport:
    """A connection to one project; close it after the invocation.

    `clock` is only for simulated time: the SQL functions then use it as now.
    """

    def __init__(
        self,
        settings: SupabaseSettings,
        *,
        seconds_left: Callable[[], float],
        clock: Callable[[], datetime] | None = None,
        pacing: Pacing | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._seconds_left = seconds_left
        self._clock = clock
        self._pacing = pacing
        self._last_status = 0
        self._connections = Connections()
        self._session = httpx.Client(
            base_url=settings.url,
            headers=_key_headers(settings.secret_key.reveal()),
            event_hooks={
                "request": [_keep_new_keys_apart, self._connections.follow],
                "response": [self._note_answer],
            },
            transport=transport,
            verify=trust(settings.url.partition(":")[0]),
        )
        self._client = SyncPostgrestClient(f"{settings.url}/rest/v1", headers={}, http_client=self._session)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    @contextmanager
    def within(self, seconds_left: Callable[[], float]) -> Iterator[None]:
        """Bound the calls inside by a second clock too."""
        whole = self._seconds_left
        self._seconds_left = lambda: min(whole(), seconds_left())
        try:
            yield
        finally:
            self._seconds_left = whole

    def call(
        self,
        function: str,
        arguments: dict[str, Json],
        *,
        reserved_s: float = RESERVED_FOR_FAILING_S,
        but_not: Errors = (),
        attempts: int = ATTEMPTS,
    ) -> dict[str, Json]:
        """Return the object that an SQL function returns; `reserved_s` of the run's time stay free.

        `but_not` is not retried.

        Raises: StoreUnavailable, StoreRefused, OutOfTime, ConfigurationError.
        """
        if self._clock:
            arguments = {**arguments, "p_now": self._clock().isoformat()}
        answer = self._ask(
            function,
            lambda: self._client.rpc(function, arguments).execute().data,
            reserved_s=reserved_s,
            but_not=but_not,
            attempts=attempts,
        )
        if not isinstance(answer, dict):
            raise StoreRefused(f"Supabase returned no object for {function}: check SUPABASE_URL")
        return Answer.of(function, answer).check()

    def fetch(self, path: str) -> Json:
        """Return the JSON document at a path of the project. Raises: as `call` does."""
        return self._ask(path, lambda: self._document(path))

    def lend(self, what: str, use: Callable[[httpx.Client], Json]) -> Json:
        """Return what `use` gets over this connection, bounded and retried. Raises: as `call` does."""
        return self._ask(what, lambda: use(self._session))

    def rows(self, table: str, select: Select, *, limit: int) -> list[dict[str, Json]]:
        """Return the first `limit` rows of a query, which needs a unique order.

        The Data API cuts an answer at its own length and does not say so, so pages are read until one is
        empty. Raises: as `call` does.
        """
        rows: list[dict[str, Json]] = []
        while len(rows) < limit:
            last = min(limit, len(rows) + PAGE_ROWS) - 1
            page = self.send(table, _select_range(table, select, len(rows), last))
            if not page:
                break
            rows += page
        return rows

    def send(
        self, what: str, build: Callable[[SyncPostgrestClient], Any], *, attempts: int = ATTEMPTS
    ) -> list[dict[str, Json]]:
        """Return the rows of a query; `attempts` is 1 if it does harm twice. Raises: as `call` does."""
        answer = self._ask(what, lambda: build(self._client).retry(False).execute().data, attempts=attempts)
        if not isinstance(answer, list):
            raise StoreRefused(f"Supabase returned no list for {what}: check SUPABASE_URL")
        return answer

    def _ask(
        self,
        what: str,
        request: Callable[[], Json],
        *,
        reserved_s: float = 0.0,
        but_not: Errors = (),
        attempts: int = ATTEMPTS,
    ) -> Json:
        """Return the result of a request, retried while that can help."""

        def seconds_left() -> float:
            return self._seconds_left() - reserved_s

        def ask_once() -> Json:
            try:
                with self._bounded(what, seconds_left()):
                    return request()
            except APIError as error:
                raise refusal(what, error.code, self._last_status, error.message or "") from error
            except (ValueError, RecursionError) as error:
                if not self._last_status:
                    raise  # ours: the request could not be written
                raise StoreRefused(f"{_UNREADABLE} {what}: check SUPABASE_URL") from error

        return retried(
            ask_once,
            name=f"Supabase {what}",
            seconds_left=seconds_left,
            pacing=self._pacing,
            but_not=but_not,
            attempts=attempts,
        )

    def _document(self, path: str) -> Json:
        answer = self._session.get(path)
        if answer.status_code != httpx.codes.OK:
            raise refusal(path, None, answer.status_code, answer.reason_phrase)
        return answer.json()

    @contextmanager
    def _bounded(self, name: str, left_s: float) -> Iterator[None]:
        """Limit the request to the time left, and translate network errors."""
        if left_s < SHORTEST_CALL_S:
            raise OutOfTime(f"Supabase {name} was not sent: the run has {max(left_s, 0):.1f} s left")
        timeout_s = min(CALL_TIMEOUT_S, left_s)
        self._last_status = 0
        self._session.timeout = httpx.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s))
        told = f"Supabase at {self._session.base_url.host} did not answer {name}"
        try:
            with self._connections.bounded(timeout_s):
                yield
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            malformed = "SUPABASE_URL or SUPABASE_SECRET_KEY is malformed: it cannot be used in a request"
            raise ConfigurationError(malformed) from error
        except (httpx.RequestError, APIError) as error:
            if self._connections.is_cut:
                raise StoreUnavailable(f"{told} completely within {timeout_s:.1f} s") from error
            if isinstance(error, APIError):
                raise
            raise StoreUnavailable(f"{told}: {type(error).__name__}") from error
        if self._connections.is_cut:
            raise StoreUnavailable(f"{told} completely within {timeout_s:.1f} s")

    def _note_answer(self, response: httpx.Response) -> None:
        self._last_status = response.status_code


def _select_range(table: str, select: Select, start: int, end: int) -> Callable[[SyncPostgrestClient], Any]:
    return lambda api: select(api.from_(table)).range(start, end)


def refusal(function: str, code: str | None, http_status: int, message: str) -> PlantpulseError:
    """Return the error for a refused call.

    The code in the body decides (SQLSTATE or PostgREST's own), because the HTTP status does not say whether
    another try can help. Without a code the status decides. `message` is the server's message without its
    details, which may quote a row. The messages of SQLSTATE class 22 quote the value itself.
    """
    quotes_a_value = bool(code and _SQLSTATE.fullmatch(code) and code.startswith("22"))
    words = "a value does not fit its column" if quotes_a_value else one_line(message)
    told = f"Supabase refused {function}: {words or 'no reason given'} ({code or 'HTTP'} {http_status})"
    if code == _STATEMENT_TIMED_OUT:
        return StatementTimedOut(told)
    if _is_transient(code, http_status):
        return StoreUnavailable(told)
    advice = _ADVICE.get(code or "")
    if advice is None and http_status in {401, 403, 404}:
        advice = "check SUPABASE_URL and SUPABASE_SECRET_KEY"
    if http_status == _PAUSED_HTTP:
        advice = "the project is paused: restore it in Supabase's dashboard"
    return StoreRefused(f"{told}; {advice}" if advice else told)


def _is_transient(code: str | None, http_status: int) -> bool:
    if code in _TRANSIENT_POSTGREST_CODES:
        return True
    if code and _SQLSTATE.fullmatch(code):
        return code.startswith(_TRANSIENT_SQLSTATES)
    if code and code.startswith("PGRST"):
        return False
    return http_status in _TRANSIENT_HTTP or (http_status >= 500 and http_status != _PAUSED_HTTP)


def _keep_new_keys_apart(request: httpx.Request) -> None:
    """Leave a new key out of Authorization, where supabase-py puts it: it is no JWT and may be refused.

    Source: https://supabase.com/docs/guides/api/api-keys
    """
    if request.headers.get("Authorization", "").startswith("Bearer sb_"):
        del request.headers["Authorization"]


def _key_headers(key: str) -> dict[str, str]:
    """Return the headers with the key: a new key is only in `apikey`, a legacy key in both."""
    headers = {"apikey": key, "User-Agent": f"plantpulse/{__version__}"}
    if not key.startswith("sb_"):
        headers["Authorization"] = f"Bearer {key}"
    return headers
