"""Readers for single cells of a CSV table: names, numbers, times, dates, breaks. Pure.

Each function raises ValueError that says what is allowed.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Final

from plantpulse.cli.weekdays import DASHES, days_of_week
from plantpulse.plant.text import collapse_blanks, normalise_key

# Controls, line and paragraph separators, half surrogate pairs.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(:00)?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
__all__ = ["breaks", "day", "days_of_week", "name", "number", "time_of_day", "yes_or_no"]

LONGEST_NAME: Final = 200
LARGEST: Final = Decimal(10) ** 12


def name(text: str) -> str:
    """Return a name of one line, with single blanks, as a poll registers it."""
    if _CONTROL.search(text):
        raise ValueError("must stand on one line, without control characters")
    found = collapse_blanks(text)
    if len(found) > LONGEST_NAME:
        raise ValueError(f"must be at most {LONGEST_NAME} characters")
    if not normalise_key(found):
        raise ValueError("has no visible character")
    return found


def number(*, above_zero: bool = False) -> Callable[[str], str]:
    """Return a reader for plain numbers from zero (or above zero); it keeps all digits as text.

    Its columns say `is_number`: then people may type 1,250.50 or 1.250,50 (see `numbers`).
    """

    def read(text: str) -> str:
        value = Decimal(text)
        if value < 0 or (above_zero and value == 0):
            raise ValueError(f"{text!r} must be {'above zero' if above_zero else 'zero or more'}")
        if value > LARGEST:
            raise ValueError(f"{text!r} must be at most {LARGEST:,}")
        return format(value, "f")

    return read


def yes_or_no(text: str) -> bool:
    """Return the meaning of yes, no, true, false, 1 and 0."""
    try:
        return _WORDS[text.lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither yes nor no") from None


def time_of_day(text: str) -> str:
    """Return a time as HH:MM."""
    if not (found := _TIME.fullmatch(text)):
        raise ValueError(f"{text!r} is not a time of day such as 06:00 or 22:30")
    return f"{int(found[1]):02}:{found[2]}"


def day(text: str) -> str:
    """Return a date as YYYY-MM-DD."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise ValueError(f"{text!r} is not a date such as 2026-11-30")


def breaks(text: str) -> list[dict[str, str]]:
    """Return planned breaks from spans: `09:00-09:15 12:00-12:30`."""
    spans = re.sub(r"\s*(?:-|\.{2,3}|\u2026)\s*", "-", text.strip().translate(DASHES))
    return [_break(part, text) for part in re.split(r"\s*[,;+&/]\s*|\s+", spans)]


def _break(part: str, text: str) -> dict[str, str]:
    start, dash, end = part.partition("-")
    if not dash:
        raise ValueError(f"{text!r} are not breaks such as 09:00-09:15 12:00-12:30")
    span = {"starts_at": time_of_day(start), "ends_at": time_of_day(end)}
    if span["starts_at"] == span["ends_at"]:
        raise ValueError(f"{part!r} has no length")
    return span
