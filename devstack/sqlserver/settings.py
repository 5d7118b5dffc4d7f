"""SET: what a session may ask for, and what of it is really applied to Postgres."""

import re
from typing import Final, Protocol

from devstack.sqlserver.errors import SqlServerError

# Accepted, and without effect: clients send them at login, or they have no counterpart here.
_IGNORED: Final = re.compile(
    "ANSI_DEFAULTS|ANSI_NULLS|ANSI_NULL_DFLT_ON|ANSI_PADDING|ANSI_WARNINGS|ARITHABORT|CONCAT_NULL_YIELDS_NULL"
    "|CURSOR_CLOSE_ON_COMMIT|DATEFIRST|DEADLOCK_PRIORITY|IDENTITY_INSERT|IMPLICIT_TRANSACTIONS|LANGUAGE"
    "|NUMERIC_ROUNDABORT|QUOTED_IDENTIFIER|ROWCOUNT|TEXTSIZE|XACT_ABORT"
)
_ISOLATION: Final = {
    "READ UNCOMMITTED": "read uncommitted",
    "READ COMMITTED": "read committed",
    "REPEATABLE READ": "repeatable read",
    "SNAPSHOT": "repeatable read",
    "SERIALIZABLE": "serializable",
}
_DATE_FORMATS: Final = {"DMY", "MDY", "YMD"}
_ISOLATION_LEVEL: Final = re.compile(
    r"SET\s+TRANSACTION\s+ISOLATION\s+LEVEL\s+(\w+(?:\s+\w+)?)\s*$", re.IGNORECASE
)
_SETTINGS: Final = re.compile(r"SET\s+(\w+(?:\s*,\s*\w+)*)\s+(\S.*?)\s*$", re.IGNORECASE | re.DOTALL)


class Settable(Protocol):
    """What a SET statement can change in a session."""

    counts_rows: bool

    def set_in_store(self, name: str, value: str) -> None:
        """Apply a Postgres setting."""

    def note_lock_timeout(self, lock_timeout_ms: int) -> None:
        """Remember what @@LOCK_TIMEOUT shows."""


def apply_setting(session: Settable, text: str) -> None:
    """Obey one SET statement.

    Raises: SqlServerError: 102, 195 (no such option).
    """
    if level := _ISOLATION_LEVEL.match(text):
        _set_isolation(session, " ".join(level[1].upper().split()))
        return
    setting = _SETTINGS.match(text)
    if not setting:
        raise SqlServerError(102, "Incorrect syntax near 'SET'.")
    for name in setting[1].upper().replace(" ", "").split(","):
        _apply(session, name, setting[2].strip("'"))


def _apply(session: Settable, name: str, value: str) -> None:
    if name == "NOCOUNT":
        session.counts_rows = value.upper() != "ON"
    elif name == "LOCK_TIMEOUT":
        _set_lock_timeout(session, value)
    elif name == "DATEFORMAT" and value.upper() in _DATE_FORMATS:
        session.set_in_store("DateStyle", f"ISO, {value.upper()}")
    elif not _IGNORED.fullmatch(name):
        raise SqlServerError(195, f"'{name}' is not a recognized SET option.")


def _set_lock_timeout(session: Settable, value: str) -> None:
    if not re.fullmatch(r"-?\d{1,9}", value):
        raise SqlServerError(102, f"Incorrect syntax near '{value}'.")
    session.note_lock_timeout(int(value))
    # -1 waits for ever, which Postgres calls 0; 0 does not wait at all, for which 1 ms is its shortest.
    session.set_in_store("lock_timeout", "0" if int(value) < 0 else str(max(int(value), 1)))


def _set_isolation(session: Settable, level: str) -> None:
    if level not in _ISOLATION:
        raise SqlServerError(102, f"Incorrect syntax near '{level}'.")
    session.set_in_store("default_transaction_isolation", _ISOLATION[level])
