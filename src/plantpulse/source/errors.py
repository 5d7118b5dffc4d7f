"""The meaning of pymssql's failures, and what to do about them; pure functions, no driver.

One message can come from two senders: SQL Server (number, severity, text) and the client library ("DB-Lib
error message 20002, severity 9: ..."). The library appends to the server's message. While a connection is
opened, pymssql 2.4 keeps the last number in a process-wide variable, and only a message of higher severity
replaces it. So a warm process reports a host that is down with the 18456 of an earlier wrong password. A
number is therefore trusted only together with the server's own text; everything else comes from the library's
part.

Source: SQL Server "Database engine events and errors"; FreeTDS sybdb.h for the numbers from 20000.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from plantpulse.errors import (
    PlantpulseError,
    SourceLocked,
    SourceLoginFailed,
    SourceQueryFailed,
    SourceRefused,
    SourceSchemaMismatch,
    SourceTableDenied,
    SourceTableMissing,
    SourceUnavailable,
    one_line,
)
from plantpulse.late_dataclasses import dataclass
from plantpulse.source.meanings import FIRST_FOREIGN_NUMBER, Meaning, is_about_a_lock, meaning_of, meanings_in
from plantpulse.source.wording import is_about_values, shown_words

_LIBRARY_MESSAGE = re.compile(r"DB-Lib error message (\d+), severity (\d+):")
_SYSTEM_REASON = re.compile(r"(?:Net-Lib|Operating System) error during (.+) \(\d+\)")

CONNECTION_FAILED, TIMED_OUT, UNREACHABLE, SERVER_SPOKE, DEAD = 20002, 20003, 20009, 20018, 20047
_HUNG_UP = frozenset({20004, 20006, 20017})  # reading failed, writing failed, unexpected end of file
_FATAL_SEVERITY = 20  # from this severity on SQL Server closes the connection itself
_RESOURCE_SEVERITY = 17  # 17 to 19: out of memory, locks, workers, log space
_PERMISSION_SEVERITY = 14
_LOST_REFUSAL = "SQL Server refused the login, error 18456 or a similar one"
ASK_ABOUT_LOCK = (
    "Ask the DBA which session holds a lock on the table (sys.dm_tran_locks, or BlkBy in sp_who2), or run "
    "`plantpulse check` while it is held; the next delivery tries again"
)
_CHECK_LOGIN = (
    "Check user and password, and that the database exists and this login may open it: "
    "SQL Server has the same message for all three"
)
_LOGIN_ADVICE: Final = (  # by number, or by words in the server's text
    ({18470}, r"\bdisabled\b|\bnot permitted to log ?in\b", "Ask the DBA to enable the login"),
    (
        {18486},
        r"\blocked\b",
        "Ask the DBA to unlock the login, and check the password first",
    ),
    (
        {18487, 18488},
        r"\bexpired\b|\bmust be changed\b",
        "Give the login a new password, without an expiry date, and set it here too",
    ),
    ({17892}, r"\btrigger\b", "Ask the DBA which logon trigger refuses this login"),
)
_UNHEARD = "and the driver lost its number and text, as it does after an earlier error of this process"
_ASK_NEW_PROCESS = "Run `plantpulse check`: a new process hears them"
_HOPEFUL = "The next delivery tries again; if it stays, look at the server's load"


@dataclass(frozen=True)
class Report:
    """The trustworthy part of one failure.

    `number` is SQL Server's own, None if the server sent none or the driver lost it; `severity` is the
    server's (0 = none sent); `text` is its message; `library` has the client's numbers.
    """

    number: int | None
    severity: int
    text: str
    library: frozenset[int] = frozenset()
    system_reason: str = ""

    @property
    def is_connection_gone(self) -> bool:
        """Whether this connection cannot be used any more."""
        return self.severity >= _FATAL_SEVERITY or self.is_server_silent

    @property
    def is_foreign(self) -> bool:
        """Whether the number is not one of SQL Server's."""
        return self.number is not None and self.number >= FIRST_FOREIGN_NUMBER

    @property
    def is_cause_untold(self) -> bool:
        """Whether the library only says that there is no connection."""
        return CONNECTION_FAILED in self.library <= {CONNECTION_FAILED, DEAD, *_HUNG_UP}

    @property
    def is_unheard(self) -> bool:
        """Whether the server sent an error, and the driver lost its number and text."""
        return bool(self.severity) and not self.text

    @property
    def is_server_silent(self) -> bool:
        """Whether only the library sent a message: then the network failed."""
        return not self.severity


@dataclass(frozen=True)
class Verdict:
    """Which error to raise, what happened, and what to do.

    `is_understood` is False if neither number nor message says what happened.
    """

    error: type[PlantpulseError]
    reason: str
    advice: str
    is_understood: bool = True


def read_report(number: int | None, message: str) -> Report:
    """Return the report of a driver's error. Source: measured, pymssql 2.4.6 with FreeTDS 1.5.19."""
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


def judge_connecting(
    report: Report,
    find_tls_obstacle: Callable[[], Verdict | None],
    is_host_known: Callable[[], bool] = lambda: True,
) -> Verdict:
    """Return the meaning of a failed connection attempt.

    FreeTDS has the same 20002, sometimes with others, for failed TLS and for a reset connection: a server
    that wants TLS answers and closes, and the load decides which is seen first. `find_tls_obstacle` is called
    then, and only then. Of a host without an address FreeTDS says nothing, and now and then nothing of a
    connection that was cut: `is_host_known` tells them apart.
    """
    if not report.is_server_silent:
        return _judge_refused_login(report)
    is_nameless = not report.library and not is_host_known()
    may_be_tls = report.is_cause_untold or not (report.library or is_nameless)
    if may_be_tls and (obstacle := find_tls_obstacle()):
        return obstacle
    return Verdict(
        SourceUnavailable,
        "the host name cannot be resolved" if is_nameless else _how_unreachable(report),
        "Check host, port and firewall, and that SQL Server runs",
    )


def _how_unreachable(report: Report) -> str:
    if UNREACHABLE in report.library:
        return report.system_reason or "the server cannot be reached"
    if TIMED_OUT in report.library:
        return "the server did not answer in time"
    if report.library & _HUNG_UP:
        return "the server closed the connection during the login"
    if report.library:
        return "the connection was reset"
    return "the connection was lost during the login"


_QUERY_VERDICTS: Final[Mapping[Meaning, tuple[type[PlantpulseError], str]]] = {
    Meaning.TABLE: (
        SourceTableMissing,
        "Create the table, or name the plant's own in a file in queries_dir",
    ),
    Meaning.COLUMN: (SourceSchemaMismatch, "Name the plant's own columns in a file in queries_dir"),
    Meaning.DENIED: (SourceTableDenied, "Grant the login SELECT on what the query file reads"),
    Meaning.NO_SNAPSHOT: (
        SourceRefused,
        "Allow snapshot isolation in the database, or choose another isolation",
    ),
    Meaning.BUSY: (SourceUnavailable, _HOPEFUL),
}


def judge_query(report: Report) -> Verdict:
    """Return the meaning of a failed query: by number, then by message, then by severity.

    Below severity 17 an unknown failure is permanent.
    """
    said = _told(report)
    meaning = meaning_of(report.number, report.text)
    if meaning and meaning in _QUERY_VERDICTS:
        error, advice = _QUERY_VERDICTS[meaning]
        if meaning is Meaning.BUSY and is_about_a_lock(report.number, report.text):
            error, advice = SourceLocked, ASK_ABOUT_LOCK
        return Verdict(error, said, advice)
    if report.is_server_silent or report.severity >= _RESOURCE_SEVERITY:
        return Verdict(SourceUnavailable, said, _HOPEFUL)
    advice = "Run the query file by hand, and correct it in queries_dir"
    is_understood = meaning is not None or is_about_values(report.number)
    return Verdict(SourceQueryFailed, said, advice, is_understood=is_understood)


def _judge_refused_login(report: Report) -> Verdict:
    meaning = _meaning_of_refusal(report)
    if meaning is Meaning.BUSY:
        return Verdict(SourceUnavailable, _told_of_login(report), "The next delivery tries again")
    if meaning is Meaning.LOGIN:
        return Verdict(
            SourceLoginFailed,
            _told_of_login(report) if report.text else _LOST_REFUSAL,
            _advice_about_login(report),
        )
    if report.is_unheard:
        return Verdict(SourceRefused, f"{_told_of_login(report)}, {_UNHEARD}", _ASK_NEW_PROCESS)
    return Verdict(
        SourceRefused, _told_of_login(report), "Check the database's name, and that this login may open it"
    )


def _advice_about_login(report: Report) -> str:
    for numbers, words, advice in _LOGIN_ADVICE:
        if report.number in numbers or re.search(words, report.text, re.IGNORECASE):
            return advice
    return _CHECK_LOGIN


def _meaning_of_refusal(report: Report) -> Meaning | None:
    """Return the meaning of a refused login. In doubt it is not retried, because that could lock the login.

    So with another engine's number neither a message about the login nor the severity means busy.
    """
    meaning, in_words = meaning_of(report.number, report.text), meanings_in(report.text)
    if meaning is Meaning.BUSY and Meaning.LOGIN in in_words:  # 18401 is both: an upgrade is running
        return Meaning.LOGIN if report.is_foreign or Meaning.BUSY not in in_words else meaning
    if meaning is None and report.severity == _PERMISSION_SEVERITY:
        return Meaning.LOGIN
    if meaning is None and report.severity >= _RESOURCE_SEVERITY and not report.is_foreign:
        return Meaning.BUSY
    return meaning


def _told(report: Report) -> str:
    """Return what happened to a query, without what may quote a row."""
    if report.number is not None:
        return f"SQL Server error {report.number}, {shown_words(report.number, report.text)}"
    return _without_text(report)


def _told_of_login(report: Report) -> str:
    """Return what happened to a login, in the server's words: no row has been read then."""
    if report.number is not None:
        return f"SQL Server error {report.number}, {one_line(report.text).rstrip('.')}"
    return _without_text(report)


def _without_text(report: Report) -> str:
    if report.severity:
        return f"SQL Server error of severity {report.severity}"
    if TIMED_OUT in report.library:
        return "no answer in time"
    return "the connection was lost"
