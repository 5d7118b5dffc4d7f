"""What a failure that pymssql reports means, and what to do about it; pure functions, no driver.

Two kinds of speaker share one message: SQL Server (number, severity, text) and the client library
("DB-Lib error message 20002, severity 9: ..."). The library appends to what the server said. While
a connection is being opened, pymssql 2.4 keeps the last number in a process-wide variable that is
replaced only by a message of higher severity: in a warm process a host that is down is reported as
the 18456 of an earlier wrong password. So a number is believed only when the server's own text
stands beside it, and everything else is read from the library's part of the message.

Source: SQL Server "Database engine events and errors"; FreeTDS sybdb.h for the numbers from 20000.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from plantpulse.errors import (
    PlantpulseError,
    SourceLoginFailed,
    SourceQueryFailed,
    SourceRefused,
    SourceSchemaMismatch,
    SourceTableDenied,
    SourceTableMissing,
    SourceUnavailable,
)

_LIBRARY_MESSAGE = re.compile(r"DB-Lib error message (\d+), severity (\d+):")
_SYSTEM_REASON = re.compile(r"(?:Net-Lib|Operating System) error during (.+) \(\d+\)")

CONNECTION_FAILED, TIMED_OUT, UNREACHABLE, SERVER_SPOKE, DEAD = 20002, 20003, 20009, 20018, 20047
_FATAL_SEVERITY = 20  # from here on SQL Server closes the connection itself
_RESOURCE_SEVERITY = 17  # 17 to 19: out of memory, locks, workers, log space

# 18470 disabled, 18486 locked out, 18487/18488 password expired or to be changed, 17892 logon trigger.
_LOGIN = frozenset({18452, 18456, 18470, 18486, 18487, 18488, 17892})
# No such database, offline or not this login's; 40532/40615/40914: Azure's server name and firewall.
_CONNECTION = frozenset({911, 916, 4060, 4064, 40532, 40615, 40914})
_MISSING_TABLE = frozenset({208, 2812})
_MISSING_COLUMN = frozenset({207, 4104})
_DENIED = frozenset({229, 230, 297, 300, 916})
_NO_SNAPSHOT = 3952
_TRANSIENT = frozenset({
    1205, 1222, 3960, 3961,  # deadlock victim, lock time-out, snapshot conflicts
    18401, 976, 983,  # the server is being upgraded; an availability group is failing over
    4221, 10928, 10929, 40143, 40197, 40501, 40540, 40613, 49918, 49919, 49920,  # Azure SQL, busy or moving
})  # fmt: skip


@dataclass(frozen=True)
class Report:
    """One failure, as far as it can be believed.

    `number` is SQL Server's own, None when the server said nothing or the driver lost it; `severity`
    is the server's (0 = it said nothing); `text` is its sentence; `library` the client's numbers.
    """

    number: int | None
    severity: int
    text: str
    library: frozenset[int] = frozenset()
    system_reason: str = ""

    @property
    def is_connection_gone(self) -> bool:
        """Whether nothing more can be asked over this connection."""
        return self.severity >= _FATAL_SEVERITY or self.is_server_silent

    @property
    def is_server_silent(self) -> bool:
        """Whether the library speaks alone: then it is the wire that failed."""
        return not self.severity


@dataclass(frozen=True)
class Verdict:
    """Which error to raise, what happened, and what somebody can do about it."""

    error: type[PlantpulseError]
    reason: str
    advice: str


def read_report(number: int | None, message: str) -> Report:
    """Return what a driver's (number, message) says. Source: measured, pymssql 2.4.6 with FreeTDS 1.5.19."""
    spoken = [(int(found[1]), int(found[2])) for found in _LIBRARY_MESSAGE.finditer(message)]
    text = message.partition("DB-Lib error message")[0].strip()
    severity = max((severity for library, severity in spoken if library == SERVER_SPOKE), default=0)
    reason = _SYSTEM_REASON.search(message)
    return Report(
        number=number if text and severity else None,
        severity=severity,
        text=text if severity else "",
        library=frozenset(library for library, _ in spoken),
        system_reason=reason[1] if reason else "",
    )


def judge_connecting(report: Report, find_tls_obstacle: Callable[[], Verdict | None]) -> Verdict:
    """Return what a failed connection attempt means.

    FreeTDS says the same 20002, at times with a 20047, when TLS cannot be agreed on and when the connection
    was reset: `find_tls_obstacle` is asked then, and only then.
    """
    if not report.is_server_silent:
        return _judge_refused_login(report)
    ambiguous = CONNECTION_FAILED in report.library and report.library <= {CONNECTION_FAILED, DEAD}
    if ambiguous and (obstacle := find_tls_obstacle()):
        return obstacle
    return Verdict(
        SourceUnavailable,
        "the connection was reset" if ambiguous else _how_unreachable(report),
        "Check host, port and firewall, and that SQL Server runs",
    )


def _how_unreachable(report: Report) -> str:
    if UNREACHABLE in report.library:
        return report.system_reason or "the server cannot be reached"
    if TIMED_OUT in report.library:
        return "the server did not answer in time"
    if report.library:
        return "the server closed the connection while the login was under way"
    return "the host name cannot be resolved"  # the one thing that FreeTDS is silent about


def judge_query(report: Report) -> Verdict:
    """Return what a failed query means. An unknown number is permanent below severity 17."""
    number, said = report.number, _quoted(report)
    if number in _MISSING_TABLE:
        return Verdict(
            SourceTableMissing, said, "Create the table, or name the plant's own in a file in queries_dir"
        )
    if number in _MISSING_COLUMN:
        return Verdict(SourceSchemaMismatch, said, "Name the plant's own columns in a file in queries_dir")
    if number in _DENIED:
        return Verdict(SourceTableDenied, said, "Grant the login SELECT on what the query file reads")
    if number == _NO_SNAPSHOT:
        return Verdict(
            SourceRefused, said, "Allow snapshot isolation in the database, or choose another isolation"
        )
    if report.is_connection_gone or _is_transient(report):
        return Verdict(
            SourceUnavailable, said, "It is tried again by itself; if it stays, look at the server's load"
        )
    return Verdict(SourceQueryFailed, said, "Run the query file by hand, and correct it in queries_dir")


def _judge_refused_login(report: Report) -> Verdict:
    lost = report.number is None  # the sentence and number of an earlier failure stood in the way
    if report.number in _LOGIN or (lost and report.severity == 14):
        return Verdict(
            SourceLoginFailed,
            "SQL Server refused the login, error 18456 or one of its kind" if lost else _quoted(report),
            "Check user and password, and that the database exists and this login may open it: "
            "SQL Server says the same of all three",
        )
    if _is_transient(report):
        return Verdict(SourceUnavailable, _quoted(report), "It is tried again by itself")
    return Verdict(
        SourceRefused, _quoted(report), "Check the database's name, and that this login may open it"
    )


def _is_transient(report: Report) -> bool:
    return report.number in _TRANSIENT or (
        report.number not in _LOGIN | _CONNECTION and report.severity >= _RESOURCE_SEVERITY
    )


def _quoted(report: Report) -> str:
    if report.number is not None:
        return f"SQL Server error {report.number}, {report.text.rstrip('.')}"
    if report.severity:
        return f"SQL Server error of severity {report.severity}"
    if TIMED_OUT in report.library:
        return "no answer in time"
    return "the connection was lost"
