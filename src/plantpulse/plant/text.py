"""Cleans text of unknown quality, so that it can be compared, stored and shown.

Pure. The results are safe for a Postgres `text` or `jsonb` value: no NUL, no control characters except tab
and line ends, no half surrogate pair.
"""

import re
from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

# Names have at most 200 characters, but NFKC makes up to 18 of one, too many for an index in Postgres.
KEY_LIMIT: Final = 400
ELLIPSIS: Final = "…"

# C0 and C1 controls; tab, line feed and carriage return are normal in notes.
_CONTROLS: Final = {code: " " for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r"}

# Unicode's Default_Ignorable_Code_Point: soft hyphen, joiners, directional marks, variation selectors, BOM.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_MARKED_I: Final = re.compile("i[\u0300-\u036f]+")
_MARKED_GREEK: Final = re.compile("[\u03b1-\u03c9][\u0300-\u036f]+")
# All but the two dots, which capitals keep.
_GREEK_ACCENTS: Final = dict.fromkeys(map(ord, "\u0300\u0301\u0304\u0306\u0313\u0314\u0342"))


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
    """Return the key of a name or code; all its spellings have the same one. Empty if nothing is visible.

    Letter case, the four Turkish i's, final sigma, Greek accents (capitals have none), compatibility forms
    (NFKC), invisible characters and the kind and number of blanks do not count. At most 400 characters.
    Source: toNFKC_Casefold (Unicode 3.13); docs/decisions/0062.
    """
    if text.isascii() and text.isprintable():  # as nearly all names are; the rest would change nothing
        key = " ".join(text.split()).lower()
    else:
        key = _fold(_INVISIBLE.sub("", clean_text(text)))
    return key[:KEY_LIMIT].rstrip()


def _fold(text: str) -> str:
    # Twice: what compatibility forms stand for may have letter case again.
    letters = normalize("NFKD", normalize("NFD", text).casefold()).casefold()
    letters = normalize("NFD", _INVISIBLE.sub("", letters).replace("\u0131", "i"))
    letters = _MARKED_I.sub(lambda found: found[0].replace("\u0307", ""), letters)
    letters = _MARKED_GREEK.sub(lambda found: found[0].translate(_GREEK_ACCENTS), letters)
    return normalize("NFKC", " ".join(letters.split()))


def with_keys(names: Iterable[str]) -> list[dict[str, str]]:
    """Return names with their keys, as the database takes names that it does not know."""
    return [{"name": name, "key": normalise_key(name)} for name in names]


def cut_text(text: str, limit: int) -> str:
    """Return at most `limit` characters of the text; an ellipsis marks a cut."""
    return text if len(text) <= limit else text[: limit - 1] + ELLIPSIS
