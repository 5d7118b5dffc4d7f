"""Keeps the terminal from obeying texts of other systems.

Names, notes and messages of a plant's database may hold escape sequences, which would move the cursor, rename
the window or recolour what was printed before. People see a sign in their place; JSON escapes them. Colours
are the console's own and come later, so that they pass. A terminal that is not in UTF-8 gets what it has.
"""

import io
import re
from collections.abc import Iterable
from typing import IO, Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

_LINE_ENDS: Final = "\r(?=\n)"
_UNSEEN: Final = "\N{REPLACEMENT CHARACTER}"
_C0: Final = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"}  # ␛ for ESC
_C1: Final = dict.fromkeys(range(0x80, 0xA0), _UNSEEN)
# They turn the direction of what follows, or end a line where nobody sees it.
_DIRECTIONS: Final = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029), _UNSEEN)
_SIGNS: Final = {**_C0, 0x7F: "\N{SYMBOL FOR DELETE}", **_C1, **_DIRECTIONS}
_PLAIN: Final = {"\u2192": ">", "\u2026": "~", "\u00b7": ".", "\u2013": "-", "\u2014": "-", "\ufffd": "?"}
_RAW_IN_JSON: Final = "[\x7f-\x9f\u2028-\u202e\u2066-\u2069]"


def visible(text: str) -> str:
    """Return the text with a sign in place of each character that a terminal obeys; tab and line end stay."""
    if text.isprintable():
        return text
    return re.sub(_LINE_ENDS, " ", text).translate(_SIGNS)


def visible_text(text: Text) -> Text:
    """Return a styled text likewise; its styles stay where they are."""
    shown = text.copy()
    shown.plain = visible(text.plain)
    return shown


def escaped(document: str) -> str:
    """Return a JSON document with such characters as \\u escapes: JSON itself asks for only some of them."""
    return re.sub(_RAW_IN_JSON, lambda found: f"\\u{ord(found[0]):04x}", document)


def never_fail_to_print(stream: IO[str]) -> None:
    """Let a stream print a question mark for what its encoding lacks: an answer must not end a command."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")


def can_print(stream: IO[str], text: str) -> bool:
    """Say whether the encoding of a stream has all characters of a text."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


class SafeConsole(Console):
    """A console that prints nothing a terminal obeys, besides its own colours, nor signs that it lacks."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Return what is to be printed, made visible."""
        lacking = {ord(sign): one for sign, one in _PLAIN.items() if not can_print(self.file, sign)}
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(visible(text).translate(lacking), style)
