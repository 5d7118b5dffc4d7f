"""Opens connections with the SQL Server driver, and turns its failures into our errors.

With `unheard` the only module that knows pymssql. What is asked over the connection is `sqlserver`'s matter.
Every wait has an end, and no message holds the password.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import pymssql
from pymssql import _mssql

from plantpulse.errors import OutOfTime, PlantpulseError, SourceUnavailable
from plantpulse.settings import SqlServerSettings
from plantpulse.source import wire
from plantpulse.source.errors import Report, Verdict, judge_connecting, read_report
from plantpulse.source.sockets import Line
from plantpulse.source.unheard import drivers

Connection = pymssql.Connection
# pymssql lets its low-level exceptions through where the database of the login cannot be used.
driver_errors: Final = drivers.errors
# The library's own time-out is for the whole process: the last connection opened would shorten the queries of
# another plant's poll. So it is one constant above every query_timeout_s; the cut ends each query in time.
_LONGEST_SILENCE_S: Final = 301
_SHORTEST_WAIT_S: Final = 1.0  # below it nothing is begun: the client library counts whole seconds
_CLOSING_S: Final = 0.5
_GRACE_S: Final = 0.5  # the library's own time-out for silence comes first, and says more


def time_left(seconds_left: Callable[[], float], what: str) -> float:
    """Return the seconds left. Raises: OutOfTime when they are too few to begin `what`."""
    left_s = seconds_left()
    if left_s < _SHORTEST_WAIT_S:
        raise OutOfTime(f"{what}: not begun, the run has {max(left_s, 0):.1f} s left")
    return left_s


def open_connection(
    settings: SqlServerSettings, seconds_left: Callable[[], float]
) -> tuple[pymssql.Connection, Line]:
    """Open a connection that commits every statement by itself, over a line; `close` closes both.

    Raises: SourceLoginFailed, SourceRefused, SourceUnavailable, OutOfTime; ConfigurationError (`ca_file`).
    """
    # Made in two steps, unlike pymssql.connect(): that sets its time-out (process-wide in the library) only
    # after the first statements, which could then wait for ever, and forgets a connection that fails in them
    # without closing it.
    patience_s = int(min(settings.login_timeout_s, time_left(seconds_left, "connecting")))
    login = _login(settings)
    lower, upper = drivers.to_log_in_with()
    driver = lower.MSSQLConnection.__new__(lower.MSSQLConnection)
    driver.query_timeout = _LONGEST_SILENCE_S
    lower.login_timeout = patience_s
    upper.set_wait_callback(wire.note_descriptor)
    line, failure = Line(settings.host, settings.port), None
    with wire.cut_after(line, patience_s + _GRACE_S) as cut:
        try:
            driver.__init__(**login)
            # Raises what the `use` behind the login left: pymssql does not look whether it was obeyed.
            driver.query_timeout = _LONGEST_SILENCE_S
        except driver_errors() as error:
            failure = error
    if failure or cut.is_done:
        close(driver, line)
    if cut.is_done:
        raise error_of(_late(patience_s), "connecting", settings) from failure
    if failure:
        raise _refusal(failure, settings, min(patience_s, seconds_left())) from failure
    return upper.Connection(driver, as_dict=False, autocommit=True), line


def close(connection: pymssql.Connection | _mssql.MSSQLConnection, line: Line) -> None:
    """Close a connection in any state, without waiting for its server."""
    with wire.cut_after(line, _CLOSING_S), suppress(*driver_errors()):
        connection.close()
    line.let_go()


def _login(settings: SqlServerSettings) -> dict[str, object]:
    return {
        "server": _name_of_server(settings),
        "port": str(settings.port),
        "user": settings.user,
        "password": settings.password.reveal(),
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


def _late(patience_s: int) -> Verdict:
    waited = f"the login was not over within {patience_s} s (login_timeout_s)"
    return Verdict(SourceUnavailable, waited, "Look at the server's load and at the network")


def _refusal(error: Exception, settings: SqlServerSettings, patience_s: float) -> PlantpulseError:
    """Return the error of a failed login; a look at TLS, if needed, takes at most `patience_s`."""

    def find_tls_obstacle() -> Verdict | None:
        from plantpulse.source.tls import find_obstacle  # noqa: PLC0415 - only after a failure

        return find_obstacle(settings, timeout_s=patience_s) if patience_s > 0 else None

    def is_host_known() -> bool:
        try:
            return bool(socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            return False

    report = report_of(error)
    if not report.is_server_silent:
        drivers.note_refusal()
    verdict = judge_connecting(report, find_tls_obstacle, is_host_known)
    return error_of(verdict, "connecting", settings)


def report_of(error: Exception) -> Report:
    """Read a driver's exception: its arguments are (number, bytes), the same in a tuple, or a text."""
    arguments = error.args[0] if error.args and isinstance(error.args[0], tuple) else error.args
    if len(arguments) == 2:
        return read_report(int(arguments[0]), bytes(arguments[1]).decode(errors="replace"))
    return read_report(None, " ".join(str(argument) for argument in arguments))


def error_of(verdict: Verdict, what: str, settings: SqlServerSettings) -> PlantpulseError:
    """Return the error of a verdict, with the step and the place."""
    return verdict.error(f"{what} on {place(settings)}: {verdict.reason}. {verdict.advice}")


def place(settings: SqlServerSettings) -> str:
    """Return server, database and login as text; never a secret."""
    return f"{settings.host}:{settings.port}/{settings.database} as {settings.user}"
