"""Calls of Supabase's SQL functions: keys, time-outs, retries.

Each SQL function is one transaction and harmless to repeat, so every call is retried if its reply was lost.
`store` knows the functions; this module does not. What people ask for goes through `tables`.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from plantpulse import __version__
from plantpulse.database.answers import Answer, Json
from plantpulse.database.http import CallFailed, Reply, Session
from plantpulse.database.refusals import cut_off, refusal, unreadable
from plantpulse.errors import OutOfTime, StoreRefused, StoreUnavailable
from plantpulse.retry import ATTEMPTS, Errors, Pacing, retried
from plantpulse.settings import SupabaseSettings

SHORTEST_CALL_S: Final = 0.5  # with less time left no call is started
RESERVED_FOR_FAILING_S: Final = 2.0  # time that every other call leaves for recording a failure
CALL_TIMEOUT_S: Final = (
    35.0  # more than the SQL functions' own statement time-out of 30 s, so that the server answers first
)
_OK: Final = range(200, 300)
_JSON: Final = {"Content-Type": "application/json"}


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
    ) -> None:
        self._seconds_left = seconds_left
        self._clock = clock
        self._pacing = pacing
        self._session = Session(settings.url, key_headers(settings.secret_key.reveal()))

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
        asking: Callable[[], object] | None = None,
    ) -> dict[str, Json]:
        """Return the object that an SQL function returns; `reserved_s` of the run's time stay free.

        `but_not` is not retried. `asking` is called before each attempt.

        Raises: StoreUnavailable, StoreRefused, OutOfTime.
        """
        if self._clock:
            arguments = {**arguments, "p_now": self._clock().isoformat()}
        body = json.dumps(arguments, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        path = f"/rest/v1/rpc/{function}"

        def post(timeout_s: float) -> Reply:
            if asking:
                asking()
            return self._session.post(path, body, _JSON, timeout_s=timeout_s)

        answer = self._ask(function, post, reserved_s=reserved_s, but_not=but_not, attempts=attempts)
        if not isinstance(answer, dict):
            raise StoreRefused(f"Supabase returned no object for {function}: check SUPABASE_URL")
        try:
            return Answer.of(function, answer).check()
        except RecursionError as error:
            raise unreadable(function) from error

    def fetch(self, path: str) -> Json:
        """Return the JSON document at a path of the project. Raises: as `call` does."""
        return self._ask(path, lambda timeout_s: self._session.get(path, timeout_s=timeout_s))

    def _ask(
        self,
        what: str,
        send: Callable[[float], Reply],
        *,
        reserved_s: float = 0.0,
        but_not: Errors = (),
        attempts: int = ATTEMPTS,
    ) -> Json:
        """Return the document that answers a request, which is sent again while that can help."""

        def seconds_left() -> float:
            return self._seconds_left() - reserved_s

        def ask_once() -> Json:
            timeout_s = call_timeout_s(what, seconds_left())
            try:
                reply = send(timeout_s)
            except CallFailed as error:
                told = f"Supabase at {self._session.host} did not answer {what}: {error}"
                raise StoreUnavailable(told) from error
            return document_of(what, reply)

        return retried(
            ask_once,
            name=f"Supabase {what}",
            seconds_left=seconds_left,
            pacing=self._pacing,
            but_not=but_not,
            attempts=attempts,
        )


def call_timeout_s(what: str, left_s: float) -> float:
    """Return how long a call may take. Raises: OutOfTime if so little is left that it is not sent."""
    if left_s < SHORTEST_CALL_S:
        raise OutOfTime(f"Supabase {what} was not sent: the run has {max(left_s, 0):.1f} s left")
    return min(CALL_TIMEOUT_S, left_s)


def document_of(what: str, reply: Reply) -> Json:
    """Return the JSON of a reply. Raises: what `refusal` returns, if it is one."""
    try:
        document = json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        if reply.status not in _OK:
            raise refusal(what, None, reply.status, reply.reason) from error
        raise (cut_off if _breaks_off(reply.body, error) else unreadable)(what) from error
    if reply.status in _OK:
        return document
    told = document if isinstance(document, dict) else {}
    code, message = told.get("code"), told.get("message")
    raise refusal(
        what,
        code if isinstance(code, str) else None,
        reply.status,
        message if isinstance(message, str) else reply.reason,
    )


def _breaks_off(body: bytes, error: Exception) -> bool:
    """Say whether a document that cannot be read may be the begin of one: a proxy has lost the rest."""
    is_like_json = body.lstrip()[:1] in (b"", b"{", b"[")
    return is_like_json and isinstance(error, json.JSONDecodeError | UnicodeDecodeError)


def key_headers(key: str) -> dict[str, str]:
    """Return the headers with the key: a new key is only in `apikey`, a legacy key in both.

    Source: https://supabase.com/docs/guides/api/api-keys
    """
    headers = {"apikey": key, "User-Agent": f"plantpulse/{__version__}"}
    if not key.startswith("sb_"):
        headers["Authorization"] = f"Bearer {key}"
    return headers
