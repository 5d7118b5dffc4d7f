"""The board's source stays small enough for one person to know it."""

import re

from bundle.targets import REPOSITORY

SOURCE = REPOSITORY / "dashboard" / "src"
# What pages say in two languages, a text a line.
WORDS = {"words.ts", "alerts.json"}
COMMENTS = re.compile(r"/\*.*?\*/|<!--.*?-->|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)


def lines_of_code(text: str) -> int:
    """Return how many lines have more than blanks and comments."""
    return sum(line.strip() != "" for line in COMMENTS.sub("", text).splitlines())


def test_blank_lines_and_comments_are_no_code() -> None:
    text = "/** Two\n * lines. */\n\nconst a = 1 // here\n  // alone\n<!-- three\n\n-->\n<p>\n</p>\n"

    assert lines_of_code(text) == 3


def test_the_boards_source_is_small() -> None:
    files = [path for path in SOURCE.rglob("*.*") if path.name not in WORDS]

    assert len(files) > 40
    assert sum(lines_of_code(path.read_text(encoding="utf-8")) for path in files) < 3_000
