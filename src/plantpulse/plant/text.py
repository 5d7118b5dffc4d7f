"""How text of unknown quality becomes text that can be compared, stored and shown.

Pure. What leaves here is safe for a Postgres `text` or `jsonb` value: no NUL, no other control
character but tab and line ends, no half surrogate pair.
"""

from typing import Final

ELLIPSIS: Final = "…"

# C0 and C1 controls; tab, line feed and carriage return are ordinary in notes.
_CONTROLS: Final = {code: " " for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r"}


def clean_text(text: str) -> str:
    """Return the text with control characters as blanks and half surrogate pairs as question marks.

    Emoji and right-to-left text stay as they are.
    """
    if text.isprintable():
        return text
    return text.translate(_CONTROLS).encode("utf-8", "replace").decode("utf-8")


def collapse_blanks(text: str) -> str:
    """Return the cleaned text, trimmed, every run of white space in it as one blank."""
    return " ".join(clean_text(text).split())


def normalise_key(text: str) -> str:
    """Return what two spellings of one asset name or reason code have in common.

    Trimmed, inner white space collapsed, lower case: the way SQL Server's default collation compares,
    and the database functions too.
    """
    return collapse_blanks(text).lower()


def cut_text(text: str, limit: int) -> str:
    """Return at most `limit` characters of the text; an ellipsis at the end says that it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + ELLIPSIS
