"""Turns the bytes of a CSV file into text, and finds its separator and the line with the column names. Pure.

Excel's habits are accepted: a byte order mark, UTF-16 with one, a first line `sep=;`, lines without content.
"""

import csv
import io
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from plantpulse.plant.text import normalise_key

MOST_BYTES: Final = 64 * 1024 * 1024
DELIMITERS: Final = (",", ";", "\t")
SEARCHED_LINES: Final = 50

_SAVE: Final = "save it as 'CSV UTF-8'"
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls
_UTF_32: Final = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_NULS_OF_UTF_16: Final = 0.1  # the share of bytes 0 that only a text of two bytes a letter has
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(\\t|[^\w\s"]|\t)"?[,;\t|]*', re.IGNORECASE)


class Unreadable(ValueError):
    """A file is no CSV text; `line` is the first one that shows it."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Layout:
    """Where the column names of a text are, as an index of its lines, and what separates its cells.

    `first` is the first line that is not empty; `has_names` is False if no line names columns.
    """

    lines: Sequence[str]
    first: int
    header: int
    delimiter: str
    has_names: bool


def decode(content: bytes) -> str:
    """Return a file's text. Raises: Unreadable."""
    if len(content) > MOST_BYTES:
        raise Unreadable(1, f"the file is longer than {MOST_BYTES >> 20} MiB: split it")
    if content.startswith(_WORKBOOKS):
        raise Unreadable(1, f"the file is a workbook, not CSV: {_SAVE}")
    encoding = "utf-16" if content.startswith(_UTF_16) and not content.startswith(_UTF_32) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _unreadable(content, error) from None
    if _is_wide(content) and encoding == "utf-8-sig":
        raise _wide()
    return text


def _unreadable(content: bytes, error: UnicodeDecodeError) -> Unreadable:
    if error.encoding.startswith("utf-16"):
        return Unreadable(1, f"the file says that it is in UTF-16, but is not: {_SAVE}")
    if content.startswith(_UTF_32) or _is_wide(content):
        return _wide()
    line = content[: error.start].count(b"\n") + 1
    return Unreadable(line, f"the file is not in UTF-8: {_SAVE}")


def _wide() -> Unreadable:
    return Unreadable(1, f"the file is in UTF-16 without the mark that says so, or in UTF-32: {_SAVE}")


def _is_wide(content: bytes) -> bool:
    return content.count(0) > _NULS_OF_UTF_16 * len(content)


def layout_of(text: str, columns: Collection[str]) -> Layout:
    """Return where a text has the names of its columns, and its separator. Raises: Unreadable."""
    lines = list(io.StringIO(text, newline=""))
    written = [index for index, line in enumerate(lines) if line.strip(" ,;\t\r\n")]
    first = written[0] if written else 0
    separators: Sequence[str] = DELIMITERS
    if written and lines[first].lstrip('"').lower().startswith("sep="):
        separators, written = (_separator_of(lines[first], first),), written[1:]
        first = written[0] if written else first + 1
    known = ((index, _names_in(lines[index], separators, columns)) for index in written)
    found = [(index, *names) for index, names in islice(known, SEARCHED_LINES) if names[0]]
    if not found:
        return Layout(lines, first, first, _commonest(lines[first : first + 1], separators), has_names=False)
    if found[0][0] != first:  # below a title: a single word of it may be a column's name
        found = [max(found, key=lambda one: one[1])]
    header, _, delimiter = found[0]
    return Layout(lines, first, header, delimiter, has_names=True)


def _separator_of(line: str, index: int) -> str:
    if not (found := _SEPARATOR_LINE.fullmatch(line.strip(" \r\n"))):
        raise Unreadable(index + 1, "sep= must be followed by the separator, such as sep=;")
    return "\t" if found[1] == "\\t" else found[1]


def _names_in(line: str, separators: Sequence[str], columns: Collection[str]) -> tuple[int, str]:
    """Return how many columns a line names, and the separator by which it does."""
    return max(
        ((sum(name in columns for name in column_names(line, one)), one) for one in separators),
        key=lambda found: (found[0], line.count(found[1]), -separators.index(found[1])),
    )


def column_names(line: str, delimiter: str) -> list[str]:
    """Return the names in a line, as columns are called."""
    try:
        return [normalise_key(name) for name in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _commonest(lines: Sequence[str], separators: Sequence[str]) -> str:
    return max(separators, key="".join(lines).count)
