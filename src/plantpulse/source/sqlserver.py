"""The plant's SQL Server, read over one connection that lives as long as one poll.

The only module that knows pymssql. It sends SET statements and the query files, nothing that writes;
that the login may not write is the DBA's to grant and the database's to enforce. A connection is never
kept for the next poll: a frozen function would hold it open on the plant's server. Every wait has an
end, every failure becomes one error of `plantpulse.errors`, and no message holds the password.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pymssql
from pymssql import _mssql

from plantpulse.errors import OutOfTime, PlantpulseError, SourceRefused, SourceUnavailable
from plantpulse.settings import SqlServerSettings
from plantpulse.source import wire
from plantpulse.source.errors import Report, Verdict, judge_connecting, judge_query, read_report
from plantpulse.source.query_files import Query, build_statement, find_columns, in_order

# pymssql lets its low-level exceptions through where the database of the login cannot be used.
_DRIVER_ERRORS: Final = (pymssql.Error, _mssql.MSSQLException)
# The library's own time-out is for the whole process: the last connection opened would shorten the queries of
# another plant's poll. So it is one constant above every query_timeout_s; the cut ends each query in time.
_LONGEST_SILENCE_S: Final = 301
_SHORTEST_WAIT_S: Final = 1.0  # below it nothing is begun: the client library counts whole seconds
_UNPROTECTED: Final = Verdict(
    SourceRefused,
    "the server answered unencrypted, which the setting `encryption` forbids",
    "Turn Force Encryption on at the server, and find out what alters the connection on its way",
)
_TLS_QUESTION_S: Final = 2.0
_GRACE_S: Final = 0.5  # the library's own time-out for silence comes first, and says more

# The first line is what ODBC and SSMS set and a DB-Library login lacks: views with indexes need it, plans are
# shared with the DBA's query window, and long texts are not cut at 4096 bytes. The offset is asked for in
# seconds, because two calls may straddle a minute, and not as datetimeoffset, which may arrive as bytes.
_SESSION: Final = """\
SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ARITHABORT, CONCAT_NULL_YIELDS_NULL, QUOTED_IDENTIFIER ON;
SET TEXTSIZE 2147483647;
SET NOCOUNT ON;
SET DATEFORMAT ymd;
SET LOCK_TIMEOUT {lock_timeout_ms};
SET DEADLOCK_PRIORITY LOW;
SET TRANSACTION ISOLATION LEVEL {isolation};
SELECT SYSUTCDATETIME() AS utc_now, DATEDIFF(second, SYSUTCDATETIME(), SYSDATETIME()) AS utc_offset_s;"""


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
    """One open connection. After a time-out or a lost connection it is dead, and says so when asked again."""

    server_clock: ServerClock

    def __init__(
        self, driver: pymssql.Connection, settings: SqlServerSettings, seconds_left: Callable[[], float]
    ) -> None:
        self._driver = driver
        self._settings = settings
        self._seconds_left = seconds_left
        self._is_dead = False
        self.server_clock = self._set_up()

    def read(self, query: Query, parameters: Mapping[str, Any]) -> Rows:
        """Run a query file. `parameters` holds `limit` and what else the file uses, times as naive datetimes.

        Raises: SourceUnavailable, OutOfTime; SourceSchemaMismatch (SourceTableMissing when it is a table that
        is missing), SourceRefused (SourceTableDenied without SELECT on a table), SourceQueryFailed.
        """
        limit = int(parameters["limit"])
        statement, values = build_statement(query, parameters)
        with self._asking(query.file_name), self._driver.cursor() as cursor:
            cursor.execute(statement, values)
            names = [str(column[0]) for column in cursor.description or ()]
            positions = find_columns(query, names, _place(self._settings))
            rows: list[Any] = cursor.fetchmany(limit)  # and no more, should the file forget its TOP (@limit)
        return Rows(in_order(rows, positions, len(names)), is_truncated=len(rows) >= limit)

    def _set_up(self) -> ServerClock:
        batch = _SESSION.format(
            lock_timeout_ms=self._settings.lock_timeout_ms, isolation=self._settings.isolation.upper()
        )
        # FreeTDS takes "login only" for an answer even to `require`, and goes on in plain text: who can alter
        # one byte of the first packets, which nothing protects, could read and change all rows.
        looks_for_tls = self._settings.encryption == "require"
        with (
            self._asking("setting up the session", looks_for_tls=looks_for_tls),
            self._driver.cursor() as cursor,
        ):
            cursor.execute(batch)
            rows: list[Any] = (
                cursor.fetchall()
            )  # to the end: a rest would have to be cancelled, one trip more
        utc_now, utc_offset_s = rows[0]
        return ServerClock(utc_now.replace(tzinfo=UTC), round(utc_offset_s / 60))

    @contextmanager
    def _asking(self, what: str, *, looks_for_tls: bool = False) -> Iterator[None]:
        """Bound what is asked inside, as a whole, and translate how it fails."""
        if self._is_dead:
            raise SourceUnavailable(
                f"{what} on {_place(self._settings)}: the connection was lost before; it is not used again"
            )
        left_s = time_left(self._seconds_left, what)
        patience_s = min(self._settings.query_timeout_s, left_s)
        with wire.cut_after(patience_s, looks_for_tls=looks_for_tls) as cut:
            try:
                yield
            except _DRIVER_ERRORS as error:
                raise self._translated(error, what, left_s, cut) from error
            finally:
                self._is_dead = self._is_dead or cut.is_done
            if cut.is_answer_plain:
                raise _error(_UNPROTECTED, what, self._settings)

    def _translated(self, error: Exception, what: str, left_s: float, cut: wire.Cut) -> PlantpulseError:
        report = _report_of(error)
        self._is_dead = report.is_connection_gone
        if cut.is_done and left_s < self._settings.query_timeout_s:
            return OutOfTime(
                f"{what} on {_place(self._settings)}: the run's time was used up after {left_s:.1f} s"
            )
        if cut.is_done:
            waited = f"no complete answer within {self._settings.query_timeout_s} s (query_timeout_s)"
            verdict = Verdict(
                SourceUnavailable, waited, "Look at the server's load, or at an index for the query"
            )
        else:
            verdict = _UNPROTECTED if cut.is_answer_plain else judge_query(report)
        return _error(verdict, what, self._settings)


@contextmanager
def connect(settings: SqlServerSettings, *, seconds_left: Callable[[], float]) -> Iterator[SourceConnection]:
    """Open one connection with its session set up; it is closed when the block ends.

    `seconds_left` is asked before every wait: the seconds that the run may still take.
    Raises: SourceLoginFailed, SourceRefused, SourceUnavailable, OutOfTime; ConfigurationError for a `ca_file`
    that cannot be used.
    """
    driver = _open(settings, time_left(seconds_left, "connecting"))
    try:
        yield SourceConnection(driver, settings, seconds_left)
    finally:
        with suppress(*_DRIVER_ERRORS):
            driver.close()


def time_left(seconds_left: Callable[[], float], what: str) -> float:
    """Return the seconds left. Raises: OutOfTime when they are too few to begin `what`."""
    left_s = seconds_left()
    if left_s < _SHORTEST_WAIT_S:
        raise OutOfTime(f"{what}: not begun, the run has {max(left_s, 0):.1f} s left")
    return left_s


def _open(settings: SqlServerSettings, left_s: float) -> pymssql.Connection:
    # Made in two steps, unlike pymssql.connect(): that sets its time-out (process-wide in the library) only
    # after the first statements, which could then wait for ever, and forgets a connection that fails in them
    # without closing it.
    login = _login(settings)
    driver = _mssql.MSSQLConnection.__new__(_mssql.MSSQLConnection)
    driver.query_timeout = _LONGEST_SILENCE_S
    _mssql.login_timeout = patience_s = int(min(settings.login_timeout_s, left_s))
    pymssql.set_wait_callback(wire.note_descriptor)
    with wire.cut_connecting_after(patience_s + _GRACE_S, settings.host, settings.port) as cut:
        try:
            driver.__init__(**login)  # type: ignore[misc]
            # Raises what the `use` behind the login left: pymssql does not look whether it was obeyed.
            driver.query_timeout = _LONGEST_SILENCE_S
        except _DRIVER_ERRORS as error:
            driver.close()
            raise _refusal(error, settings, patience_s, is_cut=cut.is_done) from error
    return pymssql.Connection(driver, as_dict=False, autocommit=True)


def _login(settings: SqlServerSettings) -> dict[str, object]:
    return {
        "server": _name_of_server(settings),
        "port": str(settings.port),
        "user": settings.user,
        "password": settings.password.get_secret_value(),
        "database": settings.database,
        "encryption": settings.encryption,
        "appname": "plantpulse",
        "charset": "UTF-8",
        "tds_version": "7.4",
        "read_only": True,  # ApplicationIntent: a wish for a replica, not a permission
        "use_datetime2": False,  # with True, `datetime` columns refuse the six digits (Msg 241)
        "conn_properties": "",  # the session set-up says it, in one round trip
    }


def _name_of_server(settings: SqlServerSettings) -> str:
    if settings.ca_file is None:
        return settings.host
    from plantpulse.source.trust import trust  # noqa: PLC0415 - only where a CA file is set

    return trust(settings.host, settings.port, settings.ca_file)


def _refusal(
    error: Exception, settings: SqlServerSettings, patience_s: int, *, is_cut: bool
) -> PlantpulseError:
    if is_cut:
        waited = f"the login was not over within {patience_s} s (login_timeout_s)"
        verdict = Verdict(SourceUnavailable, waited, "Look at the server's load and at the network")
    else:
        verdict = judge_connecting(_report_of(error), lambda: _find_tls_obstacle(settings))
    return _error(verdict, "connecting", settings)


def _find_tls_obstacle(settings: SqlServerSettings) -> Verdict | None:
    from plantpulse.source.tls import find_obstacle  # noqa: PLC0415 - only after a failure

    return find_obstacle(settings, timeout_s=_TLS_QUESTION_S)


def _report_of(error: Exception) -> Report:
    """Read a driver's exception: its arguments are (number, bytes), the same in a tuple, or a text."""
    arguments = error.args[0] if error.args and isinstance(error.args[0], tuple) else error.args
    if len(arguments) == 2:
        return read_report(int(arguments[0]), bytes(arguments[1]).decode(errors="replace"))
    return read_report(None, " ".join(str(argument) for argument in arguments))


def _error(verdict: Verdict, what: str, settings: SqlServerSettings) -> PlantpulseError:
    return verdict.error(f"{what} on {_place(settings)}: {verdict.reason}. {verdict.advice}")


def _place(settings: SqlServerSettings) -> str:
    return f"{settings.host}:{settings.port}/{settings.database} as {settings.user}"
