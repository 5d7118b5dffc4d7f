"""`python -m bench | python -m bench.document`: puts the printed tables into docs/performance.md.

A table takes the place of the one below the same headline, or comes last where there is none. The lines that
say where it was measured go along with the first table of the page.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
_TABLE: Final = re.compile(r"^### (?P<title>.+)\n\n(?P<lines>(?:\|.*\n)+)", re.MULTILINE)
_PLACE: Final = re.compile(r"^\d{4}-\d\d-\d\d, .*\n.*\n.*only the ratios mean something.*\n", re.MULTILINE)


def titles(text: str) -> list[str]:
    """Returns the headlines of all tables, in order."""
    return [found["title"] for found in _TABLE.finditer(text)]


def with_figures(document: str, printed: str) -> str:
    """Returns the document with what was printed in place of what stood there."""
    place = _PLACE.search(printed)
    if place and set(titles(document)[:1]) <= set(titles(printed)):
        document = _PLACE.sub(lambda _: place[0], document, count=1)
    for found in _TABLE.finditer(printed):
        document = _with_table(document, found["title"], found["lines"])
    return document


def _with_table(document: str, title: str, lines: str) -> str:
    table = f"### {title}\n\n{lines}"
    if title not in titles(document):
        return f"{document.rstrip()}\n\n{table}"
    old = re.compile(rf"^### {re.escape(title)}\n\n(?:\|.*\n)+", re.MULTILINE)
    return old.sub(lambda _: table, document, count=1)


def main(source: Iterable[str]) -> None:
    """Passes on what is read, and writes the document when all of it has come."""
    printed = ""
    for line in source:
        print(line, end="", flush=True)
        printed += line
    if not titles(printed):
        sys.exit("the benchmark printed no table: docs/performance.md stays as it is")
    DOCUMENT.write_text(with_figures(DOCUMENT.read_text("utf-8"), printed), "utf-8")


if __name__ == "__main__":
    main(sys.stdin)
