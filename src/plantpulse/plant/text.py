"""Cleans text of unknown quality, so that it can be compared, stored and shown.

Pure. The results are safe for a Postgres `text` or `jsonb` value: no NUL, no control characters except tab
and line ends, no half surrogate pair.
"""

from typing import Final

ELLIPSIS: Final = "…"

# C0 and C1 controls; tab, line feed and carriage return are normal in notes.
_CONTROLS: Final = {code: " " for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r"}


def clean_text(text: str) -> str:
    """Return the text with control characters as blanks and half surrogate pairs as question marks.

    Emoji and right-to-left text stay as they are.
    """
    if text.isprintable():
        return text
    return text.translate(_CONTROLS).encode("utf-8", "replace").decode("utf-8")


def collapse_blanks(text: str) -> str:
    """Return the cleaned and trimmed text, with every run of white space as one blank."""
    return " ".join(clean_text(text).split())


def normalise_key(text: str) -> str:
    """Return the key of an asset name or reason code; all its spellings have the same key.

    Trimmed, inner white space collapsed, lower case: the way SQL Server's default collation compares,
    and the database functions too.
    """
    return collapse_blanks(text).lower()


def cut_text(text: str, limit: int) -> str:
    """Return at most `limit` characters of the text; an ellipsis marks a cut."""
    return text if len(text) <= limit else text[: limit - 1] + ELLIPSIS
