"""Output of the command line: tables for people, JSON for programs, and errors.

stdout has only the answer; everything else goes to stderr. Colour is for terminals, and can be turned off.
"""

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cached_property
from typing import Any, Final, TextIO

import click
from rich.console import Console, RenderableType
from rich.text import Text

from plantpulse.cli.terminal import SafeConsole, can_print, escaped, never_fail_to_print, visible
from plantpulse.errors import PlantpulseError
from plantpulse.runs import Watcher, nobody

Json = Any

# Programs search the lines of a pipe, so they are not folded.
WIDTH_OF_A_PIPE: Final = 240


class Output:
    """The output of one call of the command line."""

    def __init__(self) -> None:
        self.is_json = False
        self._has_colour = True
        self._has_bars = True
        self._stdout = sys.stdout  # while a command works, log lines go elsewhere by another sys.stdout
        never_fail_to_print(self._stdout)

    def turn_colour_off(self) -> None:
        """Write no escape sequences at all from now on."""
        self._has_colour = False

    def turn_bars_off(self) -> None:
        """Show no bar from now on: log lines on stderr say how far the work is."""
        self._has_bars = False

    @cached_property
    def console(self) -> Console:
        """The console of the answer: stdout."""
        return self._console(self._stdout)

    @cached_property
    def side(self) -> Console:
        """The console of everything else: stderr."""
        return self._console(sys.stderr)

    def answer(self, value: Json, render: Callable[[], RenderableType]) -> None:
        """Write the answer: `value` as JSON, or what `render` returns."""
        if self.is_json:
            document = escaped(json.dumps(value, default=str, indent=2, ensure_ascii=False))
            if not can_print(self.console.file, document):
                document = json.dumps(value, default=str, indent=2)
            self.console.file.write(document + "\n")
            return
        self.console.print(render())

    def write_text(self, text: str) -> None:
        """Write an answer that is already text."""
        self.console.file.write(visible(text))

    @contextlib.contextmanager
    def busy(self, what: str) -> Iterator[Watcher]:
        """Show a bar on a terminal during long work; yields a function that takes the progress."""
        if self.is_json or not self._has_bars or not self.side.is_terminal:
            yield nobody
            return
        from plantpulse.cli.progress_bar import Bar  # noqa: PLC0415 - seldom

        with Bar(self.side, what) as bar:
            yield bar

    def note(self, text: str) -> None:
        """Write a note to stderr."""
        self._print_aside(Text(text))

    def show_error(self, error: PlantpulseError) -> None:
        """Write an error, in the same words as the functions."""
        field = getattr(error, "field", None)
        if self.is_json:
            body = {"code": error.code, "message": str(error), "field": field, **_more(error)}
            self.answer({"error": body}, str)
            return
        where = f"{field}: " if field else ""
        self._print_aside(Text.assemble(("Error", "bold red"), f" ({error.code}): {where}{error}"))

    def leave(self) -> None:
        """Write what is still to be written, and leave a terminal as it was."""
        self.side.show_cursor()
        self._stdout.flush()

    def refuse_usage(self, error: click.ClickException) -> None:
        """Write how to use a command after a wrong use."""
        if self.is_json:
            place = getattr(getattr(error, "param", None), "name", None)
            body = {"code": "invalid_request", "message": error.format_message(), "field": place}
            self.answer({"error": body}, str)
            return
        shown = io.StringIO()
        error.show(file=shown)
        sys.stderr.write(visible(shown.getvalue()))

    def _print_aside(self, text: Text) -> None:
        """Write to stderr: on a terminal lines end between words, on a pipe where the text says."""
        self.side.print(text, soft_wrap=not self.side.is_terminal)

    def _console(self, file: TextIO) -> Console:
        console = SafeConsole(file=file, highlight=False)
        width = None if console.is_terminal or console.width != _WIDTH_UNKNOWN else WIDTH_OF_A_PIPE
        if self._has_colour and not console.no_color:
            return SafeConsole(file=file, highlight=False, width=width)
        return SafeConsole(file=file, highlight=False, width=width, color_system=None)


def _more(error: PlantpulseError) -> dict[str, Json]:
    """Return what an error has besides its message: the mistakes of a table, line by line."""
    mistakes = getattr(error, "mistakes", None)
    return {} if mistakes is None else {"mistakes": [asdict(mistake) for mistake in mistakes]}


_WIDTH_UNKNOWN: Final = 80  # rich's width for a stream without a terminal and without COLUMNS
