"""The meaning of a server's error, by its number or else by its message.

Numbers are SQL Server's. Other engines that speak T-SQL have their own numbers, so the message decides if the
number is unknown: Babelfish for PostgreSQL sends 33557097 for everything without a number, such as a missing
table. Messages are read without quoted names, because a table may be called `deadlock detected`, and only in
English. `sqlserver` looks into unknown errors. Pure.

Source: SQL Server "Database engine events and errors"; "Managing Babelfish error handling"; the messages of
PostgreSQL, MySQL, SQLite, DuckDB and Sybase ASE; SQLSTATE classes of ISO/IEC 9075-2.
"""

import re
from collections.abc import Mapping
from enum import Enum, auto
from functools import cache
from typing import Final


class Meaning(Enum):
    """What is wrong, as far as it matters to the caller."""

    LOGIN = auto()
    DATABASE = auto()
    COLUMN = auto()
    TABLE = auto()
    DENIED = auto()
    NO_SNAPSHOT = auto()
    BUSY = auto()


# From here on SQL Server leaves numbers to applications. Azure's numbers are below.
FIRST_FOREIGN_NUMBER: Final = 50_000

_NUMBERS: Final[Mapping[Meaning, frozenset[int]]] = {
    # 18470 disabled, 18486 locked out, 18487/18488 password expired or to be changed, 17892 logon trigger.
    Meaning.LOGIN: frozenset({18452, 18456, 18470, 18486, 18487, 18488, 17892}),
    # No such database, or offline; 40532/40615/40914: Azure's server name and firewall.
    Meaning.DATABASE: frozenset({911, 942, 4060, 4064, 40532, 40615, 40914}),
    Meaning.COLUMN: frozenset({207, 4104}),
    Meaning.TABLE: frozenset({208, 2812}),
    Meaning.DENIED: frozenset({229, 230, 297, 300, 916}),
    Meaning.NO_SNAPSHOT: frozenset({3952}),
    Meaning.BUSY: frozenset({
        1205, 1222, 3960, 3961,  # deadlock victim, lock time-out, snapshot conflicts
        601, 605,  # read uncommitted met moving rows; a broken page has 605 too, with severity 21
        921, 922, 927, 976, 983,  # the database is being recovered or restored, or is failing over
        17142, 17187, 17188, 17197,  # the server is paused, starting, stopping, or too busy for logins
        18401, 18451, 18461,  # only administrators may log in: an upgrade or a repair
        4221, 10928, 10929, 40143, 40197, 40501, 40540, 40613, 49918, 49919, 49920,  # Azure SQL: busy, moving
    }),
}  # fmt: skip
_BY_NUMBER: Final = {number: meaning for meaning, numbers in _NUMBERS.items() for number in numbers}

_GONE: Final = r"(?:(?:does|do) ?n[o']t exist|(?:was |is )?not found|could not be found|doesn't exist)"
# In order of precedence. "Cannot open database requested by the login. The login failed." is about the
# database; "permission denied for table" names a table that is there.
_WORDINGS: Final[Mapping[Meaning, tuple[str, ...]]] = {
    Meaning.DATABASE: (
        r"cannot open (?:user default )?database",
        rf"\bdatabase\b[^.]{{0,40}}{_GONE}",
        r"\bunknown database\b",
        r"permission denied for database",
    ),
    Meaning.LOGIN: (
        r"\blog(?:in|on) (?:has )?failed\b",
        r"\b(?:could not|cannot|failed to) log ?in\b",
        r"\bauthentication (?:has )?fail",
        r"\b(?:invalid|wrong|incorrect|bad|unknown) (?:user ?name|user|login|password|credential)",
        r"\bpassword\b.{0,30}\b(?:is|was|has)? ?(?:incorrect|wrong|invalid|expired|not match)",
        r"\baccess denied for user\b",
        rf"\b(?:role|user|login)\b\s+{_GONE}",
        r"\b(?:account|login)\b.{0,30}\b(?:locked|disabled)\b",
        r"\bnot (?:permitted|allowed) to log ?in\b",
    ),
    Meaning.DENIED: (
        r"\bpermissions?\b.{0,60}\b(?:was |were |is )?denied\b",
        r"\b(?:access|command)\b.{0,20}\bdenied\b",
        r"\binsufficient privilege",
        r"\bnot able to access the database\b",
        r"\bnot (?:authori[sz]ed|allowed|permitted) to (?:read|select|access)\b",
    ),
    Meaning.COLUMN: (
        r"\b(?:invalid|unknown|undefined|no such) column\b",
        rf"\bcolumn\b[^.]{{0,60}}(?:{_GONE}|is (?:unknown|invalid))",
        r"\bmulti-part identifier\b.{0,20}\bcould not be bound\b",
    ),
    Meaning.TABLE: (
        r"\binvalid object name\b",
        r"\b(?:no such|unknown|undefined|invalid|missing) (?:table|view|relation|object)\b",
        rf"\b(?:relation|table|view|schema|object|catalog)\b[^.]{{0,60}}{_GONE}",
        r"\bcould not find stored procedure\b",
        r"\bcannot find (?:the )?(?:object|table|view|relation)\b",
        r"\bnot found\. specify owner\.objectname\b",
    ),
    Meaning.BUSY: (
        r"\block\b.{0,40}\btime[d -]?\s?-?out\b",
        r"\b(?:could|can)? ?not (?:obtain|acquire|get) (?:a |the )?lock\b",
        r"\b(?:database|table|row|resource) is locked\b",
        r"\bdeadlock",
        r"\bcould not seriali[sz]e\b",
        r"\bupdate conflict\b",
        r"\btoo many (?:connections|clients|sessions)\b",
        r"\bmaximum number of connections\b",
        r"\bconnection slots\b",
        r"\b(?:starting up|shutting down|in recovery|recovery mode|script upgrade mode)\b",
        r"\bnot currently available\b",
        r"\badministrators? (?:may|can) connect at this time\b",
        r"\bfailed due to time-?out\b",
        r"\btime[d -]?\s?-?out (?:expired|exceeded|period)",
        r"\b(?:statement|query|request) time[d -]?\s?-?out\b",
        r"\bout of memory\b|\binsufficient (?:system )?(?:memory|resources)\b",
        r"\bcancell?ing (?:statement|query) due to\b",
        r"\bterminating connection\b|\bin the kill state\b",
        r"\b(?:try|retry)\b.{0,40}\b(?:later|again)\b|\brerun the transaction\b",
    ),
}
_LOCK_TIMED_OUT: Final = 1222
_LOCK: Final = r"\block\b.{0,40}\btime|\b(?:obtain|acquire|get) (?:a |the )?lock\b|\bis locked\b"
# Compiled on use: a poll is a cold start, and hardly one in a thousand meets an error.
_QUOTED: Final = r"\"[^\"]*\"|'[^']*'|\[[^\]]*\]|`[^`]*`"
_APOSTROPHE: Final = r"(?<=\w)'(?=t\b)"  # inside a word it starts no quotation
_SQLSTATE: Final = r"(?:\bSQLSTATE\b\W{0,4}|^\W{0,2})([0-9A-Z]{5})\b"
_STATES: Final[Mapping[str, Meaning]] = {
    "28": Meaning.LOGIN,
    "3D": Meaning.DATABASE,
    "42501": Meaning.DENIED,
    "42703": Meaning.COLUMN,
    "42S22": Meaning.COLUMN,
    "42P01": Meaning.TABLE,
    "42S02": Meaning.TABLE,
    "3F000": Meaning.TABLE,
    "55P03": Meaning.BUSY,
    "HYT00": Meaning.BUSY,
    "08": Meaning.BUSY,
    "40": Meaning.BUSY,
    "53": Meaning.BUSY,
    "57": Meaning.BUSY,
}


def meaning_of(number: int | None, text: str) -> Meaning | None:
    """Return the meaning of an error, by SQL Server's number, a SQLSTATE or the message; None if unknown."""
    return _BY_NUMBER.get(number or 0) or _meaning_of_state(text) or next(iter(meanings_in(text)), None)


def is_known_number(number: int) -> bool:
    """Say whether a number of SQL Server's has a meaning by itself: then the text is one of its own too."""
    return number in _BY_NUMBER


def meanings_in(text: str) -> list[Meaning]:
    """Return all possible meanings of a message, the likeliest first."""
    plain = re.sub(_QUOTED, " ", re.sub(_APOSTROPHE, "o", text))
    return [meaning for meaning in _WORDINGS if _wording(meaning).search(plain)]


def is_about_a_lock(number: int | None, text: str) -> bool:
    """Say whether a busy server was waited for because another session held a lock."""
    return number == _LOCK_TIMED_OUT or bool(re.search(_LOCK, text, re.IGNORECASE))


@cache
def _wording(meaning: Meaning) -> re.Pattern[str]:
    return re.compile("|".join(_WORDINGS[meaning]), re.IGNORECASE)


def _meaning_of_state(text: str) -> Meaning | None:
    states = re.findall(_SQLSTATE, text)
    known = [_STATES.get(state) or _STATES.get(state[:2]) for state in states]
    return next((meaning for meaning in known if meaning), None)
