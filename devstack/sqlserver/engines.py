"""Other engines that speak T-SQL: their error numbers and words, and the settings that they refuse.

What they say of a failure differs, and plantpulse must judge it all the same. One of these stands behind a
stand-in instead of SQL Server's own voice.

Source: "Managing Babelfish error handling with escape hatches" for the number without a counterpart and
the session settings; the other two are made up to be worse than any real one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from devstack.sqlserver.errors import DEADLOCK_VICTIM, SqlServerError

BABELFISH_UNMAPPED: Final = 33557097
_BABELFISH_MAPPED: Final = frozenset({911, DEADLOCK_VICTIM, 18456})
_FOREIGN_FROM: Final = 70_000
_MUTE_NUMBER: Final = 99_999


@dataclass(frozen=True)
class Said:
    """One error as a client hears it."""

    number: int
    severity: int
    text: str


@dataclass(frozen=True)
class Engine:
    """How an engine tells an error, and what else it does differently.

    `refused_settings`: the SET options (upper case) that make it refuse a batch as a whole. `says_farewell`:
    it says close_notify before it closes a connection with TLS, as engines on OpenSSL do.
    """

    tell: Callable[[SqlServerError], Said]
    refused_settings: frozenset[str] = frozenset()
    says_farewell: bool = True


def _as_sql_server(error: SqlServerError) -> Said:
    return Said(error.number, error.severity, error.text)


def _with_foreign_number(error: SqlServerError) -> Said:
    return Said(_FOREIGN_FROM + error.number, error.severity, error.text)


def _as_babelfish(error: SqlServerError) -> Said:
    number = error.number if error.number in _BABELFISH_MAPPED else BABELFISH_UNMAPPED
    return Said(number, error.severity, error.own_text or error.text)


def _mutely(error: SqlServerError) -> Said:
    return Said(_MUTE_NUMBER, 16, "Anfrage abgelehnt.")


_UNSUPPORTED: Final = frozenset({"DATEFORMAT", "DEADLOCK_PRIORITY"})
SQL_SERVER: Final = Engine(_as_sql_server, says_farewell=False)
ENGINES: Final[Mapping[str, Engine]] = {
    "sqlserver": SQL_SERVER,
    "foreign": Engine(_with_foreign_number),
    "babelfish": Engine(_as_babelfish, _UNSUPPORTED),
    "mute": Engine(_mutely, _UNSUPPORTED),
}
