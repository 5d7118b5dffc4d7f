"""One connection to Postgres, driven so that the client can be heard while a query runs.

libpq is used below psycopg's cursors: results come in chunks and in binary, and the wait for them is
a select() over both sockets. Nothing here knows T-SQL.
"""

import select
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import psycopg
from psycopg import pq
from tzlocal.windows_tz import win_tz

from devstack.sqlserver.collations import Collation

_CHUNK_ROWS: Final = 500
_BINARY: Final = 1
_INSTALL_LOCK: Final = 7_400_018_456
_CANCELLED: Final = "57014"
_FILES: Final = ("functions.sql", "times.sql", "views.sql")
# CLDR says for each Windows zone which zone of the tz database it is.
_ZONES: Final = """
insert into mssql.time_zone (name, zone) select * from unnest(%s::text[], %s::text[])
on conflict (name) do update set zone = excluded.zone"""


class Cancelled(Exception):
    """The client asked for the running query to be given up, and it was."""


class PostgresRefused(Exception):
    """Postgres' own error: its SQLSTATE and text."""

    def __init__(self, sqlstate: str, text: str) -> None:
        super().__init__(text)
        self.sqlstate = sqlstate
        self.text = text


def install(database_url: str) -> None:
    """Create or refresh schema mssql, and schema dbo for the tables."""
    with psycopg.connect(database_url) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_INSTALL_LOCK])
        connection.execute("set local search_path = pg_catalog")
        connection.execute("set local client_min_messages = warning")
        for name in _FILES:
            connection.execute(Path(__file__).with_name(name).read_bytes())
        connection.execute(_ZONES, [list(win_tz), list(win_tz.values())])


def collate(database_url: str, collation: Collation) -> None:
    """Has a database compare texts by another collation, until `install` or this is called again."""
    with psycopg.connect(database_url) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_INSTALL_LOCK])
        connection.execute(collation.definition.encode())


class Store:
    """A session in Postgres.

    `watch` is called while a query runs whenever the client's socket has something to read; it returns
    True when the query is to be cancelled.
    """

    def __init__(
        self, database_url: str, settings: dict[str, str], client: int, watch: Callable[[], bool]
    ) -> None:
        self._connection = psycopg.connect(database_url, autocommit=True)
        self._pg = self._connection.pgconn
        self._client = client
        self._watch = watch
        self._settings: dict[str, str] = {}
        for name, value in settings.items():
            self.set(name, value)
        self.own_types = self._find_own_types()

    def set(self, name: str, value: str) -> None:
        """Set a Postgres setting for the session; it survives a roll-back, as SQL Server's do."""
        self._settings[name] = value
        self.fetch_row("select set_config($1, $2, false)", [name, value])

    def restore_settings(self) -> None:
        """Set again what a roll-back has undone."""
        for name, value in self._settings.items():
            self.fetch_row("select set_config($1, $2, false)", [name, value])

    def command(self, sql: str) -> None:
        """Run a statement that returns nothing."""
        for _ in self.results(sql, []):
            pass

    def fetch_row(self, sql: str, values: list[str | None]) -> list[str | None]:
        """The first row of a result whose columns are all text."""
        row: list[str | None] = []
        for result in self.results(sql, values):
            if result.ntuples and not row:
                raw = [result.get_value(0, column) for column in range(result.nfields)]
                row = [None if value is None else value.decode() for value in raw]
        return row

    def results(self, sql: str, values: list[str | None]) -> Iterator[pq.abc.PGresult]:
        """Run one statement and yield its result in chunks; the last one has no rows left.

        Raises: PostgresRefused, Cancelled, and whatever `watch` raises.
        """
        encoded = [None if value is None else value.encode() for value in values]
        self._pg.send_query_params(sql.encode(), encoded, result_format=_BINARY)
        self._pg.set_chunked_rows_mode(_CHUNK_ROWS)
        is_finished = False
        try:
            yield from self._chunks()
            is_finished = True
        except (PostgresRefused, Cancelled):
            is_finished = True
            raise
        finally:
            if not is_finished:
                self._abandon()

    def close(self) -> None:
        """End the Postgres session."""
        self._connection.close()

    def _chunks(self) -> Iterator[pq.abc.PGresult]:
        refusal: PostgresRefused | None = None
        is_cancelled = False
        while True:
            is_cancelled = self._wait(is_cancelled)
            result = self._pg.get_result()
            if result is None:
                break
            if result.status == pq.ExecStatus.FATAL_ERROR:
                refusal = _refusal(result)
            elif not is_cancelled and refusal is None:
                yield result
        if is_cancelled:
            raise Cancelled
        if refusal:
            raise refusal

    def _wait(self, is_cancelled: bool) -> bool:
        """Wait for the next chunk; True once the client has cancelled."""
        while True:
            unsent = self._pg.flush()
            is_busy = bool(self._pg.is_busy())
            # Also between chunks that are there already: a long result must not deafen the server.
            watched = [self._pg.socket] if is_cancelled else [self._pg.socket, self._client]
            timeout = None if is_busy else 0
            readable, _, _ = select.select(watched, [self._pg.socket] if unsent else [], [], timeout)
            if self._client in readable and self._watch():
                self._cancel()
                is_cancelled = True
            if self._pg.socket in readable:
                self._pg.consume_input()
            if not is_busy:
                return is_cancelled

    def _cancel(self) -> None:
        with suppress(psycopg.Error):
            self._pg.get_cancel().cancel()

    def _abandon(self) -> None:
        """Read the rest of a result that nobody wants any more."""
        self._cancel()
        with suppress(psycopg.Error):
            while self._pg.get_result() is not None:
                pass

    def _find_own_types(self) -> dict[int, str]:
        names = ("bit", "tinyint", "datetimeoffset")
        columns = ", ".join(f"to_regtype('mssql.{name}')::oid::text" for name in names)
        oids = self.fetch_row(f"select {columns}", [])
        return {int(oid): name for oid, name in zip(oids, names, strict=True) if oid}


def _refusal(result: pq.abc.PGresult) -> PostgresRefused:
    sqlstate = result.error_field(pq.DiagnosticField.SQLSTATE) or b"XX000"
    text = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b""
    return PostgresRefused(sqlstate.decode(), text.decode(errors="replace"))
