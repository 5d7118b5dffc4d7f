"""Statements and transactions on the session's Postgres connection, with SQL Server's rules.

SQL Server undoes a failed statement alone and leaves its transaction open; Postgres would give up the
whole transaction. So every statement inside one runs in a savepoint of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from psycopg import pq

from devstack.sqlserver.errors import DEADLOCK_VICTIM, SqlServerError, from_postgres
from devstack.sqlserver.faults import Faults
from devstack.sqlserver.store import PostgresRefused, Store
from devstack.sqlserver.variables import Counters

_SAVEPOINT: Final = "stand_in_statement"
_NOT_BEGUN: Final = "The {} TRANSACTION request has no corresponding BEGIN TRANSACTION."
_NO_NAMES: Final[Mapping[str, str]] = {}


class Execution:
    """Runs translated statements; `now` drives the server's clock, None leaves it to Postgres."""

    def __init__(
        self,
        store: Store,
        counters: Counters,
        faults: Faults,
        now: Callable[[], datetime] | None,
        *,
        first_wait_s: float = 0.0,
    ) -> None:
        self._first_wait_s = first_wait_s
        self._store = store
        self._counters = counters
        self._faults = faults
        self._now = now
        self.own_types = store.own_types

    def set(self, name: str, value: str) -> None:
        """Apply a Postgres setting to the session."""
        self._store.set(name, value)

    def begin(self) -> None:
        """BEGIN TRANSACTION; nested ones are only counted."""
        if self._counters.transactions == 0:
            self._store.command("begin")
        self._counters.transactions += 1

    def commit(self) -> None:
        """COMMIT TRANSACTION; only the outermost one commits.

        Raises: SqlServerError: 3902, or what Postgres finds only now.
        """
        if self._counters.transactions == 0:
            raise SqlServerError(3902, _NOT_BEGUN.format("COMMIT"))
        self._counters.transactions -= 1
        if self._counters.transactions == 0:
            try:
                self._store.command("commit")
            except PostgresRefused as refusal:
                raise from_postgres(refusal.sqlstate, refusal.text, names=_NO_NAMES) from refusal

    def roll_back(self) -> None:
        """ROLLBACK TRANSACTION, of all nested ones.

        Raises: SqlServerError: 3903.
        """
        if self._counters.transactions == 0:
            raise SqlServerError(3903, _NOT_BEGUN.format("ROLLBACK"))
        self._counters.transactions = 0
        self._store.command("rollback")
        self._store.restore_settings()

    def first_row(
        self, sql: str, values: list[str | None] | None = None, names: Mapping[str, str] = _NO_NAMES
    ) -> list[str | None]:
        """Run a statement whose columns are text and return its first row; empty when there is none."""
        row: list[str | None] = []
        for result in self.results(sql, values or [], names):
            if result.ntuples and not row:
                raw = [result.get_value(0, index) for index in range(result.nfields)]
                row = [None if value is None else value.decode(errors="replace") for value in raw]
        return row

    def results(
        self, sql: str, values: list[str | None], names: Mapping[str, str] = _NO_NAMES
    ) -> Iterator[pq.abc.PGresult]:
        """Run one statement and yield its result in chunks.

        Raises: SqlServerError, Cancelled.
        """
        if self._now:
            self._store.fetch_row("select set_config('mssql.now', $1, false)", [self._now().isoformat()])
        in_transaction = self._counters.transactions > 0
        if in_transaction:
            self._store.command(f"savepoint {_SAVEPOINT}")
        is_done = False
        try:
            yield from self._delayed(sql, values)
            is_done = True
        except PostgresRefused as refusal:
            raise from_postgres(refusal.sqlstate, refusal.text, names=names) from refusal
        finally:
            if in_transaction:
                self._store.command(f"{'release' if is_done else 'rollback to'} savepoint {_SAVEPOINT}")

    def end_deadlocked(self, error: SqlServerError) -> None:
        """A deadlock's victim loses its whole transaction."""
        if error.number == DEADLOCK_VICTIM and self._counters.transactions:
            self.roll_back()

    def _delayed(self, sql: str, values: list[str | None]) -> Iterator[pq.abc.PGresult]:
        delay_s, self._first_wait_s = self._faults.delay_s + self._first_wait_s, 0.0
        if delay_s > 0:
            self._store.command(f"select pg_sleep({delay_s})")
        yield from self._store.results(sql, values)
