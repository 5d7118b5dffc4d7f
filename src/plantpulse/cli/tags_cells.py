"""Readers for cells of the table of machine tags. Pure.

Each function raises ValueError that says what is allowed.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final
from unicodedata import normalize

from plantpulse.cli import cells

_LARGEST: Final = Decimal(10) ** 30
_SMALLEST: Final = 1 / _LARGEST  # of a factor: 32 bits hold what it makes of any number of 8 or 16 bits
_LONGEST_ADDRESS: Final = 500
_CREDENTIALS: Final = re.compile("[A-Za-z0-9_.-]{1,80}")


def text_of(longest: int) -> Callable[[str], str]:
    """Return a reader for a visible text of one line; letters have one way to be written."""

    def read(text: str) -> str:
        cells.name(text)
        found = normalize("NFC", text)
        if len(found) > longest:
            raise ValueError(f"must be at most {longest} characters")
        return found

    return read


def address(text: str) -> str:
    """Return a tag's address as it is typed: blanks in it may count."""
    if not text.isprintable():
        raise ValueError("must stand on one line, without control characters")
    if len(text) > _LONGEST_ADDRESS:
        raise ValueError(f"must be at most {_LONGEST_ADDRESS} characters")
    return text


def credentials(text: str) -> str:
    """Return the name of a secret."""
    if not _CREDENTIALS.fullmatch(text):
        raise ValueError("must be the name of a secret: letters, digits, points, _ and -")
    return text


def one_of(*allowed: str) -> Callable[[str], str]:
    """Return a reader for one word of several, in any letter case."""

    def read(text: str) -> str:
        if (found := text.lower()) not in allowed:
            raise ValueError(f"{text!r} must be one of {', '.join(allowed)}")
        return found

    return read


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a reader for whole numbers; the digits are plain already."""

    def read(text: str) -> int:
        value = Decimal(text)
        if value != value.to_integral_value() or not least <= value <= most:
            raise ValueError(f"{text!r} must be a whole number from {least} to {most:,}")
        return int(value)

    return read


def figure(text: str) -> float:
    """Return a number of either sign; the digits are plain already."""
    value = Decimal(text)
    if abs(value) > _LARGEST:
        raise ValueError(f"{text!r} must be between -1e30 and 1e30")
    return float(value)


def factor(text: str) -> float:
    """Return a number that is not zero, nor next to it."""
    value = figure(text)
    if value == 0:
        raise ValueError("must not be zero: every value would be the same")
    if abs(Decimal(text)) < _SMALLEST:
        raise ValueError(f"{text!r} must be 1e-30 or more, or -1e-30 or less")
    return value
