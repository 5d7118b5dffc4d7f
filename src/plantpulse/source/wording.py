"""What may be shown of a server's error: never a value from a row, and never a text of any length.

Everybody who may see a plant reads the errors of its runs; its rows are for managers. So a text of the server
is shown only where it can name nothing but tables, columns, databases and logins. Which texts these are, the
number says. Numbers from 50000 are free for anybody's texts: of these only a few whole sentences of other
engines are shown. All other errors are told in our own words, beside their number. Pure.

Source: SQL Server "Database engine events and errors" (sys.messages); the messages of PostgreSQL.
"""

import re
from collections.abc import Mapping
from typing import Final

from plantpulse.errors import one_line
from plantpulse.source.meanings import Meaning, is_known_number, meaning_of

# Syntax and names in the query's own text.
_OF_THE_QUERY_ALONE: Final = frozenset({
    102, 103, 104, 105, 109, 111, 119, 120, 121, 128, 130, 133, 134, 135, 137, 139, 141, 144, 145, 147, 153,
    155, 156, 157, 164, 170, 174, 178, 189, 195, 201, 203, 205, 209, 213, 243, 260, 306, 319, 321, 402, 8116,
    8117, 8120, 8121, 8124, 8127, 8144, 8145, 8146, 8155, 8156, 8158, 8159,
})  # fmt: skip
_OF_VALUES: Final[Mapping[int, str]] = {
    **dict.fromkeys((206, 241, 242, 245, 257, 295, 8114, 8169, 9807), "a value does not fit its type"),
    **dict.fromkeys((220, 232, 244, 248, 8115, 517), "a number or a date is too large for its type"),
    **dict.fromkeys((2601, 2627), "a key would stand in the table twice"),
    **dict.fromkeys((2628, 8152), "a text is too long for its column"),
    512: "a subquery has more than one row",
    8134: "a division by zero",
}  # fmt: skip
_OF_MEANINGS: Final[Mapping[Meaning, str]] = {
    Meaning.LOGIN: "it refused the login",
    Meaning.DATABASE: "the database cannot be opened",
    Meaning.COLUMN: "a column is missing",
    Meaning.TABLE: "a table or view is missing",
    Meaning.DENIED: "a permission is missing",
    Meaning.NO_SNAPSHOT: "snapshot isolation is not allowed",
    Meaning.BUSY: "the server was busy, or a lock was held",
}
_UNTOLD: Final = "its text is not shown, as it may quote a row"
_NAME: Final = r"[\"']?[\w.$#\[\]]{1,128}[\"']?"
# Compiled on use, after a failure.
_NAMING_SENTENCES: Final = (
    rf"(?:relation|schema|column|database|role) {_NAME}(?: of relation {_NAME})? does not exist"
    rf"|permission denied for (?:table|relation|view|schema|function|database) {_NAME}"
    rf"|invalid (?:object|column) name {_NAME}|no such (?:table|column): {_NAME}"
    r"|canceling statement due to (?:lock timeout|statement timeout|user request)"
    r"|lock request time out period exceeded|deadlock detected"
)


def shown_words(number: int, text: str) -> str:
    """Return what a query's error says, as far as everybody may read it."""
    words = one_line(text).rstrip(".")
    if is_known_number(number) or number in _OF_THE_QUERY_ALONE:
        return words
    if number in _OF_VALUES:
        return _OF_VALUES[number]
    if re.fullmatch(_NAMING_SENTENCES, words, re.IGNORECASE):
        return words
    meaning = meaning_of(number, text)
    return _OF_MEANINGS[meaning] if meaning else _UNTOLD


def is_about_values(number: int | None) -> bool:
    """Say whether a query met a value that it cannot work with: then tables and columns are there."""
    return number in _OF_VALUES
