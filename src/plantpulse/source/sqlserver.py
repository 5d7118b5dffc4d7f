"""The plant's SQL Server, read over one connection that lives as long as one poll.

It sends SET statements and the query files, and after a failure a question for no rows; nothing that
writes: that the login may not write is the DBA's to grant and the database's to enforce. A connection is
never kept for the next poll: a frozen function would hold it open on the plant's server. Every wait has
an end, every failure becomes one error of `plantpulse.errors`, and no message holds the password.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from plantpulse.errors import (
    OutOfTime,
    PermanentError,
    PlantpulseError,
    SourceLocked,
    SourceQueryFailed,
    SourceQueryUnexplained,
    SourceRefused,
    SourceSchemaMismatch,
    SourceTableDenied,
    SourceTableMissing,
    SourceUnavailable,
)
from plantpulse.late_dataclasses import dataclass, replace
from plantpulse.settings import SqlServerSettings
from plantpulse.source import wire
from plantpulse.source.driver import (
    Connection,
    close,
    driver_errors,
    error_of,
    open_connection,
    place,
    report_of,
    time_left,
)
from plantpulse.source.errors import ASK_ABOUT_LOCK, Report, Verdict, judge_query
from plantpulse.source.query_files import Query, build_statement, find_columns, in_order, tables_in
from plantpulse.source.session import CLOCKS, is_needed
from plantpulse.source.session import settings as session_settings
from plantpulse.source.sockets import Line

_UNPROTECTED: Final = Verdict(
    SourceRefused,
    "the server answered unencrypted, which the setting `encryption` forbids",
    "Turn Force Encryption on at the server, and find out what alters the connection on its way",
)
_NO_CLOCK: Final = Verdict(
    SourceRefused,
    "the server did not tell its clock in one row of a time and a number",
    "Find out what answers at this address: it does not behave like a SQL Server",
)
_UNREADABLE: Final = Verdict(
    SourceUnavailable,
    "a value arrived that the driver cannot read",
    "If it stays, find out what the query returns, and what alters the connection on its way",
)
_SET_UP: Final = "setting up the session"
# Refusals of one statement: the next one may be obeyed.
_REFUSED_ALONE: Final = (SourceQueryFailed, SourceSchemaMismatch, SourceTableDenied)
_SHORTEST_LOCK_WAIT_S: Final = 1.0  # a lock time-out below it cannot be told from a slow refusal


@dataclass(frozen=True)
class ServerClock:
    """What the server's own clock says: for the report, never for bounds."""

    utc_now: datetime
    utc_offset_minutes: int


@dataclass(frozen=True)
class Rows:
    """The rows of one query, values in the contract's column order; truncated = as many as were asked for."""

    rows: list[tuple[Any, ...]]
    is_truncated: bool


class SourceConnection:
    """One open connection. After a time-out or a loss it is dead, and every further query says so.

    `refused_settings`: the SET statements that the server would not obey.
    """

    server_clock: ServerClock
    refused_settings: list[str]

    def __init__(
        self,
        driver: Connection,
        line: Line,
        settings: SqlServerSettings,
        seconds_left: Callable[[], float],
    ) -> None:
        self._driver = driver
        self._line = line
        self._settings = settings
        self._seconds_left = seconds_left
        self._is_dead = False
        self._session = session_settings(
            lock_timeout_ms=settings.lock_timeout_ms, isolation=settings.isolation
        )
        self.refused_settings = []
        # FreeTDS takes "login only" for an answer even to `require`, and goes on in plain text: who can alter
        # one byte of the first packets, which nothing protects, could read and change all rows.
        self.server_clock = self._set_up(looks_for_tls=settings.encryption == "require")

    def read(self, query: Query, parameters: Mapping[str, Any]) -> Rows:
        """Run a query file. `parameters` holds `limit` and what else the file uses, times as naive datetimes.

        Raises: SourceUnavailable, OutOfTime; SourceSchemaMismatch (SourceTableMissing when it is a table that
        is missing), SourceRefused (SourceTableDenied without SELECT on a table), SourceQueryFailed.
        """
        try:
            return self._read(query, parameters)
        except SourceQueryUnexplained as failure:
            self._look_for_tables(query, failure)
            raise

    def ask_clock(self) -> ServerClock:
        """Ask for the server's clock once more. Raises: as `read` does."""
        return self._clock_in(self._ask_for_clock("asking for the clock"))

    def _read(self, query: Query, parameters: Mapping[str, Any]) -> Rows:
        limit = int(parameters["limit"])
        statement, values = build_statement(query, parameters)
        with self._asking(query.file_name), self._driver.cursor() as cursor:
            cursor.execute(statement, values)
            names = [str(column[0]) for column in cursor.description or ()]
            positions = find_columns(query, names, place(self._settings))
            rows: list[Any] = cursor.fetchmany(limit)  # and no more, should the file forget its TOP (@limit)
        return Rows(in_order(rows, positions, len(names)), is_truncated=len(rows) >= limit)

    def _look_for_tables(self, query: Query, failure: PlantpulseError) -> None:
        """Ask for no row of each table of a file that was refused in unknown words.

        Every engine knows that question, and none reads a page for it.
        Raises: SourceTableMissing naming the one that is refused too; SourceUnavailable, OutOfTime.
        """
        for table in tables_in(query.sql):
            try:
                self._ask(f"{query.file_name}: {table}", f"SELECT 1 AS is_there FROM {table} WHERE 1 = 0;")  # noqa: S608
            except PermanentError:
                told = f"{failure} (table {table} cannot be read by itself either)"
                raise SourceTableMissing(told) from failure

    def _set_up(self, *, looks_for_tls: bool) -> ServerClock:
        """Set up the session in one round trip, or statement by statement if the server refuses some."""
        clock = CLOCKS[0]
        try:
            rows = self._ask(_SET_UP, "\n".join((*self._session, clock)), looks_for_tls=looks_for_tls)
        except _REFUSED_ALONE:
            rows = self._set_up_singly()
        return self._clock_in(rows)

    def _clock_in(self, rows: list[Any]) -> ServerClock:
        match rows:
            case [(datetime() as utc_now, int() | Decimal() as utc_offset_s)]:
                return ServerClock(utc_now.replace(tzinfo=UTC), round(utc_offset_s / 60))
        raise error_of(_NO_CLOCK, _SET_UP, self._settings)

    def _set_up_singly(self) -> list[Any]:
        for setting in self._session:
            try:
                self._ask(_SET_UP, setting)
            except _REFUSED_ALONE:
                if is_needed(setting, isolation=self._settings.isolation):
                    raise
                self.refused_settings.append(setting.removesuffix(";"))
        return self._ask_for_clock(_SET_UP)

    def _ask_for_clock(self, what: str) -> list[Any]:
        try:
            return self._ask(what, CLOCKS[0])
        except _REFUSED_ALONE:
            return self._ask(what, CLOCKS[1])

    def _ask(self, what: str, batch: str, *, looks_for_tls: bool = False) -> list[Any]:
        """Return all rows of a batch of our own: a rest would have to be cancelled, one trip more."""
        with self._asking(what, looks_for_tls=looks_for_tls), self._driver.cursor() as cursor:
            cursor.execute(batch)
            return list(cursor.fetchall()) if cursor.description else []

    @contextmanager
    def _asking(self, what: str, *, looks_for_tls: bool = False) -> Iterator[None]:
        """Bound the queries inside in total, and translate their failures."""
        if self._is_dead:
            raise SourceUnavailable(
                f"{what} on {place(self._settings)}: the connection was lost before; it is not used again"
            )
        left_s = time_left(self._seconds_left, what)
        patience_s = min(self._settings.query_timeout_s, left_s)
        began_s = time.monotonic()
        with wire.cut_after(self._line, patience_s, looks_for_tls=looks_for_tls) as cut:
            try:
                yield
            except driver_errors() as error:
                raise self._translated(error, what, left_s, cut, began_s) from error
            except (ValueError, ArithmeticError) as error:  # a day beyond the calendar, half a character
                self._is_dead = True
                raise error_of(_UNREADABLE, what, self._settings) from error
            finally:
                self._is_dead = self._is_dead or cut.is_done
            if cut.is_answer_plain:
                raise error_of(_UNPROTECTED, what, self._settings)

    def _translated(
        self, error: Exception, what: str, left_s: float, cut: wire.Cut, began_s: float
    ) -> PlantpulseError:
        report = report_of(error)
        self._is_dead = report.is_connection_gone
        if cut.is_done and left_s < self._settings.query_timeout_s:
            return OutOfTime(
                f"{what} on {place(self._settings)}: the run's time was used up after {left_s:.1f} s"
            )
        if cut.is_done:
            waited = f"no complete answer within {self._settings.query_timeout_s} s (query_timeout_s)"
            verdict = Verdict(
                SourceUnavailable, waited, "Look at the server's load, or at an index for the query"
            )
        elif cut.is_answer_plain:
            verdict = _UNPROTECTED
        else:
            verdict = self._judge(report, time.monotonic() - began_s)
        return error_of(verdict, what, self._settings)

    def _judge(self, report: Report, waited_s: float) -> Verdict:
        """Return what a failure means; one that another engine cannot explain may still be that of a lock."""
        verdict, allowed_s = judge_query(report), self._settings.lock_timeout_ms / 1000
        if verdict.is_understood:
            return verdict
        if report.is_foreign and waited_s >= allowed_s >= _SHORTEST_LOCK_WAIT_S:
            waited = f"{verdict.reason}, after {waited_s:.1f} s, as long as a lock is waited for"
            return Verdict(SourceLocked, waited, ASK_ABOUT_LOCK)
        return replace(verdict, error=SourceQueryUnexplained)


@contextmanager
def connect(settings: SqlServerSettings, *, seconds_left: Callable[[], float]) -> Iterator[SourceConnection]:
    """Open one connection with its session set up; it is closed when the block ends.

    `seconds_left` is asked before every wait: the seconds that the run may still take.
    Raises: SourceLoginFailed, SourceRefused, SourceUnavailable, OutOfTime; ConfigurationError for a `ca_file`
    that cannot be used.
    """
    driver, line = open_connection(settings, seconds_left)
    try:
        yield SourceConnection(driver, line, settings, seconds_left)
    finally:
        close(driver, line)
