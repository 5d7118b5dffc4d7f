"""Requests that people make: rows of tables, Auth's own API, and SQL functions beside them.

For the command line alone. The functions call SQL functions alone (`transport`): every poll is a cold start.
A command that does no more does without the libraries for the others (`rest`), too.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from plantpulse.database.answers import Json
from plantpulse.database.transport import Transport
from plantpulse.retry import ATTEMPTS
from plantpulse.settings import SupabaseSettings

if TYPE_CHECKING:
    import httpx
    from postgrest import SyncPostgrestClient, SyncRequestBuilder, SyncSelectRequestBuilder

    from plantpulse.database.rest import Rest

Select = Callable[["SyncRequestBuilder"], "SyncSelectRequestBuilder"]

PAGE_ROWS = 1000  # the Data API's default page; a project may change it


class Tables:
    """A connection to one project for one command; close it afterwards."""

    def __init__(
        self,
        settings: SupabaseSettings,
        *,
        seconds_left: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._seconds_left = seconds_left
        self._functions = Transport(settings, seconds_left=seconds_left)

    @cached_property
    def _rest(self) -> "Rest":
        from plantpulse.database.rest import Rest  # noqa: PLC0415 - only for what is no SQL function

        return Rest(self._settings, seconds_left=self._seconds_left)

    def close(self) -> None:
        """Close the connections."""
        self._functions.close()
        if "_rest" in vars(self):
            self._rest.close()

    def call(self, function: str, arguments: dict[str, Json], *, reserved_s: float = 0.0) -> dict[str, Json]:
        """Return the object that an SQL function returns. Raises: as `Transport.call` does."""
        return self._functions.call(function, arguments, reserved_s=reserved_s)

    def fetch(self, path: str) -> Json:
        """Return the JSON document at a path of the project. Raises: as `Transport.call` does."""
        return self._functions.fetch(path)

    def lend(self, what: str, use: Callable[["httpx.Client"], Json]) -> Json:
        """Return what `use` gets over a connection, bounded and retried. Raises: as `call` does."""
        return self._rest.lend(what, use)

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
        self, what: str, build: Callable[["SyncPostgrestClient"], Any], *, attempts: int = ATTEMPTS
    ) -> list[dict[str, Json]]:
        """Return the rows of a query; `attempts` is 1 if it does harm twice. Raises: as `call` does."""
        return self._rest.send(what, build, attempts=attempts)


def _select_range(table: str, select: Select, start: int, end: int) -> Callable[["SyncPostgrestClient"], Any]:
    return lambda api: select(api.from_(table)).range(start, end)
