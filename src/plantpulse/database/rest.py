"""Requests by `postgrest`, the part of supabase-py for tables, and httpx under it.

For the command line alone, and imported with the first request (`tables`): both take longer to import than
most calls take.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from postgrest import SyncPostgrestClient
from postgrest.exceptions import APIError

from plantpulse.connections import Connections, trust
from plantpulse.database.answers import Json
from plantpulse.database.http import CONNECT_TIMEOUT_S
from plantpulse.database.refusals import refusal, unreadable
from plantpulse.database.transport import call_timeout_s, key_headers
from plantpulse.errors import ConfigurationError, StoreRefused, StoreUnavailable
from plantpulse.retry import ATTEMPTS, retried
from plantpulse.settings import SupabaseSettings


class Rest:
    """A connection to one project; close it afterwards."""

    def __init__(self, settings: SupabaseSettings, *, seconds_left: Callable[[], float]) -> None:
        self._seconds_left = seconds_left
        self._last_status = 0
        self._connections = Connections()
        self._session = httpx.Client(
            base_url=settings.url,
            headers=key_headers(settings.secret_key.reveal()),
            event_hooks={
                "request": [_keep_new_keys_apart, self._connections.follow],
                "response": [self._note_answer],
            },
            verify=trust(settings.url.partition(":")[0]),
        )
        self._client = SyncPostgrestClient(f"{settings.url}/rest/v1", headers={}, http_client=self._session)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def lend(self, what: str, use: Callable[[httpx.Client], Json]) -> Json:
        """Return what `use` gets over this connection, bounded and retried. Raises: as `call` does."""
        return self._ask(what, lambda: use(self._session))

    def send(
        self, what: str, build: Callable[[SyncPostgrestClient], Any], *, attempts: int = ATTEMPTS
    ) -> list[dict[str, Json]]:
        """Return the rows of a query; `attempts` is 1 if it does harm twice. Raises: as `call` does."""
        answer = self._ask(what, lambda: build(self._client).retry(False).execute().data, attempts=attempts)
        if not isinstance(answer, list):
            raise StoreRefused(f"Supabase returned no list for {what}: check SUPABASE_URL")
        return answer

    def _ask(self, what: str, request: Callable[[], Json], *, attempts: int = ATTEMPTS) -> Json:
        """Return the result of a request, retried while that can help."""

        def ask_once() -> Json:
            try:
                with self._bounded(what):
                    return request()
            except APIError as error:
                raise refusal(what, error.code, self._last_status, error.message or "") from error
            except (ValueError, RecursionError) as error:
                if not self._last_status:
                    raise  # ours: the request could not be written
                raise unreadable(what) from error

        return retried(ask_once, name=f"Supabase {what}", seconds_left=self._seconds_left, attempts=attempts)

    @contextmanager
    def _bounded(self, name: str) -> Iterator[None]:
        """Limit the request to the time left, and translate network errors."""
        timeout_s = call_timeout_s(name, self._seconds_left())
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


def _keep_new_keys_apart(request: httpx.Request) -> None:
    """Leave a new key out of Authorization, where supabase-py puts it: it is no JWT and may be refused.

    Source: https://supabase.com/docs/guides/api/api-keys
    """
    if request.headers.get("Authorization", "").startswith("Bearer sb_"):
        del request.headers["Authorization"]
